//! Three servers with their schedulers, one of which is killed in the middle of the work: the others take it over.

use futures::future::join_all;
use nix::sys::signal::Signal;
use payment_proto::v1::{CreateRefundRequest, RefundReason, create_refund_request};
use payment_sandbox::wechat::{Balance, Execution, Fault, FaultRule, KeyMode, Operation, RefundStatus};
use payment_tests::{
    app::free_address,
    database,
    requests::{app_payment, order},
};

use crate::{
    process::Death,
    world::{World, create},
};

const REFUNDS: usize = 90;
const BEFORE: usize = 20;

fn refund(number: usize, payment_no: &str) -> CreateRefundRequest {
    let mut request = CreateRefundRequest {
        refund_no: format!("R-{number}"),
        payment: Some(create_refund_request::Payment::PaymentNo(payment_no.to_owned())),
        extent: Some(create_refund_request::Extent::Amount(order("A", 40).amount.unwrap())),
        ..Default::default()
    };
    request.set_reason(RefundReason::Return);
    request
}

/// The channel fails at first, so that all refunds are left to the schedulers.
async fn refunds_that_wait(world: &World) {
    world.wechat().set_balance(world.mchid(), Balance { available: 1_000_000, unsettled: 0 }).unwrap();
    world.wechat().add_fault(FaultRule {
        operation: Some(Operation::CreateRefund),
        out_trade_no: None,
        times: None,
        fault: Fault::SystemError { execution: Execution::Skipped },
    });
    let server = world.server_with("idle", "[jobs]\n", "[jobs]\nenabled = false\n").await;
    join_all((0..REFUNDS).map(async |number| {
        let mut caller = world.caller(&server).await;
        let request = app_payment(&format!("r-{number}"), &format!("order-{number}"), 100);
        let (payment_no, created) = create(&mut caller, request).await;
        world.pay(&created);
        world.wechat().settled().await;
        world.refunds(&server).await.create_refund(refund(number, &payment_no)).await.unwrap();
    }))
    .await;
    world.end(server).await;
    world.wechat().clear_faults();
}

fn at_channel(world: &World) -> Vec<usize> {
    world.wechat().ledger().orders.iter().map(|order| order.refunds.len()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_r22_f18_refunds_of_a_server_that_kill_9_met_in_the_middle_are_done_by_the_others_once_each() {
    let jobs = "[jobs]\ninterval_milliseconds = 100\nlease_seconds = 10\nbatch = 8\ncalls_in_flight = 2\n";
    let world = World::with_sections(KeyMode::PublicKey, jobs).await;
    let observer = database::connect(world.database.url()).await;
    refunds_that_wait(&world).await;
    assert_eq!(at_channel(&world), vec![0; REFUNDS]);
    let due = "UPDATE refund SET next_check_time = create_time, checks = 0";
    observer.execute(due, &[]).await.unwrap();
    // The first hears the channel's notifications.
    let heard = format!("listen = \"{}\"", world.callbacks);
    let beside =
        async |name: &str| world.server_with(name, &heard, &format!("listen = \"{}\"", free_address())).await;
    let (first, second, doomed) = tokio::join!(world.server(None), beside("second"), beside("doomed"));
    while at_channel(&world).iter().sum::<usize>() < BEFORE {
        observer.query_one("SELECT pg_sleep(0.01)::text", &[]).await.unwrap();
    }
    doomed.kill();
    assert_eq!(doomed.death().await.0, Death::Signal(Signal::SIGKILL));
    while at_channel(&world).iter().sum::<usize>() < REFUNDS {
        observer.query_one("SELECT pg_sleep(0.05)::text", &[]).await.unwrap();
    }
    for refund in world.wechat().ledger().orders.into_iter().flat_map(|order| order.refunds) {
        world.wechat().settle_refund(world.mchid(), &refund.out_refund_no, RefundStatus::Success).unwrap();
    }
    let open = "SELECT count(*) FROM refund WHERE state <> 'SUCCEEDED'";
    while observer.query_one(open, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        observer.query_one("SELECT pg_sleep(0.05)::text", &[]).await.unwrap();
    }
    for server in [first, second] {
        world.end(server).await;
    }
    let books = world.wechat().ledger().orders;
    assert!(books.iter().all(|order| (order.refunds.len(), order.given_back) == (1, 40)), "{books:?}");
    world.audit().await;
}
