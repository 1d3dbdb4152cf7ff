//! What tests do over and over: a caller's calls, a payer's acts, an accident at the channel, a look into the records.

use std::{fs, future::Future, path::Path, time::Duration};

use payment_proto::v1::{
    CapturePaymentRequest, ChannelContact, ClientResult, ClosePaymentRequest, ConfirmPaymentRequest,
    CreatePaymentRequest, CreatePaymentResponse, GetOrderRequest, GetPaymentRequest, Order, Payment,
    PaymentState, SyncPaymentRequest,
};
use payment_sandbox::wechat::{Fault, FaultRule, Operation, PayOptions};

use crate::{
    app::TestApp,
    refusal::Refusal,
    requests::{app_payment, payment_no},
};

/// Waits until something is so, for as long as a busy machine may need.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let patience = tokio::time::timeout(Duration::from_secs(120), async {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        while !holds().await {
            ticks.tick().await;
        }
    });
    patience.await.unwrap_or_else(|_| panic!("{what} never happened"));
}

/// Replaces a file, or makes it, as a careful operator does: whole or not at all.
pub fn replace(file: &Path, text: &str) {
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

impl TestApp {
    /// Creates a payment that nothing stands against.
    pub async fn create(&self, request: CreatePaymentRequest) -> CreatePaymentResponse {
        self.payments().create_payment(request).await.unwrap().into_inner()
    }

    /// Creates a payment that something stands against.
    pub async fn refuse(&self, request: CreatePaymentRequest) -> Refusal {
        Refusal::of(&self.payments().create_payment(request).await.unwrap_err())
    }

    /// A fresh app payment of one order, as a number.
    pub async fn open(&self, request_id: &str, order_no: &str, fen: i64) -> String {
        let created = self.create(app_payment(request_id, order_no, fen)).await;
        assert_eq!(created.payment.as_ref().unwrap().state(), PaymentState::AwaitingPayer);
        payment_no(&created)
    }

    /// A payment as it is recorded.
    pub async fn payment(&self, payment_no: &str) -> Payment {
        let request = GetPaymentRequest { payment_no: payment_no.to_owned() };
        self.payments().get_payment(request).await.unwrap().into_inner().payment.unwrap()
    }

    /// A payment's recorded state.
    pub async fn state(&self, payment_no: &str) -> PaymentState {
        self.payment(payment_no).await.state()
    }

    /// An order.
    pub async fn order(&self, order_no: &str) -> Order {
        let request = GetOrderRequest { order_no: order_no.to_owned() };
        self.orders().get_order(request).await.unwrap().into_inner().order.unwrap()
    }

    /// Asks the channel about a payment.
    pub async fn sync(&self, payment_no: &str) -> (PaymentState, ChannelContact) {
        let request = SyncPaymentRequest { payment_no: payment_no.to_owned() };
        let synced = self.payments().sync_payment(request).await.unwrap().into_inner();
        (synced.payment.as_ref().unwrap().state(), synced.channel_contact())
    }

    /// Tells what the payer's app says.
    pub async fn confirm(&self, payment_no: &str, result: ClientResult) -> PaymentState {
        let request = ConfirmPaymentRequest {
            payment_no: payment_no.to_owned(),
            result: result.into(),
            sdk_result: Vec::new(),
        };
        self.payments().confirm_payment(request).await.unwrap().into_inner().payment.unwrap().state()
    }

    /// Takes held money.
    pub async fn capture(&self, payment_no: &str) -> Result<(PaymentState, ChannelContact), Refusal> {
        let request = CapturePaymentRequest { payment_no: payment_no.to_owned() };
        let answer = self.payments().capture_payment(request).await.map_err(|status| Refusal::of(&status))?;
        let answer = answer.into_inner();
        Ok((answer.payment.as_ref().unwrap().state(), answer.channel_contact()))
    }

    /// Closes a payment.
    pub async fn close(&self, payment_no: &str) -> PaymentState {
        let request = ClosePaymentRequest { payment_no: payment_no.to_owned() };
        self.payments().close_payment(request).await.unwrap().into_inner().payment.unwrap().state()
    }

    /// The payer pays; waits until the channel's notification has been answered, or kept back.
    pub async fn pay(&self, payment_no: &str) {
        self.wechat().pay(self.mchid(), payment_no, &PayOptions::default()).unwrap();
        self.wechat().settled().await;
    }

    /// The payer pays, and no notification will ever come.
    pub async fn pay_unheard(&self, payment_no: &str) {
        self.wechat().suppress_notifications(Some(payment_no));
        self.pay(payment_no).await;
    }

    /// An accident at the channel's next request of this operation.
    pub fn fault(&self, operation: Operation, fault: Fault) {
        let rule = FaultRule { operation: Some(operation), out_trade_no: None, times: Some(1), fault };
        self.wechat().add_fault(rule);
    }

    /// The one number that a statement answers with.
    pub async fn number(&self, sql: &str) -> i64 {
        self.observer.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        crate::database::texts(&self.observer, sql).await
    }

    /// The kinds of all open cases, sorted.
    pub async fn cases(&self) -> Vec<String> {
        self.texts("SELECT kind FROM payment_case ORDER BY kind").await
    }

    /// What callers are told about a payment, in order.
    pub async fn events(&self, payment_no: &str) -> Vec<String> {
        let sql = format!(
            "SELECT event FROM outbox_event WHERE payment_no = '{payment_no}' ORDER BY revision, position"
        );
        self.texts(&sql).await
    }

    /// How often each verdict was given in the inbox, as `VERDICT n`, sorted.
    pub async fn verdicts(&self) -> Vec<String> {
        let verdict = "coalesce(rejection, verdict)";
        let sql =
            format!("SELECT {verdict} || ' ' || count(*) FROM notification GROUP BY {verdict} ORDER BY 1");
        self.texts(&sql).await
    }

    /// Waits until `condition` holds; PostgreSQL does the waiting, a few milliseconds at a time.
    pub async fn until(&self, what: &str, condition: impl Fn() -> bool) {
        for _ in 0..4000 {
            if condition() {
                return;
            }
            self.observer.query_one("SELECT pg_sleep(0.005)::text", &[]).await.unwrap();
        }
        panic!("never became true: {what}");
    }

    /// Waits until a condition in SQL holds.
    pub async fn until_recorded(&self, condition: &str) {
        crate::database::until(&self.observer, condition).await;
    }
}
