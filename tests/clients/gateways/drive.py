"""Orders at the gateways of the tests with PyPI's python-alipay-sdk and wechatpayv3, which sign and check by themselves."""

import json
import os
import sys
import time

# python-alipay-sdk sends the time of the machine's zone.
os.environ["TZ"] = "Asia/Shanghai"
time.tzset()

from alipay import AliPay, DCAliPay  # noqa: E402
from wechatpayv3 import WeChatPay, WeChatPayType, core  # noqa: E402

NOTIFY = "https://cloud.example.test/notify"
REAL = "https://api.mch.weixin.qq.com"


def readable(bundle):
    """The certificates that the SDK can read, with the space between them that it wants."""
    end = "-----END CERTIFICATE-----"
    certificates = [part.strip() + "\n" + end for part in bundle.split(end) if part.strip()]
    return "\n\n".join(part for part in certificates if len(part) > 200)


def alipay(given, keys):
    if "appCert" in keys:
        client = DCAliPay(
            appid=given["appId"],
            app_notify_url=NOTIFY,
            app_private_key_string=keys["privateKey"],
            app_public_key_cert_string=keys["appCert"],
            alipay_public_key_cert_string=keys["publicCert"],
            alipay_root_cert_string=readable(keys["rootCert"]),
        )
    else:
        private, public = keys["privateKey"], keys["publicKey"]
        client = AliPay(appid=given["appId"], app_notify_url=NOTIFY, app_private_key_string=private, alipay_public_key_string=public)
    client._gateway = given["url"]
    order = given["order"]

    def ask(method, **content):
        return client.server_api("alipay." + method, content)

    steps = [
        ask("trade.create", out_trade_no=order, total_amount="12.30", subject="一杯茶", buyer_id="2088102146225135"),
        ask("trade.query", out_trade_no=order),
        ask("trade.close", out_trade_no=order),
        ask("trade.query", out_trade_no="nothing"),
    ]
    signatures = []
    for form in given["notifications"]:
        signatures.append(client.verify(form, form.pop("sign")))
    return {"steps": steps, "signatures": signatures}


def wechat(given):
    for name in ("get", "post"):

        def send(url, *rest, request=getattr(core.requests, name), **named):
            assert url.startswith(REAL)
            return request(given["url"] + url[len(REAL) :], *rest, **named)

        setattr(core.requests, name, send)
    keys = given["settings"]
    public = {"public_key": keys["publicKey"], "public_key_id": keys["publicKeyId"]} if "publicKey" in keys else {}
    pay = WeChatPay(
        WeChatPayType.MINIPROG,
        keys["mchId"],
        keys["merchantKey"],
        keys["merchantSerial"],
        given["appId"],
        keys["apiV3Key"],
        notify_url=NOTIFY,
        timeout=10,
        **public,
    )
    order = given["order"]
    steps = [
        pay.pay(description="一杯茶", out_trade_no=order, amount={"total": 1230}, payer={"openid": "openid-1"}),
        pay.query(out_trade_no=order),
        pay.close(order),
        pay.query(out_trade_no="no_such_order"),
    ]
    return {"steps": steps}


def every_mode(given):
    for number, keys in enumerate(given["modes"]):
        notifications = [dict(form) for form in given["notifications"]]
        yield alipay(given | {"order": "sdk_%d" % number, "notifications": notifications}, keys)


config = json.loads(sys.argv[1])
print(json.dumps({"alipay": list(every_mode(config["alipay"])), "wechat": wechat(config["wechat"])}))
