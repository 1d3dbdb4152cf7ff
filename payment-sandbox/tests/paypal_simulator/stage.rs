//! What most tests stand on: a simulator on a manual clock, a merchant, its client and its webhook endpoint.

use payment_sandbox::clock::SimulatorClock;
use payment_sandbox::paypal::{
    ApproveOptions, Funding, LedgerOrder, MerchantOptions, PaypalControl, PaypalSimulator, SimulatorOptions,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::client::{Answer, Client, key};
use crate::receiver::{Arrived, Receiver};

pub(crate) const START: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
pub(crate) const ORDERS: &str = "/v2/checkout/orders";

pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) control: PaypalControl,
    pub(crate) receiver: Receiver,
    pub(crate) simulator: PaypalSimulator,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::open(Self::options(), MerchantOptions::standard()).await
    }

    pub(crate) fn options() -> SimulatorOptions {
        SimulatorOptions::loopback(SimulatorClock::manual(START))
    }

    pub(crate) async fn open(options: SimulatorOptions, merchant: MerchantOptions) -> Self {
        let clock = options.clock.clone();
        let simulator = PaypalSimulator::start(options).await.unwrap();
        let control = simulator.control();
        let receiver = Receiver::start().await;
        let merchant = control
            .create_merchant(MerchantOptions { webhook_url: Some(receiver.url.clone()), ..merchant })
            .unwrap();
        let client = Client::new(simulator.base_url(), merchant, clock);
        Self { client, control, receiver, simulator }
    }

    /// A create body over 24.90 EUR.
    pub(crate) fn body(custom_id: &str, invoice_id: &str) -> Value {
        json!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "custom_id": custom_id, "invoice_id": invoice_id, "description": "Order 4711",
                "amount": {"currency_code": "EUR", "value": "24.90"},
            }],
            "payment_source": {"paypal": {"experience_context": {
                "return_url": "https://shop.example/return?mine=1", "cancel_url": "https://shop.example/cancel",
                "user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING",
            }}},
        })
    }

    pub(crate) async fn create(&self, body: &Value, request_id: &str) -> Answer {
        self.client.post(ORDERS, body, key(request_id)).await
    }

    /// Makes an order named `name` and returns its id.
    pub(crate) async fn order(&self, name: &str) -> String {
        let answer = self.create(&Self::body(name, &format!("invoice-{name}")), &format!("o-{name}")).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Makes an order and lets the buyer approve it.
    pub(crate) async fn approved(&self, name: &str, funding: Funding) -> String {
        let id = self.order(name).await;
        self.control.approve(&id, &ApproveOptions::with(funding)).unwrap();
        id
    }

    /// Makes an order, pays it and lets its webhooks arrive. Returns the order and the capture.
    pub(crate) async fn captured(&self, name: &str, funding: Funding) -> (String, String) {
        let id = self.approved(name, funding).await;
        let answer = self.client.capture(&id, &format!("c-{name}")).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        self.control.settled().await;
        let capture = &answer.json()["purchase_units"][0]["payments"]["captures"][0];
        (id, capture["id"].as_str().unwrap().to_owned())
    }

    pub(crate) fn line(&self, order_id: &str) -> LedgerOrder {
        self.control.order(order_id).unwrap()
    }

    /// The webhooks that arrived, as event type and body, once nothing is under way.
    pub(crate) async fn events(&self) -> Vec<(String, Value)> {
        self.control.settled().await;
        let read = |arrived: &Arrived| {
            let body: Value = serde_json::from_slice(&arrived.body).unwrap();
            (body["event_type"].as_str().unwrap().to_owned(), body)
        };
        let mut events: Vec<_> = self.receiver.arrived().iter().map(read).collect();
        // Those of one instant leave together and may overtake each other.
        events.sort_by(|one, two| {
            (&one.1["create_time"].as_str(), &one.0).cmp(&(&two.1["create_time"].as_str(), &two.0))
        });
        events
    }
}
