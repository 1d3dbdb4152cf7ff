//! What each channel's refunds are like, through the service: limits that are known before the call, answers that say less
//! than they seem to, and numbers that channels forget.

use std::time::Duration;

use payment_proto::v1::{
    CreateRefundRequest, GetRefundRequest, Money, Refund, RefundReason, RefundState,
    create_refund_request::{Extent, Payment},
};
use payment_sandbox::{
    alipay::{self, InvokeOptions, RefusalSignature},
    paypal::{self, ApproveOptions, Funding},
};
use payment_server::jobs::{Job, Report};
use payment_tests::refusal::Refusal;
use tonic::Status;

use super::scene::{Scene, alipay_app, paypal_checkout, paypal_order, sdk_text};

const DAY: u64 = 86_400;

impl Scene {
    pub(super) async fn refund(
        &self,
        refund_no: &str,
        payment_no: &str,
        amount: (&str, i64),
    ) -> Result<Refund, Status> {
        let amount = Money { currency_code: amount.0.to_owned(), minor_units: amount.1 };
        let request = CreateRefundRequest {
            refund_no: refund_no.to_owned(),
            payment: Some(Payment::PaymentNo(payment_no.to_owned())),
            extent: Some(Extent::Amount(amount)),
            reason: RefundReason::Return.into(),
            description: "came back".to_owned(),
        };
        Ok(self.app.refunds().create_refund(request).await?.into_inner().refund.unwrap())
    }

    async fn recorded(&self, refund_no: &str) -> Refund {
        let request = GetRefundRequest { refund_no: refund_no.to_owned() };
        self.app.refunds().get_refund(request).await.unwrap().into_inner().refund.unwrap()
    }

    async fn look_after(&self, seconds: u64) -> Report {
        self.app.clock().advance(Duration::from_secs(seconds)).unwrap();
        self.app.run_job(Job::RefundSuccess).await
    }

    /// A payment of 100 fen.
    async fn paid_at_alipay(&self) -> String {
        let created = self.app.create(alipay_app("r-1", "A", 100)).await;
        self.alipay.invoke(&sdk_text(created.payment_data), &InvokeOptions::default()).unwrap();
        self.alipay.settled().await;
        created.payment.unwrap().payment_no
    }

    /// A payment of 20 dollars: its number, and those of its order and capture.
    async fn paid_at_paypal(&self) -> (String, String, String) {
        let created = self.app.create(paypal_checkout("r-1", "A", "USD", 2000)).await;
        let payment_no = created.payment.unwrap().payment_no;
        let order_id = paypal_order(created.payment_data);
        self.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
        self.paypal.settled().await;
        let paid =
            format!("EXISTS (SELECT FROM payment WHERE payment_no = '{payment_no}' AND state = 'SUCCEEDED')");
        self.app.until_recorded(&paid).await;
        let capture = self.paypal.order(&order_id).unwrap().captures[0].capture_id.clone();
        (payment_no, order_id, capture)
    }

    fn alipay_fault(&self, times: Option<u32>, fault: alipay::Fault) {
        let operation = Some(alipay::Operation::Refund);
        self.alipay.add_fault(alipay::FaultRule { operation, out_trade_no: None, times, fault });
    }

    fn paypal_fault(&self, times: Option<u32>, fault: paypal::Fault) {
        let operation = Some(paypal::Operation::RefundCapture);
        self.paypal.add_fault(paypal::FaultRule { operation, reference: None, times, fault });
    }
}

/// The repeat of a refund that was done moves no money: `fund_change` is `N`, and only asking tells that it arrived.
#[tokio::test(flavor = "multi_thread")]
async fn r17_f24_section_6_4_2_alipay_says_no_fund_change_to_a_repeat_and_the_query_decides() {
    let scene = Scene::start().await;
    let payment_no = scene.paid_at_alipay().await;
    scene.alipay.suppress_notifications(None);
    scene.alipay_fault(Some(1), alipay::Fault::ConnectionDropped { execution: alipay::Execution::Done });
    let lost = scene.refund("R-1", &payment_no, ("CNY", 40)).await.unwrap();
    assert_eq!(lost.state(), RefundState::Pending);
    scene.look_after(20).await;
    assert_eq!(scene.recorded("R-1").await.state(), RefundState::Processing, "N proves nothing");
    scene.look_after(90).await;
    assert_eq!(scene.recorded("R-1").await.state(), RefundState::Succeeded);
    let books = scene.alipay.order(&scene.alipay_app_id, &payment_no).unwrap();
    assert_eq!((books.given_back, books.refunds.len()), (40, 1), "{books:?}");
    scene.app.finish().await;
}

/// `refund_fee` is the sum of all refunds so far; taken for this one's amount it would not fit, and open a case.
#[tokio::test(flavor = "multi_thread")]
async fn r08_section_6_4_6_alipays_sum_of_refunds_is_not_taken_for_the_amount_of_one() {
    let scene = Scene::start().await;
    let payment_no = scene.paid_at_alipay().await;
    for (refund_no, amount) in [("R-1", 30), ("R-2", 40)] {
        scene.refund(refund_no, &payment_no, ("CNY", amount)).await.unwrap();
        scene.look_after(90).await;
        let refund = scene.recorded(refund_no).await;
        assert_eq!((refund.state(), refund.amount.unwrap().minor_units), (RefundState::Succeeded, amount));
    }
    assert_eq!(scene.app.cases().await, [""; 0]);
    assert_eq!(scene.alipay.order(&scene.alipay_app_id, &payment_no).unwrap().given_back, 70);
    scene.app.finish().await;
}

/// Whoever sits on the wire can refuse without a signature; it needs no person, and the refund goes on.
#[tokio::test(flavor = "multi_thread")]
async fn r04_section_6_4_9_an_unsigned_refusal_of_alipays_decides_nothing_and_a_signed_one_calls_a_person() {
    let scene = Scene::start().await;
    let payment_no = scene.paid_at_alipay().await;
    let refused = |signature| alipay::Fault::Refused {
        code: "40004".to_owned(),
        sub_code: "ACQ.SELLER_BALANCE_NOT_ENOUGH".to_owned(),
        execution: alipay::Execution::Skipped,
        signature,
    };
    scene.alipay_fault(Some(1), refused(RefusalSignature::Unsigned));
    scene.alipay_fault(Some(1), refused(RefusalSignature::Signed));
    scene.refund("R-1", &payment_no, ("CNY", 40)).await.unwrap();
    assert_eq!(scene.recorded("R-1").await.attention_reason, "", "nobody signed it");
    scene.look_after(20).await;
    assert_eq!(scene.recorded("R-1").await.attention_reason, "MERCHANT_BALANCE_INSUFFICIENT");
    scene.look_after(90).await;
    scene.look_after(400).await;
    let done = scene.recorded("R-1").await;
    assert_eq!((done.state(), done.attention_reason.as_str()), (RefundState::Succeeded, ""));
    assert_eq!(scene.alipay.order(&scene.alipay_app_id, &payment_no).unwrap().refunds.len(), 1);
    scene.app.finish().await;
}

/// PayPal forgets a request id after 45 days; the same refund sent then would be a second one.
#[tokio::test(flavor = "multi_thread")]
async fn r17_pitfall_04_a_refund_that_paypal_did_and_forgot_is_found_and_not_made_again() {
    let scene = Scene::start().await;
    let (payment_no, order_id, _) = scene.paid_at_paypal().await;
    scene.paypal.suppress_notifications(None);
    scene.paypal_fault(Some(1), paypal::Fault::ConnectionDropped { execution: paypal::Execution::Done });
    let lost = scene.refund("R-1", &payment_no, ("USD", 500)).await.unwrap();
    assert_eq!(lost.state(), RefundState::Pending);
    scene.look_after(46 * DAY).await;
    assert_eq!(scene.recorded("R-1").await.state(), RefundState::Succeeded);
    let refunds = &scene.paypal.order(&order_id).unwrap().captures[0].refunds;
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_a_refund_that_paypals_bank_did_not_pay_is_sent_again_under_a_successor() {
    let scene = Scene::start().await;
    let (payment_no, order_id, _) = scene.paid_at_paypal().await;
    scene.paypal_fault(Some(1), paypal::Fault::RefundPending);
    let pending = scene.refund("R-1", &payment_no, ("USD", 500)).await.unwrap();
    assert_eq!(pending.state(), RefundState::Processing, "pending is not done");
    let refund_id = scene.paypal.order(&order_id).unwrap().captures[0].refunds[0].refund_id.clone();
    scene.paypal.suppress_notifications(None);
    scene.paypal.settle_refund(&refund_id, paypal::RefundStatus::Failed).unwrap();
    scene.look_after(600).await;
    scene.look_after(600).await;
    let done = scene.recorded("R-1").await;
    assert_eq!((done.state(), done.sent_as.as_str()), (RefundState::Succeeded, "R-1-S2"));
    let order = scene.paypal.order(&order_id).unwrap();
    assert_eq!(order.given_back, 500, "{order:?}");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_paypals_180_days_are_known_before_it_is_asked() {
    let scene = Scene::start().await;
    let (payment_no, _, _) = scene.paid_at_paypal().await;
    scene.paypal_fault(None, paypal::Fault::ServiceUnavailable);
    scene.refund("R-1", &payment_no, ("USD", 500)).await.unwrap();
    let sent = || {
        let requests = scene.paypal.requests();
        requests.iter().filter(|request| request.operation == paypal::Operation::RefundCapture).count()
    };
    let before = sent();
    scene.look_after(181 * DAY).await;
    assert_eq!(sent(), before, "it was not tried");
    let owed = scene.recorded("R-1").await;
    assert_eq!(
        (owed.state(), owed.attention_reason.as_str()),
        (RefundState::Pending, "FORBIDDEN_BY_CHANNEL")
    );
    assert_eq!(scene.app.cases().await, ["REFUND_NEEDS_PERSON"]);
    let refused = scene.refund("R-2", &payment_no, ("USD", 500)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "CAPABILITY_UNSUPPORTED");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_a_dispute_at_paypal_calls_a_person_and_the_refund_goes_on_once_it_is_over() {
    let scene = Scene::start().await;
    let (payment_no, order_id, capture) = scene.paid_at_paypal().await;
    scene.paypal.open_dispute(&capture).unwrap();
    scene.refund("R-1", &payment_no, ("USD", 500)).await.unwrap();
    let waiting = scene.recorded("R-1").await;
    assert_eq!(
        (waiting.state(), waiting.attention_reason.as_str()),
        (RefundState::Pending, "FORBIDDEN_BY_CHANNEL")
    );
    scene.paypal.close_dispute(&capture).unwrap();
    scene.look_after(600).await;
    let done = scene.recorded("R-1").await;
    assert_eq!((done.state(), done.attention_reason.as_str()), (RefundState::Succeeded, ""));
    assert_eq!(scene.paypal.order(&order_id).unwrap().given_back, 500);
    scene.app.finish().await;
}
