//! Closing, and a person's cancelling.

use payment_core::{
    gateway::{CloseRequest, Gateway},
    payment::ChannelHandle,
};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{NUMBER, TRADE_NO, certainty, open, payment_no, product, refused, signed};
use crate::{
    Cancelled,
    codes::Operation,
    test_channel::{NOW, World, body, done, ok},
};

fn close_request(payable_until: Option<OffsetDateTime>) -> CloseRequest {
    let handle = payable_until.map(|expire_time| ChannelHandle { value: String::new(), expire_time });
    CloseRequest { payment_no: payment_no(), product: product("app"), handle }
}

#[test]
fn f29_section_5_9_a_close_is_proven_or_a_reason_to_ask() {
    let closed = json!({"code": "10000", "msg": "Success", "out_trade_no": NUMBER, "trade_no": TRADE_NO});
    for (answer, expected) in [
        (signed(Operation::Close, &closed), Ok(())),
        (
            refused(Operation::Close, "ACQ.TRADE_STATUS_ERROR"),
            Err("refused: CHANNEL_ALREADY_PAID".to_owned()),
        ),
        (
            refused(Operation::Close, "ACQ.REASON_ILLEGAL_STATUS"),
            Err("refused: CHANNEL_ALREADY_PAID".to_owned()),
        ),
        (refused(Operation::Close, "ACQ.SYSTEM_ERROR"), Err("unknown".to_owned())),
        (ok(body(&Operation::Close.node(), &closed.to_string(), None, None)), Err("unknown".to_owned())),
    ] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer);
        assert_eq!(certainty(done(gateway.close(&close_request(Some(NOW))))), expected);
        assert_eq!(world.http.parameters(0).get("method"), Some("alipay.trade.close"), "never a cancel");
    }
}

#[test]
fn f31_section_6_2_a_trade_that_does_not_exist_is_closed_only_once_nothing_can_be_paid_any_more() {
    let closing = |payable_until: Option<OffsetDateTime>| {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(refused(Operation::Close, "ACQ.TRADE_NOT_EXIST"));
        certainty(done(gateway.close(&close_request(payable_until))))
    };
    let not_found = Err("refused: CHANNEL_NOT_FOUND".to_owned());
    assert_eq!(closing(None), not_found, "what was handed out is not known");
    assert_eq!(closing(Some(NOW + Duration::MINUTE)), not_found);
    assert_eq!(closing(Some(NOW - Duration::minutes(2))), not_found, "clocks differ");
    assert_eq!(closing(Some(NOW - Duration::minutes(2) - Duration::SECOND)), Ok(()));
}

#[test]
fn section_5_10_a_cancel_is_a_persons_and_says_what_it_did() {
    let world = World::new();
    let gateway = open(&world);
    let node = json!({"code": "10000", "action": "refund", "out_trade_no": NUMBER, "retry_flag": "N", "trade_no": TRADE_NO});
    world.http.will(signed(Operation::Cancel, &node));
    assert_eq!(done(gateway.cancel(&payment_no())).ok(), Some(Cancelled::GivenBack));
    assert_eq!(world.http.parameters(0).get("method"), Some("alipay.trade.cancel"));
    world.http.will(refused(Operation::Cancel, "AQC.SYSTEM_ERROR"));
    assert_eq!(certainty(done(gateway.cancel(&payment_no()))), Err("unknown".to_owned()));
}
