"""Plays a merchant against the PayPal simulator with PayPal's own SDK, as an integrator would use it.

Arguments: control URL, base URL. Prints each step that held; a failing check ends it with a traceback.
"""

import base64
import json
import sys
import urllib.request

from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.exceptions.o_auth_provider_exception import OAuthProviderException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.models.authorization_status import AuthorizationStatus
from paypalserversdk.models.capture_request import CaptureRequest
from paypalserversdk.models.capture_status import CaptureStatus
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.order_status import OrderStatus
from paypalserversdk.models.patch import Patch
from paypalserversdk.models.refund_request import RefundRequest
from paypalserversdk.models.refund_status import RefundStatus
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

WHOLE = "return=representation"


def control(url, path, body):
    """One call of the simulator's control API."""
    request = urllib.request.Request(
        url + path, json.dumps(body).encode(), {"content-type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def client(merchant, secret):
    """PayPal's client for the merchant's app."""
    credentials = ClientCredentialsAuthCredentials(
        o_auth_client_id=merchant["client_id"], o_auth_client_secret=secret
    )
    return PaypalServersdkClient(
        environment=Environment.SANDBOX, client_credentials_auth_credentials=credentials
    )


def order_request(name, intent="CAPTURE"):
    """An order over 24.90 EUR."""
    return OrderRequest.from_dictionary(
        {
            "intent": intent,
            "purchase_units": [
                {
                    "custom_id": name,
                    "invoice_id": "invoice-" + name,
                    "amount": {"currency_code": "EUR", "value": "24.90"},
                }
            ],
            "payment_source": {
                "paypal": {
                    "experience_context": {
                        "return_url": "https://shop.example/return",
                        "cancel_url": "https://shop.example/cancel",
                        "user_action": "PAY_NOW",
                    }
                }
            },
        }
    )


def refused(call):
    """Status and issue of a call that must fail."""
    try:
        call()
    except ErrorException as error:
        return error.response_code, error.details[0].issue
    raise AssertionError("it was not refused")


class Merchant:
    """The merchant's shop."""

    def __init__(self, control_url, base_url):
        Configuration.environments[Environment.SANDBOX][Server.DEFAULT] = base_url
        self.control_url = control_url
        self.account = control(control_url, "/merchants", {"invoice_ids": "unique"})
        self.client = client(self.account, self.account["client_secret"])
        self.orders = self.client.orders
        self.payments = self.client.payments

    def approve(self, order_id, funding="balance"):
        """The buyer approves."""
        control(self.control_url, f"/orders/{order_id}/approve", {"funding": {"kind": funding}})

    def create(self, name, intent="CAPTURE"):
        """Makes an order and returns it whole."""
        options = {"body": order_request(name, intent), "paypal_request_id": "o-" + name, "prefer": WHOLE}
        answer = self.orders.create_order(options)
        assert answer.status_code == 201, answer.status_code
        return answer.body

    def token(self):
        """A wrong secret gets no token."""
        stranger = client(self.account, "wrong")
        secret = self.account["client_id"] + ":wrong"
        basic = "Basic " + base64.b64encode(secret.encode()).decode()
        try:
            stranger.o_auth_authorization.request_token({"authorization": basic})
        except OAuthProviderException as error:
            assert error.response_code == 401 and error.error == "invalid_client", error
            return
        raise AssertionError("a wrong secret got a token")

    def order(self):
        """Create, show, patch, refused capture."""
        self.made = self.create("one")
        assert self.made.status == OrderStatus.PAYER_ACTION_REQUIRED, self.made.status
        assert [link.rel for link in self.made.links] == ["self", "payer-action"]
        assert self.made.purchase_units[0].payee.merchant_id == self.account["merchant_id"]
        patch = Patch(
            op="replace", path="/purchase_units/@reference_id=='default'/invoice_id", value="invoice-new"
        )
        assert self.orders.patch_order({"id": self.made.id, "body": [patch]}).status_code == 204
        shown = self.orders.get_order({"id": self.made.id}).body
        assert shown.purchase_units[0].invoice_id == "invoice-new"
        early = refused(lambda: self.orders.capture_order({"id": self.made.id}))
        assert early == (422, "ORDER_NOT_APPROVED"), early
        unknown = refused(lambda: self.orders.get_order({"id": "4TX1234567890123A"}))
        assert unknown == (404, "INVALID_RESOURCE_ID"), unknown

    def capture(self):
        """A refused source, a new approval, the capture, its repetition."""
        self.approve(self.made.id, "refused")
        options = {"id": self.made.id, "paypal_request_id": "c-1"}
        declined = refused(lambda: self.orders.capture_order(options))
        assert declined == (422, "INSTRUMENT_DECLINED"), declined
        self.approve(self.made.id)
        options = {"id": self.made.id, "paypal_request_id": "c-2", "prefer": WHOLE}
        captured = self.orders.capture_order(options)
        assert captured.status_code == 201 and captured.body.status == OrderStatus.COMPLETED
        self.captured = captured.body.purchase_units[0].payments.captures[0]
        assert self.captured.status == CaptureStatus.COMPLETED
        assert self.captured.seller_receivable_breakdown.net_amount.value == "23.77"
        again = self.orders.capture_order(options)
        assert again.status_code == 200 and again.body.id == self.made.id
        twice = refused(lambda: self.orders.capture_order({"id": self.made.id}))
        assert twice == (422, "ORDER_ALREADY_CAPTURED"), twice
        shown = self.payments.get_captured_payment({"capture_id": self.captured.id}).body
        assert shown.amount.value == "24.90" and shown.custom_id == "one"

    def refund(self):
        """A partial refund, its repetition, one that is too much."""
        body = RefundRequest.from_dictionary({"amount": {"currency_code": "EUR", "value": "10.00"}})
        options = {
            "capture_id": self.captured.id, "body": body, "paypal_request_id": "r-1", "prefer": WHOLE
        }
        made = self.payments.refund_captured_payment(options).body
        assert made.status == RefundStatus.COMPLETED and made.amount.value == "10.00"
        assert self.payments.refund_captured_payment(options).body.id == made.id
        assert self.payments.get_refund({"refund_id": made.id}).body.id == made.id
        body = RefundRequest.from_dictionary({"amount": {"currency_code": "EUR", "value": "14.91"}})
        options = {"capture_id": self.captured.id, "body": body, "paypal_request_id": "r-2"}
        too_much = refused(lambda: self.payments.refund_captured_payment(options))
        assert too_much == (422, "REFUND_AMOUNT_EXCEEDED"), too_much

    def authorization(self):
        """Held money: a part is captured, the rest released."""
        made = self.create("two", "AUTHORIZE")
        self.approve(made.id)
        done = self.orders.authorize_order({"id": made.id, "paypal_request_id": "a-1", "prefer": WHOLE})
        held = done.body.purchase_units[0].payments.authorizations[0]
        assert held.status == AuthorizationStatus.CREATED
        body = CaptureRequest.from_dictionary({"amount": {"currency_code": "EUR", "value": "4.90"}})
        options = {
            "authorization_id": held.id, "body": body, "paypal_request_id": "ac-1", "prefer": WHOLE
        }
        assert self.payments.capture_authorized_payment(options).body.amount.value == "4.90"
        options = {"authorization_id": held.id, "paypal_request_id": "v-1", "prefer": WHOLE}
        assert self.payments.void_payment(options).body.status == AuthorizationStatus.VOIDED
        shown = self.payments.get_authorized_payment({"authorization_id": held.id}).body
        assert shown.status == AuthorizationStatus.VOIDED

    def negative_test(self):
        """PayPal's header for negative tests."""
        made = self.create("three")
        mock = '{"mock_application_codes": "PAYER_CANNOT_PAY"}'
        options = {"id": made.id, "paypal_mock_response": mock}
        refusal = refused(lambda: self.orders.capture_order(options))
        assert refusal == (422, "PAYER_CANNOT_PAY"), refusal


def main():
    """Plays every step."""
    merchant = Merchant(*sys.argv[1:])
    for step in ["token", "order", "capture", "refund", "authorization", "negative_test"]:
        getattr(merchant, step)()
        print(step, flush=True)


main()
