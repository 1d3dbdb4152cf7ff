//! Payments, deliveries and what channels say, as the tests need them.

use payment_core::{
    case::CaseOpening,
    evidence::{ChannelEvidence, Evidence, Source},
    gateway::{Finding, PaidFinding, RawCallback, RefundFinding, RefundStatus},
    identifiers::{
        ApiKeyId, ChannelAccountId, ChannelName, ChannelNotificationId, ChannelRefundNo,
        ChannelTransactionNo, KeySerial, MerchantId, OrderNo, Payee, PaymentNo, Product, RefundNo, RequestId,
    },
    money::{Currency, Money},
    payment::{
        Allocation, ChannelHandle, Payment, PaymentTimes, allocation::AllocationState, apply::Happening,
        state::PaymentState,
    },
    ports::Randomness as _,
    refund::{
        Refund, RefundReason,
        apply::RefundHappening,
        reserve::{RefundContent, Split},
    },
};
use payment_store::{
    Delivery, NotificationRecord,
    payment::{Applied, ApplyRequest, CreateOutcome, EarlierVerdict, NewPayment},
    refund::{NewRefund, RefundApplied, RefundApplyRequest, RefundOutcome},
};
use payment_tests::database::{Counter, TestStore};
use time::{Duration, OffsetDateTime, macros::datetime};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

pub(crate) fn merchant() -> MerchantId {
    MerchantId::parse("acme").unwrap()
}

pub(crate) fn cny(fen: i64) -> Money {
    Money::new(Currency::CNY, fen)
}

pub(crate) fn order(text: &str) -> OrderNo {
    OrderNo::parse(text).unwrap()
}

pub(crate) fn payment_no(at: OffsetDateTime) -> PaymentNo {
    let mut random = [0; PaymentNo::RANDOM_BYTES];
    Counter.fill(&mut random);
    PaymentNo::generate(at, 0, random)
}

/// A payment that nobody has recorded yet, for orders of 100 fen each.
pub(crate) fn payment(request_id: &str, orders: &[&str]) -> Payment {
    let mut orders: Vec<_> = orders.iter().map(|text| order(text)).collect();
    orders.sort();
    let total = 100 * i64::try_from(orders.len()).unwrap();
    let pending = |order_no| Allocation {
        order_no,
        amount: cny(100),
        state: AllocationState::Pending,
        refund_reserved: cny(0),
    };
    Payment {
        payment_no: payment_no(NOW),
        merchant_id: merchant(),
        request_id: RequestId::parse(request_id).unwrap(),
        channel: ChannelName::parse("wechat").unwrap(),
        channel_account: ChannelAccountId::parse("main").unwrap(),
        product: Product::parse("app").unwrap(),
        payee: Payee::parse("1900000001/wx1").unwrap(),
        amount: cny(total),
        description: "书 two books".to_owned(),
        options: serde_json::json!({"openid": "o1", "limit": ["no_credit"]}),
        payer_client_ip: Some("2001:db8::1".parse().unwrap()),
        state: PaymentState::Initiating,
        revision: 0,
        allocations: orders.into_iter().map(pending).collect(),
        channel_transaction_no: None,
        handle: None,
        failure: None,
        notify_url: None,
        hold_intend_time: None,
        hold: None,
        capture_intend_time: None,
        times: PaymentTimes {
            create: NOW,
            expire: NOW + Duration::minutes(30),
            update: NOW,
            client_report: None,
            succeed: None,
            end: None,
        },
    }
}

pub(crate) fn new(payment: Payment) -> NewPayment {
    let created_by = ApiKeyId::parse("shop").unwrap();
    NewPayment { payment, created_by, signed_locally: None, trace_parent: None, verdicts: Vec::new() }
}

pub(crate) fn decided(payment: Payment, earlier: &[&Payment], verdict: EarlierVerdict) -> NewPayment {
    let verdicts = earlier.iter().map(|earlier| (earlier.payment_no.clone(), verdict)).collect();
    NewPayment { verdicts, ..new(payment) }
}

/// Records a payment against which nothing stands.
pub(crate) async fn created(on: &TestStore, request_id: &str, orders: &[&str]) -> Payment {
    record(on, &new(payment(request_id, orders))).await
}

/// Records a payment beside an earlier one.
pub(crate) async fn created_beside(
    on: &TestStore,
    request_id: &str,
    orders: &[&str],
    earlier: &Payment,
) -> Payment {
    record(on, &decided(payment(request_id, orders), &[earlier], EarlierVerdict::Tolerate)).await
}

async fn record(on: &TestStore, new: &NewPayment) -> Payment {
    let outcome = on.store.payment_create(new).await.unwrap();
    let CreateOutcome::Created(payment) = outcome else { panic!("not created: {outcome:?}") };
    payment
}

pub(crate) fn handle() -> Happening {
    Happening::Created(ChannelHandle {
        value: "wx-prepay-1".to_owned(),
        expire_time: NOW + Duration::hours(2),
    })
}

/// The channel's proof that a payment is paid, by the transaction of that number.
pub(crate) fn paid(payment: &Payment, transaction: &str) -> Happening {
    paid_amount(payment, transaction, payment.amount)
}

pub(crate) fn paid_amount(payment: &Payment, transaction: &str, amount: Money) -> Happening {
    Happening::Found(Finding::Paid(PaidFinding {
        transaction_no: transaction_no(transaction),
        amount,
        payee: payment.payee.clone(),
        paid_time: Some(NOW + Duration::seconds(7)),
    }))
}

pub(crate) fn transaction_no(text: &str) -> ChannelTransactionNo {
    ChannelTransactionNo::parse(text).unwrap()
}

pub(crate) fn key() -> KeySerial {
    KeySerial::parse("PUB_KEY_ID_01").unwrap()
}

fn words(bytes: &[u8]) -> ChannelEvidence {
    ChannelEvidence { bytes: bytes.to_vec(), verified_by: Some(key()) }
}

/// What the channel answered when it was asked.
pub(crate) fn answered(payment: &Payment, happening: Happening) -> ApplyRequest {
    ApplyRequest {
        merchant_id: payment.merchant_id.clone(),
        payment_no: payment.payment_no.clone(),
        happening,
        evidence: Evidence::of_channel(Source::QueryAnswer, words(b"{\"answer\":1}")),
        notification: None,
        now: NOW + Duration::seconds(10),
    }
}

/// What the channel said by itself.
pub(crate) fn notified(payment: &Payment, happening: Happening) -> ApplyRequest {
    let record = record_of(payment.payment_no.as_str());
    ApplyRequest {
        evidence: Evidence::of_channel(Source::Notification, words(&record.delivery.callback.body)),
        notification: Some(record),
        ..answered(payment, happening)
    }
}

/// A verified delivery about a payment number.
pub(crate) fn record_of(payment_no: &str) -> NotificationRecord {
    NotificationRecord {
        delivery: delivery(),
        verified_by: Some(key()),
        channel_notification_id: ChannelNotificationId::parse("EV-2018022511223320873").unwrap(),
        payment_no: Some(payment_no.to_owned()),
    }
}

/// A request to a callback URL. No valid UTF-8: bytes are kept as bytes.
pub(crate) fn delivery() -> Delivery {
    Delivery {
        merchant_id: merchant(),
        channel: ChannelName::parse("wechat").unwrap(),
        channel_account: ChannelAccountId::parse("main").unwrap(),
        callback: RawCallback {
            method: "POST".to_owned(),
            target: "/v1/callbacks/wechat/main?a=1".to_owned(),
            headers: vec![("wechatpay-serial".to_owned(), b"PUB_KEY_ID_01".to_vec())],
            body: b"{\"id\":\"EV-1\"}\xff\x00".to_vec(),
        },
        receive_time: NOW + Duration::seconds(9),
        replay: None,
    }
}

pub(crate) fn unknown_case(payment_no: &str) -> CaseOpening {
    CaseOpening::unknown_payment(payment_no, &transaction_no("4200009"), cny(100))
}

/// Applies what must find its payment.
pub(crate) async fn apply(on: &TestStore, request: &ApplyRequest) -> Applied {
    on.store.payment_apply(request).await.unwrap().expect("the payment is there")
}

/// The states of a payment's allocations, by order.
pub(crate) fn held(payment: &Payment) -> Vec<(&str, AllocationState)> {
    payment.allocations.iter().map(|part| (part.order_no.as_str(), part.state)).collect()
}

/// Holds every named invariant against what was recorded.
pub(crate) async fn invariants_hold(on: &TestStore) {
    let ledger = on.store.ledger().await.unwrap();
    assert_eq!(payment_core::invariant::check(&ledger), []);
}

/// A refund that a caller may ask for.
pub(crate) fn new_refund(refund_no: &str, payment: &Payment, split: Split) -> NewRefund {
    NewRefund {
        merchant_id: payment.merchant_id.clone(),
        refund_no: RefundNo::parse(refund_no).unwrap(),
        content: RefundContent {
            payment_no: payment.payment_no.clone(),
            split,
            reason: RefundReason::Return,
            description: "two books".to_owned(),
        },
        created_by: ApiKeyId::parse("shop").unwrap(),
        most_parts: 50,
        notify_url: None,
        now: NOW + Duration::minutes(1),
    }
}

/// Records a refund of a payment's only order.
pub(crate) async fn refunded(on: &TestStore, refund_no: &str, payment: &Payment, fen: i64) -> Refund {
    let new = new_refund(refund_no, payment, Split::OfOnlyOrder(cny(fen)));
    let outcome = on.store.refund_create(&new).await.unwrap();
    let RefundOutcome::Created(refund) = outcome else { panic!("not recorded: {outcome:?}") };
    *refund
}

/// What the channel says about a refund, by itself.
pub(crate) fn refund_notified(
    refund: &Refund,
    status: RefundStatus,
    channel_refund_no: &str,
) -> RefundApplyRequest {
    let record = record_of(refund.payment_no.as_str());
    let finding = RefundFinding {
        refund_no: refund.sent_as.clone(),
        payment_no: refund.payment_no.clone(),
        channel_refund_no: Some(ChannelRefundNo::parse(channel_refund_no).unwrap()),
        amount: Some(refund.amount),
        status,
        refunded_time: None,
    };
    RefundApplyRequest {
        merchant_id: refund.merchant_id.clone(),
        number: refund.sent_as.clone(),
        happening: RefundHappening::Found(finding),
        evidence: Evidence::of_channel(Source::Notification, words(&record.delivery.callback.body)),
        notification: Some(record),
        now: NOW + Duration::minutes(2),
    }
}

/// Applies what must find its refund.
pub(crate) async fn refund_apply(on: &TestStore, request: &RefundApplyRequest) -> RefundApplied {
    on.store.refund_apply(request).await.unwrap().expect("the refund is there")
}
