//! Traps of Alipay's documents that no other file here is about, named after the section that sets them.

use payment_core::{
    gateway::{CloseRequest, Finding, Gateway, GatewayError, PaidFinding, RefundQueryRequest},
    ports::{HttpError, HttpResponse},
};
use serde_json::{Value, json};

use super::{
    NUMBER, TRADE_NO, certainty, cny, create_request, open, paid_trade, payment_no,
    payments::query_request,
    product,
    refunds::{refund_no, refund_request},
    refused, signed, trade,
};
use crate::{
    AlipayGateway,
    codes::Operation,
    test_channel::{OTHER_KEY, World, answer, done, ok},
};

fn found(node: &Value) -> Finding {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(signed(Operation::Query, node));
    done(gateway.query(&query_request())).expect("an answer").finding
}

fn paid(node: &Value) -> PaidFinding {
    let Finding::Paid(paid) = found(node) else { panic!("unpaid: {node}") };
    paid
}

/// Vouchers and points lower what is received and what is paid, down to nothing.
#[test]
fn section_5_8_the_order_s_amount_counts_and_not_what_discounts_leave_of_it() {
    for (received, payers_own) in [("80.00", "70.00"), ("88.88", "0.00"), ("0.00", "0.00")] {
        let mut node = paid_trade("TRADE_SUCCESS");
        node["receipt_amount"] = json!(received);
        node["buyer_pay_amount"] = json!(payers_own);
        assert_eq!(paid(&node).amount, cny(8888), "{received} {payers_own}");
    }
}

/// A refund shows in a query only once it is whole, and then as an end that unpaid trades have too.
#[test]
fn section_5_8_a_partly_refunded_trade_is_paid_with_its_whole_amount() {
    let mut node = paid_trade("TRADE_SUCCESS");
    node["refund_fee"] = json!("8.88");
    assert_eq!((paid(&node).amount, paid(&node).transaction_no.as_str()), (cny(8888), TRADE_NO));
}

/// What fails carries its amounts all the same, as `0.00`.
#[test]
fn sections_5_8_6_4_11_zeros_in_a_failed_answer_are_no_figures() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(refused(Operation::Query, "ACQ.TRADE_NOT_EXIST"));
    assert_eq!(done(gateway.query(&query_request())).expect("an answer").finding, Finding::NotFound);
    world.http.will(refused(Operation::Refund, "ACQ.SELLER_BALANCE_NOT_ENOUGH"));
    let refusal = certainty(done(gateway.refund(&refund_request())));
    assert_eq!(refusal, Err("refused: MERCHANT_BALANCE_INSUFFICIENT".to_owned()));
    let closed = trade("TRADE_CLOSED");
    assert_eq!(closed["receipt_amount"], json!("0.00"));
    assert_eq!(found(&closed), Finding::Closed, "zeros move no money");
}

/// The notice of a refund goes where that of its payment went; an address in the refund would be read by nobody.
#[test]
fn section_5_11_a_refund_names_no_address_for_its_notice() {
    let world = World::new();
    let gateway = open(&world);
    let node = json!({"code": "10000", "fund_change": "Y", "out_trade_no": NUMBER, "trade_no": TRADE_NO});
    world.http.will(signed(Operation::Refund, &node));
    done(gateway.refund(&refund_request())).expect("an answer");
    assert_eq!(world.http.parameters(0).get("notify_url"), None);
    assert_eq!(world.http.content(0).get("notify_url"), None);
}

/// One call of each kind, and what it leaves open.
fn asked(gateway: &AlipayGateway, operation: Operation) -> Result<(), GatewayError> {
    match operation {
        Operation::Precreate => done(gateway.create(&create_request("precreate", json!({})))).map(drop),
        Operation::Pay => {
            let code = json!({"auth_code": "280000000000000001"});
            done(gateway.create(&create_request("barcode", code))).map(drop)
        }
        Operation::Query => done(gateway.query(&query_request())).map(drop),
        Operation::Close => {
            let request = CloseRequest { payment_no: payment_no(), product: product("app"), handle: None };
            done(gateway.close(&request)).map(drop)
        }
        Operation::Cancel => done(gateway.cancel(&payment_no())).map(drop),
        Operation::Refund => done(gateway.refund(&refund_request())).map(drop),
        Operation::QueryRefund => {
            let (refund_no, payment_no) = (refund_no(), payment_no());
            let request = RefundQueryRequest { refund_no, payment_no, channel_refund_no: None };
            done(gateway.query_refund(&request)).map(drop)
        }
        Operation::AppPay | Operation::WapPay | Operation::PagePay | Operation::DownloadCertificate => {
            panic!("{operation:?} is no call of the trait's")
        }
    }
}

#[test]
fn r05_f21_section_6_3_an_unknown_result_of_any_call_stays_unknown() {
    let calls = [
        Operation::Precreate,
        Operation::Pay,
        Operation::Query,
        Operation::Close,
        Operation::Cancel,
        Operation::Refund,
        Operation::QueryRefund,
    ];
    for operation in calls {
        let system_error = |code: &str, sub_code: &str| {
            signed(operation, &json!({"code": code, "sub_code": sub_code, "out_trade_no": NUMBER}))
        };
        let success = json!({"code": "10000", "out_trade_no": NUMBER, "fund_change": "Y"});
        let answers: [Result<HttpResponse, HttpError>; 7] = [
            Err(HttpError::Unknown("timeout".to_owned())),
            system_error("20000", "aop.ACQ.SYSTEM_ERROR"),
            system_error("20000", "isp.unknow-error"),
            system_error("40004", "ACQ.SYSTEM_ERROR"),
            system_error("40004", "AQC.SYSTEM_ERROR"),
            ok(answer(operation, &success, OTHER_KEY, None)),
            ok(b"<html>502</html>".to_vec()),
        ];
        for (index, answer) in answers.into_iter().enumerate() {
            let world = World::new();
            let gateway = open(&world);
            world.http.will(answer);
            let outcome = certainty(asked(&gateway, operation));
            assert_eq!(outcome, Err("unknown".to_owned()), "{operation:?} {index}");
        }
    }
}

/// Sent again under the same number and with the same bytes, never under a new one.
#[test]
fn r17_section_6_3_a_refund_with_an_unknown_result_is_repeated_as_it_is() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(Err(HttpError::Unknown("timeout".to_owned())));
    let node = json!({"code": "10000", "fund_change": "N", "out_trade_no": NUMBER, "trade_no": TRADE_NO});
    world.http.will(signed(Operation::Refund, &node));
    assert!(done(gateway.refund(&refund_request())).is_err());
    done(gateway.refund(&refund_request())).expect("an answer");
    assert_eq!(world.http.request(0).body, world.http.request(1).body);
    assert_eq!(world.http.content(1)["out_request_no"], json!("R-1"));
}
