//! What these stories begin from: a refund, a job's look, an order that is paid twice, the channel's books.

use std::time::Duration;

use payment_proto::v1::{
    CreateRefundRequest, GetRefundRequest, Money, Refund, RefundPart, RefundReason, RefundSplit,
    create_refund_request::{Extent, Payment},
};
use payment_sandbox::wechat::{Fault, FaultRule, Landing, LedgerRefund, Operation, PayOptions, RefundStatus};
use payment_server::jobs::{Job, Report};
use payment_tests::{app::TestApp, requests::app_payment_of};
use tonic::Status;

pub(super) fn fen(minor_units: i64) -> Money {
    Money { currency_code: "CNY".to_owned(), minor_units }
}

/// A refund of a payment's only order.
pub(super) fn refund(refund_no: &str, payment_no: &str, amount: i64) -> CreateRefundRequest {
    CreateRefundRequest {
        refund_no: refund_no.to_owned(),
        payment: Some(Payment::PaymentNo(payment_no.to_owned())),
        extent: Some(Extent::Amount(fen(amount))),
        reason: RefundReason::Return.into(),
        description: "came back".to_owned(),
    }
}

/// A refund of parts of a payment's orders.
pub(super) fn refund_split(refund_no: &str, payment_no: &str, parts: &[(&str, i64)]) -> CreateRefundRequest {
    let part = |(order_no, amount): &(&str, i64)| RefundPart {
        order_no: (*order_no).to_owned(),
        amount: Some(fen(*amount)),
    };
    let split = RefundSplit { parts: parts.iter().map(part).collect() };
    CreateRefundRequest { extent: Some(Extent::Split(split)), ..refund(refund_no, payment_no, 1) }
}

pub(super) async fn ask(app: &TestApp, request: CreateRefundRequest) -> Result<Refund, Status> {
    let answer = app.refunds().create_refund(request).await?;
    Ok(answer.into_inner().refund.unwrap())
}

pub(super) async fn recorded(app: &TestApp, refund_no: &str) -> Refund {
    let request = GetRefundRequest { refund_no: refund_no.to_owned() };
    app.refunds().get_refund(request).await.unwrap().into_inner().refund.unwrap()
}

/// Moves the clock so far that every open refund is due, and looks.
pub(super) async fn look_later(app: &TestApp, job: Job, minutes: u64) -> Report {
    app.advance(Duration::from_secs(60 * minutes)).await;
    app.run_job(job).await
}

/// A payment of one order that is paid, by its number.
pub(super) async fn paid(app: &TestApp, order_no: &str, amount: i64) -> String {
    let payment_no = app.open(&format!("request-{order_no}"), order_no, amount).await;
    app.pay(&payment_no).await;
    payment_no
}

/// The first attempt is closed, the second paid, and then the money of the first arrives: its number and the second's.
pub(super) async fn paid_twice(
    app: &TestApp,
    orders: &[(&str, i64)],
    others: &[(&str, i64)],
) -> (String, String) {
    let open = async |request: &str, orders: &[(&str, i64)]| {
        payment_tests::requests::payment_no(&app.create(app_payment_of(request, orders)).await)
    };
    let label = orders[0].0;
    let first = open(&format!("first-{label}"), orders).await;
    app.close(&first).await;
    let second = open(&format!("second-{label}"), others).await;
    app.pay(&second).await;
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    app.wechat().pay(app.mchid(), &first, &late).unwrap();
    app.wechat().settled().await;
    (first, second)
}

/// The channel's refunds of a payment.
pub(super) fn at_channel(app: &TestApp, payment_no: &str) -> Vec<LedgerRefund> {
    app.wechat().order(app.mchid(), payment_no).unwrap().refunds
}

/// The channel lets a refund arrive and says so.
pub(super) async fn arrives(app: &TestApp, refund_no: &str) {
    app.wechat().settle_refund(app.mchid(), refund_no, RefundStatus::Success).unwrap();
    app.wechat().settled().await;
}

/// An accident that befalls the channel's next `times` requests of an operation.
pub(super) fn faults(app: &TestApp, operation: Operation, times: Option<u32>, fault: Fault) {
    app.wechat().add_fault(FaultRule { operation: Some(operation), out_trade_no: None, times, fault });
}

const COUNTED: u32 = 1_000_000;

/// Counts the requests of an operation from now on: the accident does no harm, and the channel notes how often it came.
pub(super) fn count(app: &TestApp, operation: Operation) {
    faults(app, operation, Some(COUNTED), Fault::ExtraFields);
}

pub(super) fn counted(app: &TestApp, operation: Operation) -> u32 {
    let rules = app.wechat().faults();
    let rule =
        rules.iter().find(|rule| rule.operation == Some(operation) && rule.fault == Fault::ExtraFields);
    COUNTED - rule.unwrap().times.unwrap()
}

/// Ends a story: our books against the channel's, order by order, and every invariant.
pub(super) async fn finish(app: TestApp) {
    app.wechat().settled().await;
    for order in app.wechat().ledger().orders {
        let sql = |what: &str| {
            format!(
                "SELECT coalesce(sum(amount), 0)::bigint FROM {what} AND payment_no = '{}'",
                order.out_trade_no
            )
        };
        assert_eq!(app.number(&sql("payment WHERE state = 'SUCCEEDED'")).await, order.taken, "{order:?}");
        assert_eq!(app.number(&sql("refund WHERE state = 'SUCCEEDED'")).await, order.given_back, "{order:?}");
        assert!(order.given_back + order.being_given_back <= order.taken, "{order:?}");
    }
    app.finish().await;
}
