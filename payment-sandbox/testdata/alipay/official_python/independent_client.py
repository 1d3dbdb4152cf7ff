"""Plays a merchant towards the Alipay simulator with Alipay's own client for Python, `alipay-sdk-python`, in key mode.

Usage: independent_client.py CONTROL_URL GATEWAY_URL public_key

Prints one line for each step that succeeded and ends with status 0, or stops with a traceback. Every answer is verified by
the client itself. It cannot read what is signed in certificate mode.
"""

import http.client
import json
import sys
import urllib.parse
import urllib.request

from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.exception.Exception import ResponseException
from alipay.aop.api.request.AlipayTradeAppPayRequest import AlipayTradeAppPayRequest
from alipay.aop.api.request.AlipayTradeCancelRequest import AlipayTradeCancelRequest
from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest
from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import AlipayTradeFastpayRefundQueryRequest
from alipay.aop.api.request.AlipayTradePayRequest import AlipayTradePayRequest
from alipay.aop.api.request.AlipayTradePrecreateRequest import AlipayTradePrecreateRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.util import WebUtils
from Crypto.PublicKey import RSA

CONTROL_URL, GATEWAY_URL, KEY_MODE = sys.argv[1:4]
SUBJECT = "测试订单 A+B 50%"


def connect(url, query_string, timeout):
    """What the client opens its connections with. Its own fails at an address with a port (string and number added)."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.path}?{query_string}", http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)


WebUtils.get_http_connection = connect


def control(path, body=None):
    data = json.dumps(body or {}).encode()
    request = urllib.request.Request(CONTROL_URL + path, data, {"content-type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def done(step):
    print(step, flush=True)


def expect(actual, wanted, what):
    assert actual == wanted, f"{what}: {actual!r} instead of {wanted!r}"


def bare(pem):
    """The client wants keys without their marks."""
    return "".join(line for line in pem.splitlines() if "-----" not in line)


def make_client(merchant, alipay_public_key):
    config = AlipayClientConfig()
    config.server_url = GATEWAY_URL
    config.app_id = merchant["app_id"]
    # PKCS#1, which the simulator's PKCS#8 is turned into.
    config.app_private_key = bare(RSA.import_key(merchant["app_private_key_pem"]).export_key(pkcs=1).decode())
    config.alipay_public_key = bare(alipay_public_key)
    return DefaultAlipayClient(config)


class Merchant:
    def __init__(self):
        self.account = control("/merchants", {"key_mode": KEY_MODE})
        self.client = make_client(self.account, self.account["alipay_public_key_pem"])

    def call(self, kind, **content):
        """The answer to a call, its signature verified by the client."""
        request = kind()
        request.biz_content = content
        return json.loads(self.client.execute(request))

    def keys(self):
        """An answer that another key signed is refused by the client."""
        stranger = RSA.generate(2048).public_key().export_key().decode()
        request = AlipayTradeQueryRequest()
        request.biz_content = {"out_trade_no": "NOBODY"}
        try:
            make_client(self.account, stranger).execute(request)
        except ResponseException as error:
            assert "sign verify failed" in str(error), error
            return
        raise AssertionError("an answer under another key was accepted")

    def app(self):
        """The order string of an app, paid."""
        request = AlipayTradeAppPayRequest()
        request.biz_content = {
            "out_trade_no": "APPORDER1", "total_amount": "88.88", "subject": SUBJECT,
            "product_code": "QUICK_MSECURITY_PAY",
        }
        result = control("/invoke", {"order_string": self.client.sdk_execute(request)})
        expect(result["resultStatus"], "9000", "resultStatus")
        found = self.call(AlipayTradeQueryRequest, out_trade_no="APPORDER1")
        expect((found["trade_status"], found["total_amount"]), ("TRADE_SUCCESS", "88.88"), "query")

    def face_to_face(self):
        """A code on the screen that is closed, one that nobody made, and a barcode that wants a password."""
        made = self.call(AlipayTradePrecreateRequest, out_trade_no="QRORDER1", total_amount="5.00", subject=SUBJECT)
        assert made["qr_code"].startswith("https://qr.alipay.com/"), made
        found = self.call(AlipayTradeQueryRequest, out_trade_no="QRORDER1")
        expect(found["sub_code"], "ACQ.TRADE_NOT_EXIST", "before the scan")
        control(f"/merchants/{self.account['app_id']}/orders/QRORDER1/open-cashier")
        expect(self.call(AlipayTradeCloseRequest, out_trade_no="QRORDER1")["code"], "10000", "close")
        found = self.call(AlipayTradeQueryRequest, out_trade_no="QRORDER1")
        expect(found["trade_status"], "TRADE_CLOSED", "after the close")
        expect(self.call(AlipayTradeCancelRequest, out_trade_no="QRORDER9")["retry_flag"], "N", "cancel of nothing")
        waiting = self.call(
            AlipayTradePayRequest, out_trade_no="BARORDER1", total_amount="15.00", subject=SUBJECT,
            scene="bar_code", auth_code="280200000000000001",
        )
        expect(waiting["code"], "10003", "barcode with a password")

    def refund(self):
        """A part, its repetition, one that is too much."""
        part = {"out_trade_no": "APPORDER1", "refund_amount": "8.88", "out_request_no": "R1"}
        first = self.call(AlipayTradeRefundRequest, **part)
        expect((first["fund_change"], first["refund_fee"]), ("Y", "8.88"), "refund")
        again = self.call(AlipayTradeRefundRequest, **part)
        expect((again["fund_change"], again["refund_fee"]), ("N", "8.88"), "repeated refund")
        found = self.call(AlipayTradeFastpayRefundQueryRequest, out_trade_no="APPORDER1", out_request_no="R1")
        expect((found["refund_status"], found["refund_amount"]), ("REFUND_SUCCESS", "8.88"), "refund query")
        much = self.call(
            AlipayTradeRefundRequest, out_trade_no="APPORDER1", refund_amount="80.01", out_request_no="R2"
        )
        expect(much["code"], "40004", "a refund of too much")


merchant = Merchant()
for step in ["keys", "app", "face_to_face", "refund"]:
    getattr(merchant, step)()
    done(step)
