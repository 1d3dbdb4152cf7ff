"""Plays a merchant towards the Alipay simulator with the independent client `python-alipay-sdk` from PyPI.

Usage: independent_client.py CONTROL_URL GATEWAY_URL KEY_MODE   (KEY_MODE: public_key or certificate)

Prints one line for each step that succeeded and ends with status 0, or stops with a traceback. Every answer is verified
by the client itself, which also makes the certificates' serial numbers; notifications arrive at a real HTTP server and
go through its `verify`.
"""

import base64
import http.server
import json
import queue
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

from alipay import AliPay, DCAliPay

CONTROL_URL, GATEWAY_URL, KEY_MODE = sys.argv[1:4]
ARRIVED = queue.Queue()
SUBJECT = "测试订单 A+B 50%"


class Notifications(http.server.BaseHTTPRequestHandler):
    """Acknowledges every notification and keeps it for the main thread."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        ARRIVED.put(dict(urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True)))
        self.send_response(200)
        self.send_header("content-length", "7")
        self.end_headers()
        self.wfile.write(b"success")

    def log_message(self, *arguments):
        pass


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def listen():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notifications)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/notify"


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(CONTROL_URL + path, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def browse(url, form=None):
    """What a browser gets before it follows a redirect: status and target."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.build_opener(StayHere).open(url, data, timeout=20) as answer:
            return answer.status, None
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers["location"]


def done(step):
    print(step, flush=True)


def expect(actual, wanted, what):
    assert actual == wanted, f"{what}: {actual!r} instead of {wanted!r}"


def make_client(merchant, notify_url):
    arguments = {
        "appid": merchant["app_id"],
        "app_notify_url": notify_url,
        "app_private_key_string": merchant["app_private_key_pem"],
    }
    if KEY_MODE == "certificate":
        files = merchant["certificates"]
        client = DCAliPay(
            app_public_key_cert_string=files["app"]["pem"],
            alipay_public_key_cert_string=files["alipay"]["pem"],
            alipay_root_cert_string=files["root"]["pem"],
            **arguments,
        )
        expect(client.app_cert_sn, files["app"]["sn"], "serial number of the application's certificate")
        expect(client.alipay_root_cert_sn, files["root"]["sn"], "serial number of the roots")
    else:
        client = AliPay(alipay_public_key_string=merchant["alipay_public_key_pem"], **arguments)
    client._gateway = GATEWAY_URL
    return client


def read_notification(client):
    told = ARRIVED.get(timeout=20)
    signature = told.pop("sign")
    assert client.verify(dict(told), signature), "the client refused the notification"
    assert not client.verify(dict(told, total_amount="0.01"), signature), "the client accepted a spoiled one"
    return told


def pay_in_the_app(client):
    string = client.api_alipay_trade_app_pay(SUBJECT, "APPORDER1", "88.88", passback_params="a%3D1")
    result = control("POST", "/invoke", {"order_string": string})
    expect(result["resultStatus"], "9000", "resultStatus")
    node = client._verify_and_return_sync_response(result["result"], "alipay_trade_app_pay_response")
    expect(node["total_amount"], "88.88", "total_amount of the app's result")
    done("app")


def pay_in_a_browser(client, merchant):
    for product, make in [("page", client.api_alipay_trade_page_pay), ("wap", client.api_alipay_trade_wap_pay)]:
        number = f"{product.upper()}ORDER1"
        query = make(SUBJECT, number, "1.00", return_url="http://127.0.0.1:9/back")
        status, cashier = browse(f"{GATEWAY_URL}?{query}")
        expect(status, 302, "status of the page")
        cashier = urllib.parse.urljoin(GATEWAY_URL, cashier)
        status, back = browse(cashier, {"action": "pay"})
        returned = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
        signature = returned.pop("sign")
        assert client.verify(returned, signature), "the client refused the return address"
        expect(returned["out_trade_no"], number, "returned number")
        expect(read_notification(client)["out_trade_no"], number, "told number")
    done("browser")


def scan(client, merchant):
    made = client.api_alipay_trade_precreate(SUBJECT, "QRORDER1", "5.00")
    assert made["qr_code"].startswith("https://qr.alipay.com/"), made
    expect(client.api_alipay_trade_query("QRORDER1")["sub_code"], "ACQ.TRADE_NOT_EXIST", "before the scan")
    control("POST", f"/merchants/{merchant['app_id']}/orders/QRORDER1/open-cashier")
    expect(client.api_alipay_trade_query("QRORDER1")["trade_status"], "WAIT_BUYER_PAY", "after the scan")
    expect(client.api_alipay_trade_close("QRORDER1")["code"], "10000", "close")
    expect(client.api_alipay_trade_query("QRORDER1")["trade_status"], "TRADE_CLOSED", "after the close")
    expect(client.api_alipay_trade_cancel("QRORDER9")["retry_flag"], "N", "cancel of nothing")
    waiting = client.server_api("alipay.trade.pay", {
        "out_trade_no": "BARORDER1", "total_amount": "15.00", "subject": SUBJECT, "scene": "bar_code",
        "auth_code": "280200000000000001",
    })
    expect(waiting["code"], "10003", "barcode with a password")
    done("face to face")


def refund(client):
    first = client.api_alipay_trade_refund("8.88", "APPORDER1", out_request_no="R1")
    expect((first["fund_change"], first["refund_fee"]), ("Y", "8.88"), "refund")
    again = client.api_alipay_trade_refund("8.88", "APPORDER1", out_request_no="R1")
    expect((again["fund_change"], again["refund_fee"]), ("N", "8.88"), "repeated refund")
    told = read_notification(client)
    expect((told["trade_status"], told["refund_fee"], told["out_biz_no"]), ("TRADE_SUCCESS", "8.88", "R1"), "told")
    found = client.api_alipay_trade_fastpay_refund_query("R1", out_trade_no="APPORDER1")
    expect(found["refund_status"], "REFUND_SUCCESS", "refund_status")
    done("refund")


def main():
    merchant = control("POST", "/merchants", {"key_mode": KEY_MODE})
    client = make_client(merchant, listen())
    done("keys")
    pay_in_the_app(client)
    told = read_notification(client)
    expect((told["subject"], told["passback_params"]), (SUBJECT, "a%3D1"), "what came back")
    expect(client.api_alipay_trade_query("APPORDER1")["trade_no"], told["trade_no"], "query and notification")
    done("notification")
    pay_in_a_browser(client, merchant)
    scan(client, merchant)
    refund(client)
    if KEY_MODE == "certificate":
        sn = merchant["certificates"]["alipay"]["sn"]
        found = client.server_api("alipay.open.app.alipaycert.download", {"alipay_cert_sn": sn})
        pem = base64.b64decode(found["alipay_cert_content"]).decode()
        expect(DCAliPay.get_cert_sn(pem), sn, "serial number of the downloaded certificate")
        done("download")


main()
