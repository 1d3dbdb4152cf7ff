//! Many at once over the same orders: one live attempt, one success, one truth.

use futures::future::join_all;
use payment_proto::v1::{ClientResult, CreatePaymentRequest, PaymentState};
use payment_sandbox::wechat::{PayOptions, TradeState};
use payment_tests::{
    app::TestApp,
    refusal::Refusal,
    requests::{app_payment, app_payment_of, payment_no},
};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn r11_200_clients_at_one_order_get_one_live_attempt_that_is_paid_once() {
    let app = TestApp::start().await;
    let mut numbers = BTreeSet::new();
    let mut waiting: Vec<usize> = (0..200).collect();
    // A busy machine may refuse some, clearly; they come back, as callers do.
    for _ in 0..20 {
        if waiting.is_empty() {
            break;
        }
        let answers = join_all(waiting.iter().map(|index| {
            let (mut client, request) = (app.payments(), app_payment(&format!("r-{index}"), "A", 100));
            async move { (*index, client.create_payment(request).await) }
        }))
        .await;
        waiting = answers
            .into_iter()
            .filter_map(|(index, answer)| match answer {
                Ok(created) => {
                    assert!(created.get_ref().payment_data.is_some());
                    numbers.insert(payment_no(created.get_ref()));
                    None
                }
                Err(status) => {
                    let refusal = Refusal::of(&status);
                    let clear = [
                        "CONCURRENT_CHANGE",
                        "EARLIER_ATTEMPT_UNRESOLVED",
                        "STORE_UNAVAILABLE",
                        "DEADLINE_EXCEEDED",
                    ];
                    assert!(clear.contains(&refusal.reason.as_str()), "{refusal:?}");
                    Some(index)
                }
            })
            .collect();
    }
    assert!(waiting.is_empty(), "never served: {waiting:?}");
    let live: Vec<_> =
        app.wechat().ledger().orders.into_iter().filter(|order| order.state == TradeState::NotPay).collect();
    assert_eq!(live.len(), 1, "one live attempt");
    assert!(numbers.contains(&live[0].out_trade_no));
    assert_eq!((numbers.len(), live[0].prepays), (1, 1), "one number, announced once");
    app.pay(&live[0].out_trade_no).await;
    assert_eq!(app.order("A").await.effective_payment_no, live[0].out_trade_no);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_50_copies_of_one_request_at_once_are_one_payment() {
    let app = TestApp::start().await;
    let answers = join_all((0..50).map(|_| {
        let mut client = app.payments();
        async move { client.create_payment(app_payment("r-1", "A", 100)).await }
    }))
    .await;
    let numbers: BTreeSet<_> =
        answers.into_iter().map(|answer| payment_no(&answer.unwrap().into_inner())).collect();
    assert_eq!(numbers.len(), 1);
    let orders = app.wechat().ledger().orders;
    assert_eq!((orders.len(), orders[0].prepays), (1, 1));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_f14_baskets_that_overlap_in_every_order_never_lock_each_other_out() {
    let app = TestApp::start().await;
    let baskets = [
        ["A", "B", "C"],
        ["C", "B", "A"],
        ["B", "C", "D"],
        ["D", "A", "C"],
        ["D", "C", "B"],
        ["A", "D", "B"],
    ];
    let answers = join_all((0..36).map(|index| {
        let orders = baskets[index % 6].map(|order_no| (order_no, 10));
        let mut client = app.payments();
        async move { client.create_payment(app_payment_of(&format!("r-{index}"), &orders)).await }
    }))
    .await;
    for answer in answers {
        if let Err(status) = answer {
            let refusal = Refusal::of(&status);
            let clear = ["CONCURRENT_CHANGE", "EARLIER_ATTEMPT_UNRESOLVED"];
            assert!(clear.contains(&refusal.reason.as_str()), "{refusal:?}");
        }
    }
    one_live_attempt_for_each_order(&app).await;
    app.finish().await;
}

/// No order can be paid by two attempts, in our records and at the channel.
async fn one_live_attempt_for_each_order(app: &TestApp) {
    let doubled =
        "SELECT order_no FROM allocation WHERE state = 'PENDING' GROUP BY order_no HAVING count(*) > 1";
    assert_eq!(app.texts(doubled).await, Vec::<String>::new());
    let live: Vec<_> =
        app.wechat().ledger().orders.into_iter().filter(|order| order.state == TradeState::NotPay).collect();
    let open = app
        .texts(
            "SELECT payment_no FROM payment WHERE state IN ('INITIATING','AWAITING_PAYER','CLIENT_REPORTED')",
        )
        .await;
    for order in live {
        assert!(open.contains(&order.out_trade_no), "{} is payable and not in our sight", order.out_trade_no);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r25_f12_f13_f16_creating_paying_notifying_confirming_and_closing_at_once_end_in_one_truth() {
    let app = TestApp::start().await;
    for round in 0..8 {
        let order_no = format!("order-{round}");
        let first = app.open(&format!("first-{round}"), &order_no, 100).await;
        let others: Vec<CreatePaymentRequest> = (0..6)
            .map(|index| {
                app_payment(&format!("other-{round}-{index}"), &order_no, 100 + i64::from(index % 2))
            })
            .collect();
        let creates = join_all(others.into_iter().map(|request| {
            let mut client = app.payments();
            async move { client.create_payment(request).await }
        }));
        let confirms = join_all((0..4).map(|_| app.confirm(&first, ClientResult::Paid)));
        let closes = join_all((0..round % 3).map(|_| app.close(&first)));
        let syncs = join_all((0..4).map(|_| app.sync(&first)));
        let payer = async {
            // It may be closed already: then the payer's app says so.
            let paid = app.wechat().pay(app.mchid(), &first, &PayOptions::default());
            if paid.is_ok() {
                app.wechat().resend_notification(app.mchid(), &first, 8).await.unwrap();
            }
            paid.is_ok()
        };
        let (.., paid, created) = futures::join!(confirms, closes, syncs, payer, creates);
        app.wechat().settled().await;
        for refused in created.into_iter().filter_map(Result::err) {
            let refusal = Refusal::of(&refused);
            let clear = ["ORDER_ALREADY_PAID", "CONCURRENT_CHANGE", "EARLIER_ATTEMPT_UNRESOLVED"];
            assert!(clear.contains(&refusal.reason.as_str()), "{refusal:?}");
        }
        if paid {
            assert_eq!(app.state(&first).await, PaymentState::Succeeded, "round {round}");
            assert_eq!(app.order(&order_no).await.effective_payment_no, first);
        }
    }
    one_live_attempt_for_each_order(&app).await;
    let taken: i64 = app.wechat().ledger().orders.iter().map(|order| order.taken).sum();
    let recorded = "SELECT coalesce(sum(amount), 0)::bigint FROM payment WHERE state = 'SUCCEEDED'";
    assert_eq!(app.number(recorded).await, taken, "our books and the channel's");
    app.finish().await;
}
