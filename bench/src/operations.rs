//! What is measured, through real gRPC and real signed HTTP, with everything on.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use clap::ValueEnum;
use payment_proto::v1::{
    CreatePaymentResponse, CreateRefundRequest, GetOrderRequest, GetPaymentRequest, Money, RefundReason,
    create_refund_request::{Extent, Payment},
};

use crate::{
    captured::Notification,
    channels::{Channel, request},
    cost::{self, Counted},
    failure::Failure,
    floor::Script,
    load::{self, Until},
    stage::Stage,
};

/// An operation of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation {
    /// `CreatePayment`, Alipay app: signed here, without a call.
    CreateAlipayApp,
    /// `CreatePayment`, WeChat Pay app: announced over the simulator.
    CreateWechatApp,
    /// A WeChat Pay notification, from its first byte to the acknowledgement.
    NotifyWechat,
    /// An Alipay notification.
    NotifyAlipay,
    /// A PayPal notification of an approval: read again by API, recorded. Its capture comes after the acknowledgement.
    NotifyPaypal,
    /// `CreateRefund`, accepted.
    Refund,
    /// `GetPayment`.
    GetPayment,
    /// `GetOrder`.
    GetOrder,
}

impl Operation {
    /// Every operation, in the order in which one makes what the next needs.
    pub(crate) const ALL: [Self; 8] = [
        Self::CreateAlipayApp,
        Self::CreateWechatApp,
        Self::NotifyWechat,
        Self::NotifyAlipay,
        Self::NotifyPaypal,
        Self::Refund,
        Self::GetPayment,
        Self::GetOrder,
    ];

    /// What PostgreSQL alone would do for it.
    pub(crate) const fn floor(self) -> Script {
        match self {
            Self::CreateAlipayApp | Self::CreateWechatApp => Script::Create,
            Self::NotifyWechat | Self::NotifyAlipay | Self::NotifyPaypal => Script::Notification,
            Self::Refund => Script::Refund,
            Self::GetPayment | Self::GetOrder => Script::Read,
        }
    }

    /// Measures it with so many clients. `name` is not used twice.
    pub(crate) async fn measure(
        self,
        stage: &Stage,
        name: &str,
        clients: usize,
        time: Duration,
    ) -> Result<Counted, Failure> {
        match self {
            Self::CreateAlipayApp => create(stage, Channel::Alipay, name, clients, time).await,
            Self::CreateWechatApp => create(stage, Channel::Wechat, name, clients, time).await,
            Self::NotifyWechat => notify(stage, Channel::Wechat, name, clients, time).await,
            Self::NotifyAlipay => notify(stage, Channel::Alipay, name, clients, time).await,
            Self::NotifyPaypal => notify(stage, Channel::Paypal, name, clients, time).await,
            Self::Refund => refund(stage, name, clients, time).await,
            Self::GetPayment | Self::GetOrder => self.read(stage, name, clients, time).await,
        }
    }

    async fn read(
        self,
        stage: &Stage,
        name: &str,
        clients: usize,
        time: Duration,
    ) -> Result<Counted, Failure> {
        let created = prepare(stage, Channel::Alipay, name, 1000).await?;
        let payments: Arc<Vec<String>> = Arc::new(created.iter().map(payment_no).collect());
        let (caller, name) = (stage.caller.clone(), name.to_owned());
        let ask = move |number: usize| {
            let (caller, payments) = (caller.clone(), Arc::clone(&payments));
            let which = number % payments.len().max(1);
            let order_no = format!("{name}-{which}");
            async move {
                let payment_no = payments.get(which).cloned().unwrap_or_default();
                if self == Self::GetOrder {
                    let answer = caller.orders(number).get_order(GetOrderRequest { order_no }).await;
                    answer.map(|_| ()).map_err(Failure::at("GetOrder"))
                } else {
                    let answer = caller.payments(number).get_payment(GetPaymentRequest { payment_no }).await;
                    answer.map(|_| ()).map_err(Failure::at("GetPayment"))
                }
            }
        };
        cost::counted(stage, load::run(clients, Until::Elapsed(time), Arc::new(ask))).await
    }
}

async fn create(
    stage: &Stage,
    channel: Channel,
    name: &str,
    clients: usize,
    time: Duration,
) -> Result<Counted, Failure> {
    let (caller, name) = (stage.caller.clone(), name.to_owned());
    let ask = move |number: usize| {
        let (caller, request) = (caller.clone(), request(channel, &format!("{name}-{number}")));
        async move {
            let answer = caller.payments(number).create_payment(request).await;
            answer.map(|_| ()).map_err(Failure::at("CreatePayment"))
        }
    };
    cost::counted(stage, load::run(clients, Until::Elapsed(time), Arc::new(ask))).await
}

/// Sends notifications that were caught before, each of another payment.
async fn notify(
    stage: &Stage,
    channel: Channel,
    name: &str,
    clients: usize,
    time: Duration,
) -> Result<Counted, Failure> {
    let notifications: Arc<Vec<Notification>> =
        Arc::new(caught(stage, channel, name, enough(clients, time)).await?);
    let http = reqwest::Client::builder().no_proxy().build().map_err(Failure::new)?;
    let (count, address) = (notifications.len(), stage.server.addresses.callbacks);
    let send = move |number: usize| {
        let (http, notification) = (http.clone(), notifications.get(number).cloned());
        async move {
            let notification = notification.ok_or_else(|| Failure::new("no notification is left"))?;
            deliver_one(&http, address, notification).await
        }
    };
    cost::counted(stage, load::run(clients, Until::Done(count), Arc::new(send))).await
}

/// About as many as are sent in the time.
fn enough(clients: usize, time: Duration) -> usize {
    let in_a_second = match clients {
        0 | 1 => 250,
        2..=8 => 800,
        _ => 1500,
    };
    in_a_second * usize::try_from(time.as_secs()).unwrap_or(1)
}

/// The client writes these itself.
fn without_connection(mut headers: http::HeaderMap) -> http::HeaderMap {
    for name in ["host", "content-length", "connection", "transfer-encoding"] {
        headers.remove(name);
    }
    headers
}

async fn refund(stage: &Stage, name: &str, clients: usize, time: Duration) -> Result<Counted, Failure> {
    // A few hundred paid payments, many refunds of one fen each, at most 50 of a payment as WeChat Pay has it.
    let wanted = enough(clients, time) * 3;
    let paid = wanted.div_ceil(40);
    let notifications = prepare(stage, Channel::Alipay, &format!("{name}-paid"), paid).await?;
    for created in &notifications {
        stage.channels.pay(Channel::Alipay, created)?;
    }
    deliver(stage, stage.catcher.take(paid).await?).await?;
    let payments: Arc<Vec<String>> = Arc::new(notifications.iter().map(payment_no).collect());
    let (caller, name) = (stage.caller.clone(), name.to_owned());
    let ask = move |number: usize| {
        let (caller, payments) = (caller.clone(), Arc::clone(&payments));
        let refund_no = format!("{name}-{number}");
        async move {
            let payment_no = payments.get(number % payments.len().max(1)).cloned().unwrap_or_default();
            let request = CreateRefundRequest {
                refund_no,
                payment: Some(Payment::PaymentNo(payment_no)),
                extent: Some(Extent::Amount(Money { currency_code: "CNY".to_owned(), minor_units: 1 })),
                reason: RefundReason::Return.into(),
                description: String::new(),
            };
            let answer = caller.refunds(number).create_refund(request).await;
            answer.map(|_| ()).map_err(Failure::at("CreateRefund"))
        }
    };
    cost::counted(stage, load::run(clients, Until::Elapsed(time), Arc::new(ask))).await
}

async fn deliver(stage: &Stage, notifications: Vec<Notification>) -> Result<(), Failure> {
    let http = reqwest::Client::builder().no_proxy().build().map_err(Failure::new)?;
    for notification in notifications {
        deliver_one(&http, stage.server.addresses.callbacks, notification).await?;
    }
    Ok(())
}

/// Sends a notification as its channel did, and wants it acknowledged.
pub(crate) async fn deliver_one(
    http: &reqwest::Client,
    address: SocketAddr,
    notification: Notification,
) -> Result<(), Failure> {
    let post = http.post(format!("http://{address}{}", notification.target));
    let post = post.headers(without_connection(notification.headers)).body(notification.body);
    let answer = post.send().await.and_then(reqwest::Response::error_for_status);
    answer.map(drop).map_err(Failure::at("a notification"))
}

/// Makes payments, lets their payers pay, and catches what the channel sends.
pub(crate) async fn caught(
    stage: &Stage,
    channel: Channel,
    name: &str,
    count: usize,
) -> Result<Vec<Notification>, Failure> {
    for created in prepare(stage, channel, name, count).await? {
        stage.channels.pay(channel, &created)?;
    }
    stage.catcher.take(count).await
}

/// Makes payments that are not measured.
async fn prepare(
    stage: &Stage,
    channel: Channel,
    name: &str,
    count: usize,
) -> Result<Vec<CreatePaymentResponse>, Failure> {
    use futures::stream::{StreamExt as _, TryStreamExt as _};

    let create = |number: usize| {
        let (caller, request) = (stage.caller.clone(), request(channel, &format!("{name}-{number}")));
        async move {
            let answer = caller.payments(number).create_payment(request).await;
            answer.map(tonic::Response::into_inner).map_err(Failure::at("CreatePayment"))
        }
    };
    futures::stream::iter((0..count).map(create)).buffered(16).try_collect().await
}

fn payment_no(created: &CreatePaymentResponse) -> String {
    created.payment.as_ref().map(|payment| payment.payment_no.clone()).unwrap_or_default()
}
