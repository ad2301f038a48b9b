"""An order's way with wechatpayv3 at the gateway of the tests, and a notification. Its input is on standard input."""

import json
import sys

from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3 import core

given = json.load(sys.stdin)
real = "https://api.mch.weixin.qq.com"

for name in ("get", "post"):
    def send(url, *rest, request=getattr(core.requests, name), **named):
        assert url.startswith(real)
        return request(given["gateway"] + url[len(real):], *rest, **named)

    setattr(core.requests, name, send)

public = {"public_key": given["publicKey"], "public_key_id": given["publicKeyId"]} if given["publicKeyId"] else {}
pay = WeChatPay(
    WeChatPayType.MINIPROG,
    given["merchant"],
    given["key"],
    given["serial"],
    given["app"],
    given["apiV3Key"],
    notify_url="https://cloud.example.com/notify",
    timeout=10,
    **public,
)
order = given["order"]
amount = {"refund": 230, "total": 1230, "currency": "CNY"}
steps = [
    pay.pay(description="一杯茶", out_trade_no=order, amount={"total": 1230}, payer={"openid": "openid-1"}),
    pay.query(out_trade_no=order),
    pay.refund(out_refund_no="refund-" + order, amount=amount, out_trade_no=order),
    pay.query_refund("refund-" + order),
    pay.close(order),
    pay.query(out_trade_no="no_such_order"),
]
notice = pay.callback(given["headers"], given["body"])
tampered = pay.callback(given["headers"], given["body"].replace("EV-1", "EV-2"))
print(json.dumps({"statuses": [status for status, _ in steps], "notice": notice, "tampered": tampered}))
