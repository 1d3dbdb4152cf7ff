//! SIGTERM: what was begun is finished, whether its caller waits or not.

use nix::sys::signal::Signal;
use payment_core::payment::state::PaymentState;
use payment_sandbox::wechat::{Fault, FaultRule, Operation};
use payment_tests::{database, requests::app_payment};

use crate::{
    process::Death,
    world::{World, create},
};

/// The channel answers the next create after so many seconds.
fn slow_create(world: &World, seconds: u64) {
    world.wechat().add_fault(FaultRule {
        operation: Some(Operation::Prepay),
        out_trade_no: None,
        times: Some(1),
        fault: Fault::SlowAnswer { seconds },
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_waits_for_its_channel_is_answered_before_the_end() {
    let world = World::new().await;
    let observer = database::connect(world.database.url()).await;
    let server = world.server(None).await;
    let mut caller = world.caller(&server).await;
    slow_create(&world, 2);
    let call = tokio::spawn(async move { create(&mut caller, app_payment("r-1", "A", 100)).await });
    database::until(&observer, "EXISTS (SELECT FROM payment)").await;
    server.terminate();

    let (payment_no, created) = call.await.unwrap();
    assert!(created.payment_data.is_some());
    let (death, log) = server.death().await;
    assert_eq!(death, Death::Exit(0), "{log}");
    let ledger = world.audit().await;
    assert_eq!(ledger.payments[0].payment_no.as_str(), payment_no);
    assert_eq!(ledger.payments[0].state, PaymentState::AwaitingPayer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_caller_hung_up_is_recorded_before_the_end() {
    let world = World::new().await;
    let observer = database::connect(world.database.url()).await;
    let server = world.server(None).await;
    let mut caller = world.caller(&server).await;
    slow_create(&world, 2);
    let call = tokio::spawn(async move { caller.create_payment(app_payment("r-1", "A", 100)).await });
    database::until(&observer, "EXISTS (SELECT FROM payment)").await;
    call.abort();
    server.terminate();
    let (death, log) = server.death().await;
    assert_eq!(death, Death::Exit(0), "{log}");
    assert_eq!(world.audit().await.payments[0].state, PaymentState::AwaitingPayer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_and_nothing_is_lost() {
    let world = World::new().await;
    let observer = database::connect(world.database.url()).await;
    let server = world.server(None).await;
    let mut caller = world.caller(&server).await;
    slow_create(&world, 3600);
    let call = tokio::spawn(async move { caller.create_payment(app_payment("r-1", "A", 100)).await });
    database::until(&observer, "EXISTS (SELECT FROM payment)").await;
    // Signals of one kind that come at once are one, so the second is of the other kind.
    server.terminate();
    server.signal(Signal::SIGINT);
    let (death, log) = server.death().await;
    assert_eq!(death, Death::Exit(1), "{log}");
    call.await.unwrap().unwrap_err();
    // The first server may have died before its create left.
    world.wechat().clear_faults();

    let server = world.server(None).await;
    let (_, created) = create(&mut world.caller(&server).await, app_payment("r-1", "A", 100)).await;
    world.pay(&created);
    world.wechat().settled().await;
    world.end(server).await;
    assert_eq!(world.audit().await.payments[0].state, PaymentState::Succeeded);
}
