"""Pays an order through the payment service, knowing nothing of it but its address and an API key.

Usage: grpc_client.py ADDRESSES   (the file addresses.json that `payment-sandbox demo --stay` names)

Messages and methods come from the server's reflection; no generated code, no .proto file. Prints one line for each step
and ends with status 0 once the order is paid, or stops with a traceback.
"""

import json
import sys
import time
import urllib.request

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


class Service:
    """A service found by reflection; its methods are called with keyword arguments."""

    def __init__(self, channel, pool, name, api_key):
        self.channel = channel
        self.descriptor = pool.FindServiceByName(name)
        self.metadata = [("authorization", f"Bearer {api_key}")]

    def call(self, method_name, **fields):
        method = self.descriptor.FindMethodByName(method_name)
        request = message_factory.GetMessageClass(method.input_type)(**fields)
        kind = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        function = kind(
            f"/{self.descriptor.full_name}/{method_name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        return function(request, metadata=self.metadata, timeout=30)


def pay(addresses, parameters):
    """The payer: WeChat's app takes the SDK parameters, checks their signature and pays."""
    request = urllib.request.Request(
        addresses["channels"]["wechat-main"]["control_url"] + "/invoke",
        data=json.dumps({"parameters": parameters}).encode(),
        headers={"content-type": "application/json"},
    )
    # A proxy of the environment must not see what is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)["transaction_id"]


def follow(events, cursor=""):
    """Every event after the cursor, with the cursor to keep once it is dealt with. Goes on after whatever breaks it off."""
    while True:
        try:
            for answer in events.call("StreamEvents", after=cursor):
                cursor = answer.cursor
                if answer.HasField("event"):
                    yield answer.event, cursor
        except grpc.RpcError as broken:
            print("following again:", broken.code().name, flush=True)
            time.sleep(1)


def state_name(message, field):
    value = getattr(message, field)
    return message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[value].name


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        addresses = json.load(file)
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(addresses["grpc"], options=options) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        print("services:", ", ".join(sorted(database.get_services())), flush=True)
        pool = descriptor_pool.DescriptorPool(database)
        payments = Service(channel, pool, "payment.v1.PaymentService", addresses["api_key"])
        orders = Service(channel, pool, "payment.v1.OrderService", addresses["api_key"])

        order_no = f"python-{time.time_ns()}"
        created = payments.call(
            "CreatePayment",
            request_id=f"{order_no}-1",
            orders=[{"order_no": order_no, "amount": {"currency_code": "CNY", "minor_units": 2550}}],
            description="Order from Python",
            wechat_pay={"app": {}},
        )
        print("created:", created.payment.payment_no, state_name(created.payment, "state"), flush=True)

        transaction = pay(addresses, dict(created.payment_data.sdk_parameters.parameters))
        print("paid at WeChat:", transaction, flush=True)

        for update in payments.call("WatchPayment", payment_no=created.payment.payment_no):
            last = state_name(update.payment, "state")
            print("watched:", last, flush=True)
        assert last == "PAYMENT_STATE_SUCCEEDED", last

        events = Service(channel, pool, "payment.v1.EventService", addresses["api_key"])
        for event, _ in follow(events):
            if event.payment_no == created.payment.payment_no:
                break
        print("told:", state_name(event, "type"), event.payment.amount.minor_units, flush=True)

        order = orders.call("GetOrder", order_no=order_no).order
        print("order:", state_name(order, "state"), order.paid_amount.minor_units, flush=True)
        assert state_name(order, "state") == "ORDER_STATE_PAID"
        assert order.effective_payment_no == created.payment.payment_no


if __name__ == "__main__":
    main()
