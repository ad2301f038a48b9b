"""Signs and decrypts with wechatpayv3 what the test has made up. Its input is on standard input."""

import json
import sys
from base64 import b64encode

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechatpayv3 import utils

given = json.load(sys.stdin)
key = utils.load_private_key(given["key"])


def compare(one):
    utils.time.time = lambda: one["timestamp"]
    text = f"{one['timestamp']}\n{one['nonce']}\n{one['body']}\n"
    client = "\n".join([one["app"], str(one["timestamp"]), one["nonce"], one["package"]]) + "\n"
    cipher = AESGCM(one["secret"].encode())
    return {
        "authorization": utils.build_authorization(
            one["target"], one["method"], one["merchant"], one["serial"], key, one["body"], one["nonce"]
        ),
        "answer": utils.rsa_sign(key, text),
        "client": utils.rsa_sign(key, client),
        "opened": utils.aes_decrypt(one["iv"], one["sealed"], one["aad"], one["secret"]),
        "sealed": b64encode(cipher.encrypt(one["iv"].encode(), one["body"].encode(), one["aad"].encode())).decode(),
    }


print(json.dumps([compare(one) for one in given["cases"]]))
