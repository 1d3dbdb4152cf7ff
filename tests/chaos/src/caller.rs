//! One order of a caller: created, paid or not, reported, closed, paid again, refunded, by chance from the run's seed.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use payment_proto::v1::{
    ClientResult, ClosePaymentRequest, ConfirmPaymentRequest, CreatePaymentRequest, CreatePaymentResponse,
    CreateRefundRequest, EarlierAttemptPolicy, GetPaymentRequest, Money, OrderToPay, Payment, PaymentState,
    RefundEverything, RefundReason, SyncPaymentRequest, create_refund_request,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    channels::{ACCOUNTS, Landing, Reached, Ticket},
    client::{Client, Counter},
    pause::pause,
    told::Told,
};

/// What a caller knows and reaches.
pub(crate) struct Market {
    pub(crate) client: Client,
    pub(crate) channels: Arc<Vec<Reached>>,
    pub(crate) told: Arc<Told>,
    pub(crate) seed: u64,
}

/// One order, or two that are paid together.
struct Purchase<'a> {
    market: &'a Market,
    index: usize,
    chance: StdRng,
    orders: Vec<(String, i64)>,
}

/// An attempt that was handed out.
struct Attempt {
    channel: usize,
    ticket: Ticket,
}

impl Market {
    /// Lives one order from its beginning to its end.
    pub(crate) async fn buy(&self, index: usize) {
        let number = u64::try_from(index).unwrap();
        let mut chance = StdRng::seed_from_u64(self.seed ^ (number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let baskets = if chance.random_range(0..10) == 0 { 2 } else { 1 };
        let order = |part| (format!("O-{index}-{part}"), chance.random_range(100..50_000));
        let orders = (0..baskets).map(order).collect();
        let mut purchase = Purchase { market: self, index, chance, orders };
        Box::pin(purchase.live()).await;
    }
}

impl Purchase<'_> {
    async fn live(&mut self) {
        match self.roll(100) {
            0..=54 => self.usual().await,
            55..=64 => self.abandoned().await,
            65..=79 => self.paid_twice().await,
            80..=89 => self.paid_late().await,
            _ => self.created_thrice().await,
        }
    }

    fn roll(&mut self, end: u64) -> u64 {
        self.chance.random_range(0..end)
    }

    async fn a_moment(&mut self, most: u64) {
        let milliseconds = self.roll(most);
        pause(Duration::from_millis(milliseconds)).await;
    }

    async fn usual(&mut self) {
        let Some(attempt) = self.create("a", None).await else { return };
        self.a_moment(500).await;
        self.pay(&attempt, Landing::InTime);
        self.report(&attempt).await;
        self.refund(&attempt).await;
    }

    async fn abandoned(&mut self) {
        let Some(attempt) = self.create("a", None).await else { return };
        self.a_moment(1000).await;
        if self.roll(2) == 0 {
            self.close(&attempt).await;
        }
    }

    /// The payer pays the first attempt while the second is made, and then the second.
    async fn paid_twice(&mut self) {
        let Some(first) = self.create("a", None).await else { return };
        let landing = if self.roll(3) == 0 { Landing::Late } else { Landing::InTime };
        if landing == Landing::InTime {
            self.pay(&first, landing);
        }
        let second = self.create("b", Some(EarlierAttemptPolicy::Proceed)).await;
        if landing == Landing::Late {
            self.pay(&first, landing);
        }
        if let Some(second) = second {
            self.a_moment(300).await;
            self.pay(&second, Landing::InTime);
            self.report(&second).await;
        }
        self.report(&first).await;
        self.refund(&first).await;
    }

    /// The money comes although the payment was closed, where the channel lets it.
    async fn paid_late(&mut self) {
        let Some(attempt) = self.create("a", None).await else { return };
        self.a_moment(200).await;
        self.close(&attempt).await;
        self.pay(&attempt, Landing::Late);
        self.a_moment(1000).await;
        self.report(&attempt).await;
    }

    /// The same request at three replicas at once.
    async fn created_thrice(&mut self) {
        let (channel, request) = self.request("a", None);
        let tries = (0..3).map(|_| self.created(&request));
        let created: Vec<_> = join_all(tries).await.into_iter().flatten().collect();
        let numbers: Vec<_> = created.iter().map(number_of).collect();
        if numbers.windows(2).any(|two| two[0] != two[1]) {
            let wrong = format!("request R-{}-a made several payments: {numbers:?}", self.index);
            self.market.told.memory().wrong.push(wrong);
        }
        let handed_out = created.iter().find_map(|answer| self.handed_out(channel, &request, answer));
        let Some(attempt) = handed_out else { return };
        self.pay(&attempt, Landing::InTime);
        self.report(&attempt).await;
    }

    fn request(&mut self, name: &str, policy: Option<EarlierAttemptPolicy>) -> (usize, CreatePaymentRequest) {
        let channel = self.chance.random_range(0..self.market.channels.len());
        let account = self.chance.random_range(0..ACCOUNTS.len());
        let reached = &self.market.channels[channel].channel;
        let (product, seconds) = (self.roll(1000), 60 + self.chance.random_range(0..240));
        let money = |minor_units| Money { currency_code: reached.currency().to_owned(), minor_units };
        let orders = self.orders.iter().map(|(order_no, minor_units)| OrderToPay {
            order_no: order_no.clone(),
            amount: Some(money(*minor_units)),
        });
        let mut request = CreatePaymentRequest {
            request_id: format!("R-{}-{name}", self.index),
            orders: orders.collect(),
            channel_account: format!("{}-{}", reached.name(), ACCOUNTS[account]),
            description: "two books".to_owned(),
            channel_options: Some(reached.options(product)),
            time_to_pay: Some(seconds_long(seconds)),
            ..CreatePaymentRequest::default()
        };
        if let Some(policy) = policy {
            request.set_earlier_attempt_policy(policy);
        }
        (channel, request)
    }

    async fn create(&mut self, name: &str, policy: Option<EarlierAttemptPolicy>) -> Option<Attempt> {
        let (channel, request) = self.request(name, policy);
        // While the channel's word is not known, the same request goes on with the same payment.
        for _ in 0..12 {
            let created = self.created(&request).await?;
            if let Some(attempt) = self.handed_out(channel, &request, &created) {
                return Some(attempt);
            }
            let state = created.payment.as_ref().map(Payment::state);
            if state != Some(PaymentState::Initiating) {
                return None;
            }
            self.a_moment(400).await;
        }
        None
    }

    /// Makes the payment, or meets it again. A refusal is the end of it.
    async fn created(&self, request: &CreatePaymentRequest) -> Option<CreatePaymentResponse> {
        let call = async |mut at: Counter| at.payments.create_payment(request.clone()).await;
        let created = self.market.client.call("CreatePayment", call).await.ok()?;
        let total = request.orders.iter().map(|order| order.amount.as_ref().unwrap().minor_units).sum();
        self.market.told.memory().created.insert(number_of(&created), total);
        Some(created)
    }

    fn handed_out(
        &self,
        channel: usize,
        request: &CreatePaymentRequest,
        created: &CreatePaymentResponse,
    ) -> Option<Attempt> {
        let data = created.payment_data.clone()?.kind?;
        let account = usize::from(request.channel_account.ends_with(ACCOUNTS[1]));
        let ticket = Ticket { payment_no: number_of(created), account, data };
        self.market.told.memory().known.push((channel, account, ticket.payment_no.clone()));
        Some(Attempt { channel, ticket })
    }

    fn pay(&self, attempt: &Attempt, landing: Landing) {
        self.market.channels[attempt.channel].channel.pay(&attempt.ticket, landing);
    }

    /// The app tells its backend, or the backend asks, or nobody does anything.
    async fn report(&mut self, attempt: &Attempt) {
        let payment_no = attempt.ticket.payment_no.clone();
        let client = &self.market.client;
        let answered = match self.chance.random_range(0..10) {
            0..=4 => {
                let mut request = ConfirmPaymentRequest { payment_no, ..ConfirmPaymentRequest::default() };
                request.set_result(ClientResult::Paid);
                let call = async |mut at: Counter| at.payments.confirm_payment(request.clone()).await;
                client.call("ConfirmPayment", call).await.ok().and_then(|answer| answer.payment)
            }
            5..=6 => {
                let request = SyncPaymentRequest { payment_no };
                let call = async |mut at: Counter| at.payments.sync_payment(request.clone()).await;
                client.call("SyncPayment", call).await.ok().and_then(|answer| answer.payment)
            }
            _ => None,
        };
        self.rely_on(answered.as_ref());
    }

    async fn close(&self, attempt: &Attempt) {
        let request = ClosePaymentRequest { payment_no: attempt.ticket.payment_no.clone() };
        let call = async |mut at: Counter| at.payments.close_payment(request.clone()).await;
        let closed = self.market.client.call("ClosePayment", call).await;
        self.rely_on(closed.ok().and_then(|answer| answer.payment).as_ref());
    }

    fn rely_on(&self, payment: Option<&Payment>) {
        if let Some(payment) = payment
            && payment.state() == PaymentState::Succeeded
        {
            self.market.told.memory().succeeded.insert(payment.payment_no.clone());
        }
    }

    /// Whether the payment becomes paid while the caller cares.
    async fn becomes_paid(&mut self, payment_no: &str) -> bool {
        for _ in 0..20 {
            let request = GetPaymentRequest { payment_no: payment_no.to_owned() };
            let call = async |mut at: Counter| at.payments.get_payment(request.clone()).await;
            let answer = self.market.client.call("GetPayment", call).await;
            let Some(payment) = answer.ok().and_then(|answer| answer.payment) else { return false };
            self.rely_on(Some(&payment));
            match payment.state() {
                PaymentState::Succeeded => return true,
                PaymentState::Closed | PaymentState::Failed => return false,
                PaymentState::Unspecified
                | PaymentState::Initiating
                | PaymentState::AwaitingPayer
                | PaymentState::ClientReported
                | PaymentState::Held => self.a_moment(1500).await,
            }
        }
        false
    }

    async fn refund(&mut self, attempt: &Attempt) {
        let payment_no = attempt.ticket.payment_no.clone();
        if self.roll(100) >= 45 || !self.becomes_paid(&payment_no).await {
            return;
        }
        let (amount, kind) = (self.orders[0].1, self.roll(4));
        let this = &*self;
        let part = |name: &'static str, minor_units: i64| this.part_back(name, attempt, minor_units);
        match kind {
            0 => this.everything_back(attempt).await,
            1 => {
                part("x", amount / 3).await;
                part("y", amount / 3).await;
            }
            // Together more than was paid: one of them is refused.
            2 => drop(tokio::join!(part("x", amount * 3 / 5), part("y", amount * 3 / 5))),
            // The same refund at two replicas at once.
            _ => drop(tokio::join!(part("x", amount / 2), part("x", amount / 2))),
        }
    }

    async fn everything_back(&self, attempt: &Attempt) {
        let extent = create_refund_request::Extent::Everything(RefundEverything {});
        let payment = create_refund_request::Payment::PaymentNo(attempt.ticket.payment_no.clone());
        self.give_back("all", payment, extent).await;
    }

    /// So much of the first order.
    async fn part_back(&self, name: &str, attempt: &Attempt, minor_units: i64) {
        let currency_code = self.market.channels[attempt.channel].channel.currency().to_owned();
        let extent = create_refund_request::Extent::Amount(Money { currency_code, minor_units });
        let payment = match self.orders.as_slice() {
            [_] => create_refund_request::Payment::PaymentNo(attempt.ticket.payment_no.clone()),
            orders => create_refund_request::Payment::OrderNo(orders[0].0.clone()),
        };
        self.give_back(name, payment, extent).await;
    }

    async fn give_back(
        &self,
        name: &str,
        payment: create_refund_request::Payment,
        extent: create_refund_request::Extent,
    ) {
        let mut request = CreateRefundRequest {
            refund_no: format!("F-{}-{name}", self.index),
            payment: Some(payment),
            extent: Some(extent),
            ..CreateRefundRequest::default()
        };
        request.set_reason(RefundReason::Return);
        let call = async |mut at: Counter| at.refunds.create_refund(request.clone()).await;
        if let Ok(answer) = self.market.client.call("CreateRefund", call).await {
            let refund = answer.refund.unwrap();
            let amount = refund.amount.unwrap().minor_units;
            self.market.told.memory().refunds.insert(refund.refund_no, amount);
        }
    }
}

fn number_of(created: &CreatePaymentResponse) -> String {
    created.payment.as_ref().unwrap().payment_no.clone()
}

fn seconds_long(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}
