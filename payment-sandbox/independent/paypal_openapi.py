"""Holds what PayPal's simulator takes and answers against PayPal's own OpenAPI files.

Usage: paypal_openapi.py ADDRESSES SPECIFICATIONS
  ADDRESSES       the file addresses.json that `payment-sandbox demo --stay` names
  SPECIFICATIONS  a folder with the files that PayPal publishes at github.com/paypal/paypal-rest-api-specifications
                  (openapi/*.json); they are not part of this repository

Needs `pip install jsonschema==4.26.0`. Makes a merchant of its own, plays orders, holds, refunds, webhooks, a dispute and reports, and checks
each request and each answer. Prints what the files do not allow and ends with status 1 if there is anything. Known and left:
times of reports end in `+0000`, as PayPal's own answers do; the wording of `message`; a page of transactions that is empty.
"""

import base64
import datetime
import json
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from jsonschema import Draft4Validator, RefResolver

REPRESENTATION = {"prefer": "return=representation"}
BALANCE = {"funding": {"kind": "balance"}}


def widened(node):
    """The node with OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(node, list):
        return [widened(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {name: widened(value) for name, value in node.items()}
    if node.get("nullable") and "type" in node:
        node["type"] = [node["type"], "null"]
    return node


class Specifications:
    """The operations of all files, found by method and path."""

    def __init__(self, folder):
        self.operations = []
        self.problems = set()
        self.checked = 0
        for file in sorted(pathlib.Path(folder).glob("*.json")):
            document = widened(json.loads(file.read_text()))
            servers = [urllib.parse.urlsplit(server["url"]).path.rstrip("/") for server in document.get("servers", [])]
            for path, operations in document.get("paths", {}).items():
                for prefix in {"", *servers}:
                    pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", prefix + path))
                    self.operations.append((pattern, path, operations, document))

    def check(self, method, path, request, status, answer):
        for pattern, name, operations, document in self.operations:
            if pattern.fullmatch(path) and method.lower() in operations:
                what = f"{method} {name} {status}"
                self.check_operation(what, document, operations[method.lower()], request, status, answer)
                return
        self.problems.add(f"{method} {path}: in no file")

    def check_operation(self, what, document, operation, request, status, answer):
        self.checked += 1
        if request is not None and "requestBody" in operation:
            self.check_value(f"request of {what}", document, operation["requestBody"], request)
        described = operation["responses"].get(str(status)) or operation["responses"].get("default")
        if described is None:
            self.problems.add(f"{what}: this status is not described")
        elif answer is not None:
            self.check_value(what, document, described, answer)

    def check_value(self, what, document, described, value):
        while "$ref" in described:
            target = document
            for step in described["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            described = target
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return
        for error in Draft4Validator(schema, resolver=RefResolver("", document)).iter_errors(value):
            place = "/".join(str(step) for step in error.absolute_path)
            self.problems.add(f"{what}: {place}: {error.message[:160]}")


class Client:
    """A merchant's program; every call is checked."""

    def __init__(self, control_url, specifications):
        self.control_url = control_url
        self.specifications = specifications
        merchant = self.control("/merchants", {"invoice_ids": "unique"})
        self.base_url = merchant["certificate_origin"]
        credentials = f"{merchant['client_id']}:{merchant['client_secret']}".encode()
        request = urllib.request.Request(
            self.base_url + "/v1/oauth2/token",
            data=b"grant_type=client_credentials",
            headers={"authorization": "Basic " + base64.b64encode(credentials).decode()},
        )
        self.token = json.loads(urllib.request.urlopen(request).read())["access_token"]

    def call(self, method, path, body=None, request_id=None, headers=None):
        headers = {"authorization": f"Bearer {self.token}", **(headers or {})}
        if request_id is not None:
            headers["paypal-request-id"] = request_id
        status, answer = exchange(method, self.base_url + path, body, headers)
        self.specifications.check(method, path.split("?")[0], body, status, answer)
        return answer

    def control(self, path, body):
        return exchange("POST", self.control_url + path, body, {})[1]

    def order(self, name, intent):
        unit = {
            "custom_id": name,
            "invoice_id": f"invoice-{name}",
            "description": "Order",
            "amount": {"currency_code": "EUR", "value": "24.90"},
        }
        context = {
            "return_url": "https://shop.example/return",
            "cancel_url": "https://shop.example/cancel",
            "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING",
        }
        body = {
            "intent": intent,
            "purchase_units": [unit],
            "payment_source": {"paypal": {"experience_context": context}},
        }
        return self.call("POST", "/v2/checkout/orders", body, f"order-{name}", REPRESENTATION)["id"]

    def held(self, name):
        order = self.order(name, "AUTHORIZE")
        self.control(f"/orders/{order}/approve", BALANCE)
        held = self.call("POST", f"/v2/checkout/orders/{order}/authorize", {}, f"authorize-{name}", REPRESENTATION)
        return held["purchase_units"][0]["payments"]["authorizations"][0]["id"]


def exchange(method, url, body, headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"content-type": "application/json", **headers})
    try:
        response = urllib.request.urlopen(request)
    except urllib.error.HTTPError as refused:
        response = refused
    text = response.read()
    return response.status, json.loads(text) if text[:1] in (b"{", b"[") else None


def play_capture(client, run):
    order = client.order(f"{run}-captured", "CAPTURE")
    client.call("GET", f"/v2/checkout/orders/{order}")
    client.call("POST", f"/v2/checkout/orders/{order}/capture", {}, f"early-{run}")
    client.control(f"/orders/{order}/approve", BALANCE)
    captured = client.call("POST", f"/v2/checkout/orders/{order}/capture", {}, f"capture-{run}", REPRESENTATION)
    capture = captured["purchase_units"][0]["payments"]["captures"][0]["id"]
    client.call("GET", f"/v2/payments/captures/{capture}")
    client.call("GET", f"/v2/checkout/orders/{order}")
    client.call("GET", "/v2/checkout/orders/UNKNOWN123")
    client.call("GET", "/v2/payments/captures/UNKNOWN123")
    return capture


def play_refunds(client, run, capture):
    for value in ("10.00", "90.00"):
        body = {"amount": {"currency_code": "EUR", "value": value}}
        path = f"/v2/payments/captures/{capture}/refund"
        refund = client.call("POST", path, body, f"refund-{run}-{value}", REPRESENTATION)
        if "id" in refund:
            client.call("GET", f"/v2/payments/refunds/{refund['id']}")


def play_holds(client, run):
    taken = client.held(f"{run}-taken")
    client.call("GET", f"/v2/payments/authorizations/{taken}")
    body = {"amount": {"currency_code": "EUR", "value": "24.90"}, "final_capture": True}
    client.call("POST", f"/v2/payments/authorizations/{taken}/capture", body, f"take-{run}", REPRESENTATION)
    released = client.held(f"{run}-released")
    client.call("POST", f"/v2/payments/authorizations/{released}/void", None, f"release-{run}", REPRESENTATION)


def play_office(client, capture):
    client.call("GET", "/v1/notifications/webhooks")
    client.call("GET", "/v1/notifications/webhooks-event-types")
    for event in client.call("GET", "/v1/notifications/webhooks-events?page_size=2")["events"]:
        client.call("GET", f"/v1/notifications/webhooks-events/{event['id']}")
        client.call("POST", f"/v1/notifications/webhooks-events/{event['id']}/resend", {})
    client.control(f"/captures/{capture}/dispute", {})
    for dispute in client.call("GET", "/v1/customer/disputes")["items"]:
        client.call("GET", f"/v1/customer/disputes/{dispute['dispute_id']}")
    now = datetime.datetime.now(datetime.timezone.utc)
    span = [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (now - datetime.timedelta(days=2), now)]
    client.call("GET", f"/v1/reporting/transactions?start_date={span[0]}&end_date={span[1]}")
    client.call("GET", "/v1/reporting/balances")


def main(addresses, folder):
    channels = json.loads(pathlib.Path(addresses).read_text())["channels"]
    control_url = next(channel["control_url"] for name, channel in channels.items() if "paypal" in name)
    specifications = Specifications(folder)
    client = Client(control_url, specifications)
    run = str(time.time_ns())
    capture = play_capture(client, run)
    play_refunds(client, run, capture)
    play_holds(client, run)
    play_office(client, capture)
    print(specifications.checked, "calls were checked")
    print("\n".join(sorted(specifications.problems)) or "nothing to complain of")
    sys.exit(1 if specifications.problems else 0)


main(*sys.argv[1:3])
