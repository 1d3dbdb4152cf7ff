//! Transactions that lose a race are run again; the channel is called once all the same (F17).

use payment_proto::v1::{CreateRefundRequest, PaymentState, RefundReason, create_refund_request};
use payment_sandbox::{
    alipay::InvokeOptions,
    paypal::{ApproveOptions, Funding},
    wechat::PayOptions,
};
use payment_tests::requests::{app_payment, order};

use super::scene::{Scene, alipay_app, paypal_checkout, paypal_order, sdk_text};

/// Each transaction that writes a change loses at its first try, as PostgreSQL lets some lose under load.
const LOSE_FIRST: &str = "\
    CREATE SEQUENCE losses; \
    CREATE FUNCTION lose_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF nextval('losses') % 2 = 1 THEN \
            RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure'; \
        END IF; \
        RETURN NEW; END $$; \
    CREATE TRIGGER lose_first BEFORE INSERT ON payment_transition FOR EACH ROW EXECUTE FUNCTION lose_first(); \
    CREATE TRIGGER lose_first BEFORE INSERT ON refund_transition FOR EACH ROW EXECUTE FUNCTION lose_first()";

#[tokio::test(flavor = "multi_thread")]
async fn f17_a_transaction_that_loses_a_race_is_run_again_and_its_channel_is_called_once() {
    let scene = Scene::start().await;
    scene.app.observer.batch_execute(LOSE_FIRST).await.unwrap();
    let wechat = scene.app.create(app_payment("r-1", "A", 100)).await.payment.unwrap().payment_no;
    scene.app.wechat().pay(scene.app.mchid(), &wechat, &PayOptions::default()).unwrap();
    scene.app.wechat().settled().await;
    let alipay = scene.app.create(alipay_app("r-2", "B", 100)).await;
    scene.alipay.invoke(&sdk_text(alipay.payment_data), &InvokeOptions::default()).unwrap();
    scene.alipay.settled().await;
    let paypal = scene.app.create(paypal_checkout("r-3", "C", "USD", 1999)).await;
    let order_id = paypal_order(paypal.payment_data);
    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    scene.paypal.settled().await;
    let paypal = paypal.payment.unwrap().payment_no;
    assert_eq!(scene.app.sync(&paypal).await.0, PaymentState::Succeeded);
    let alipay = alipay.payment.unwrap().payment_no;

    for (index, payment_no) in [&wechat, &alipay, &paypal].into_iter().enumerate() {
        assert_eq!(scene.app.state(payment_no).await, PaymentState::Succeeded, "{payment_no}");
        let mut refund = CreateRefundRequest {
            refund_no: format!("R-{index}"),
            payment: Some(create_refund_request::Payment::PaymentNo(payment_no.clone())),
            extent: Some(create_refund_request::Extent::Amount(order("", 40).amount.unwrap())),
            ..CreateRefundRequest::default()
        };
        if payment_no == &paypal {
            let dollars = payment_proto::v1::Money { currency_code: "USD".to_owned(), minor_units: 40 };
            refund.extent = Some(create_refund_request::Extent::Amount(dollars));
        }
        refund.set_reason(RefundReason::Return);
        scene.app.refunds().create_refund(refund).await.unwrap();
    }
    assert!(scene.app.number("SELECT last_value FROM losses").await > 10, "races were lost");
    let at_wechat = scene.app.wechat().order(scene.app.mchid(), &wechat).unwrap();
    assert_eq!((at_wechat.prepays, at_wechat.refunds.len()), (1, 1), "{at_wechat:?}");
    let at_alipay = scene.alipay.order(&scene.alipay_app_id, &alipay).unwrap();
    assert_eq!((at_alipay.given_back, at_alipay.refunds.len()), (40, 1), "{at_alipay:?}");
    let at_paypal = scene.paypal.orders_of(&paypal);
    assert_eq!(at_paypal.len(), 1, "{at_paypal:?}");
    let captures = &at_paypal[0].captures;
    assert_eq!((captures.len(), captures[0].refunds.len()), (1, 1), "{captures:?}");
    scene.app.finish().await;
}
