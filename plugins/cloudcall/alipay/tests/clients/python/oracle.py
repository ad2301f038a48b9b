"""What PyPI's python-alipay-sdk makes of the same inputs. Reads JSON, writes JSON."""

import json
import sys

from alipay import AliPay, DCAliPay

given = json.load(sys.stdin)
plain = AliPay(
    appid=given["appId"],
    app_private_key_string=given["privateKey"],
    alipay_public_key_string=given["alipayPublicKey"],
)
certified = DCAliPay(
    appid=given["appId"],
    app_private_key_string=given["privateKey"],
    app_public_key_cert_string=given["appCert"],
    alipay_public_key_cert_string=given["alipayCert"],
    alipay_root_cert_string=given["rootCert"],
)
orders = []
for case in given["cases"]:
    client = certified if case["withCertificate"] else plain
    orders.append(client.client_api(case["method"], case["content"], **case["options"]))
verified = []
for form in given["notifications"]:
    signature = form.pop("sign")
    verified.append(plain.verify(form, signature))
asked = []
for client in (plain, certified):
    client._gateway = given["gateway"]
    asked.append(client.server_api("alipay.trade.query", {"out_trade_no": "T1"}))
print(json.dumps({"orders": orders, "verified": verified, "asked": asked, "serials": [certified.app_cert_sn, certified.alipay_root_cert_sn]}))
