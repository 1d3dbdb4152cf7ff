"""Plays a merchant towards the WeChat Pay simulator with the independent client `wechatpayv3` from PyPI.

Usage: independent_client.py CONTROL_URL BASE_URL KEY_MODE   (KEY_MODE: platform_certificate or public_key)

Prints one line for each step that succeeded and ends with status 0, or stops with a traceback. Every 2xx answer is
verified by wechatpayv3 itself; notifications arrive at a real HTTP server and go through its `callback`.
"""

import base64
import http.server
import json
import queue
import sys
import threading

import requests
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core

CONTROL_URL, BASE_URL, KEY_MODE = sys.argv[1:4]
ARRIVED = queue.Queue()


class Notifications(http.server.BaseHTTPRequestHandler):
    """Acknowledges every notification and keeps it for the main thread."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        ARRIVED.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def listen():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notifications)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/notify"


def control(method, path, body=None):
    answer = requests.request(method, CONTROL_URL + path, json=body, timeout=20)
    answer.raise_for_status()
    return answer.json()


def done(step):
    print(step, flush=True)


def expect(actual, wanted, what):
    assert actual == wanted, f"{what}: {actual!r} instead of {wanted!r}"


def answered(result, status):
    """The JSON of an answer that must have this status."""
    expect(result[0], status, f"status of {result[1]}")
    return json.loads(result[1]) if result[1] else None


def redirect_to_simulator():
    """The client has its host built in; this puts the simulator's there before its first request."""

    def set_attribute(core, name, value):
        object.__setattr__(core, name, BASE_URL if name == "_gate_way" else value)

    Core.__setattr__ = set_attribute


def make_client(merchant, notify_url):
    arguments = {}
    if KEY_MODE == "public_key":
        arguments = {"public_key": merchant["public_key"]["pem"], "public_key_id": merchant["public_key"]["id"]}
    return WeChatPay(
        wechatpay_type=WeChatPayType.APP,
        mchid=merchant["mchid"],
        private_key=merchant["merchant_private_key_pem"],
        cert_serial_no=merchant["merchant_serial"],
        appid=merchant["appids"][0],
        apiv3_key=merchant["apiv3_key"],
        notify_url=notify_url,
        timeout=20,
        **arguments,
    )


def open_with_cryptography(merchant, body):
    """A second opinion on the envelope's encryption, past the client."""
    resource = json.loads(body)["resource"]
    key = AESGCM(merchant["apiv3_key"].encode())
    sealed = base64.b64decode(resource["ciphertext"])
    return json.loads(key.decrypt(resource["nonce"].encode(), sealed, resource["associated_data"].encode()))


def prepay_each_product(pay):
    amount = {"total": 100, "currency": "CNY"}
    app = answered(pay.pay("Monthly plan 包月", "APPORDER1", amount, attach="order=1"), 200)
    jsapi = pay.pay("Plan", "JSAPIORDER1", amount, payer={"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
                    pay_type=WeChatPayType.JSAPI)
    assert answered(jsapi, 200)["prepay_id"].startswith("wx")
    native = answered(pay.pay("Plan", "NATIVEORDER1", amount, pay_type=WeChatPayType.NATIVE), 200)
    assert native["code_url"].startswith("weixin://")
    scene = {"payer_client_ip": "203.0.113.9", "h5_info": {"type": "Wap"}}
    h5 = answered(pay.pay("Plan", "H5ORDER001", amount, scene_info=scene, pay_type=WeChatPayType.H5), 200)
    assert "prepay_id=" in h5["h5_url"]
    done("prepay")
    return app["prepay_id"]


def pay_in_the_app(pay, merchant, prepay_id):
    appid, timestamp, nonce = merchant["appids"][0], "1760000000", "nonce1"
    parameters = {
        "appid": appid, "partnerid": merchant["mchid"], "prepayid": prepay_id, "package": "Sign=WXPay",
        "noncestr": nonce, "timestamp": timestamp, "sign": pay.sign([appid, timestamp, nonce, prepay_id]),
    }
    control("POST", "/invoke", {"parameters": parameters, "options": {"coupon": 10}})
    done("invoke")


def read_notification(pay, merchant):
    headers, body = ARRIVED.get(timeout=20)
    told = pay.callback(headers, body)
    assert told, "the client refused the notification"
    expect(open_with_cryptography(merchant, body), told["resource"], "plaintext")
    spoiled = dict(headers, **{"wechatpay-nonce": "another"})
    assert pay.callback(spoiled, body) is None, "the client accepted a spoiled notification"
    return told


def refund_in_part(pay, merchant, transaction_id):
    amount = {"refund": 40, "total": 100, "currency": "CNY"}
    created = answered(pay.refund("REFUND1", amount, transaction_id=transaction_id, reason="客户要求"), 200)
    expect(created["amount"]["payer_refund"], 36, "payer_refund")
    path = f"/merchants/{merchant['mchid']}/refunds/REFUND1/settle"
    control("POST", path, {"status": "ABNORMAL"})
    expect(read_notification(pay, merchant)["resource"]["refund_status"], "ABNORMAL", "refund_status")
    card = pay.abnormal_refund(created["refund_id"], "REFUND1", "USER_BANK_CARD", "ICBC_DEBIT", "6222000000000000", "张三")
    expect(answered(card, 200)["status"], "PROCESSING", "status after the abnormal refund")
    control("POST", path, {"status": "SUCCESS"})
    expect(read_notification(pay, merchant)["event_type"], "REFUND.SUCCESS", "event_type")
    expect(answered(pay.query_refund("REFUND1"), 200)["status"], "SUCCESS", "refund status")
    done("refund")


def main():
    redirect_to_simulator()
    merchant = control("POST", "/merchants", {"key_mode": KEY_MODE})
    pay = make_client(merchant, listen())
    done("keys")
    prepay_id = prepay_each_product(pay)
    expect(answered(pay.query(out_trade_no="APPORDER1"), 200)["trade_state"], "NOTPAY", "state")
    pay_in_the_app(pay, merchant, prepay_id)
    paid = read_notification(pay, merchant)["resource"]
    done("callback")
    expect(answered(pay.query(out_trade_no="APPORDER1"), 200), paid, "query and notification")
    expect(answered(pay.query(transaction_id=paid["transaction_id"]), 200), paid, "query by transaction_id")
    done("query")
    answered(pay.close("NATIVEORDER1"), 204)
    expect(answered(pay.query(out_trade_no="NATIVEORDER1"), 200)["trade_state"], "CLOSED", "state")
    expect(answered(pay.close("APPORDER1"), 400)["code"], "ORDERPAID", "code")
    done("close")
    refund_in_part(pay, merchant, paid["transaction_id"])


main()
