//! A restart in the middle of a channel's outage: the server must serve again, for this merchant and for all others.

use payment_core::merchant_event::MerchantEvent;
use payment_sandbox::wechat::{Execution, Fault, FaultRule, KeyMode, Operation};
use payment_tests::requests::app_payment;

use crate::world::{World, create, told};

#[tokio::test(flavor = "multi_thread")]
async fn r05_a_server_starts_though_its_channel_cannot_be_asked_for_certificates() {
    let world = World::with_keys(KeyMode::PlatformCertificate).await;
    world.wechat().add_fault(FaultRule {
        operation: Some(Operation::DownloadCertificates),
        out_trade_no: None,
        times: Some(1),
        fault: Fault::ConnectionDropped { execution: Execution::Skipped },
    });
    let server = world.server(None).await;
    assert!(world.wechat().faults().is_empty(), "the start did not ask for certificates");
    let (_, created) = create(&mut world.caller(&server).await, app_payment("r-1", "A", 100)).await;
    world.pay(&created);
    world.wechat().settled().await;
    world.end(server).await;
    assert_eq!(told(&world.audit().await, MerchantEvent::PaymentSucceeded), 1);
}
