//! Channel health: callbacks lost and late, queries that lie, calls that fail.

use std::time::Duration;

use payment_proto::v1::{BreakerState, ChannelHealth, GetChannelHealthRequest, RunJobRequest};
use payment_sandbox::wechat::{Fault, FaultRule, Operation};
use payment_tests::app::{ACCOUNT, MERCHANT};
use serde_json::json;

use super::scene::Desk;

async fn health(desk: &Desk) -> ChannelHealth {
    let request = GetChannelHealthRequest { merchant_id: MERCHANT.to_owned(), window: None };
    let mut answer = desk.of(&desk.alice).get_channel_health(request).await.unwrap().into_inner();
    assert_eq!(answer.accounts.len(), 1);
    answer.accounts.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_lost_callbacks_and_f31_lying_queries_show() {
    let desk = Desk::open().await;
    let app = &desk.app;
    let told = app.open("r-1", "A", 100).await;
    app.pay(&told).await;
    let lost = app.open("r-2", "B", 100).await;
    app.pay_unheard(&lost).await;
    app.advance(Duration::from_secs(60)).await;
    let unpaid = Fault::ReplacedField { pointer: "/trade_state".to_owned(), value: json!("NOTPAY") };
    app.fault(Operation::QueryByOutTradeNo, unpaid);
    app.sync(&lost).await;
    app.sync(&lost).await;
    app.fault(Operation::QueryByOutTradeNo, Fault::BadGateway);
    app.sync(&lost).await;
    let health = health(&desk).await;
    assert_eq!((health.channel.as_str(), health.channel_account.as_str()), ("wechat", ACCOUNT));
    let recorded = health.recorded.unwrap();
    assert_eq!((recorded.payments, recorded.succeeded), (2, 2));
    assert_eq!((recorded.told_by_callback, recorded.found_by_asking, recorded.callback_missing), (1, 1, 1));
    assert!(recorded.callback_delay_longest.is_some());
    let observed = health.observed.unwrap();
    assert_eq!((observed.query_lies, observed.unknown), (1, 1), "{observed:?}");
    assert!(observed.answered >= 4 && observed.last_failure_time.is_some());
    assert_eq!(observed.breaker(), BreakerState::Closed);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaker_that_is_open_shows_until_the_channel_answers_again() {
    let desk = Desk::open().await;
    let app = &desk.app;
    for index in 0..8 {
        app.open(&format!("r-{index}"), &format!("A-{index}"), 100).await;
    }
    let (operation, fault) = (Some(Operation::QueryByOutTradeNo), Fault::BadGateway);
    app.wechat().add_fault(FaultRule { operation, out_trade_no: None, times: None, fault });
    let breaker_after_a_look = async || {
        app.advance(Duration::from_secs(60)).await;
        let look = RunJobRequest { name: "payment-success".to_owned() };
        desk.of(&desk.alice).run_job(look).await.unwrap();
        health(&desk).await.observed.unwrap().breaker()
    };
    assert_eq!(breaker_after_a_look().await, BreakerState::Open);
    app.wechat().clear_faults();
    assert_eq!(breaker_after_a_look().await, BreakerState::Closed);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_payments_of_the_window_are_looked_at() {
    let desk = Desk::open().await;
    let old = desk.app.open("r-1", "A", 100).await;
    desk.app.pay(&old).await;
    desk.app.advance(Duration::from_secs(2 * 3600)).await;
    assert_eq!(health(&desk).await.recorded.unwrap().payments, 0);
    let window = Some(prost_types::Duration { seconds: 3 * 3600, nanos: 0 });
    let request = GetChannelHealthRequest { merchant_id: MERCHANT.to_owned(), window };
    let wider = desk.of(&desk.alice).get_channel_health(request).await.unwrap().into_inner();
    assert_eq!(wider.accounts[0].recorded.unwrap().payments, 1);
    desk.app.finish().await;
}
