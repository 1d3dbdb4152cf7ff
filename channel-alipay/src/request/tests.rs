//! The exact contents of each request.

use super::*;
use crate::{
    product::AlipayProduct,
    test_channel::{APP_ID, APP_KEY, CONTENT_KEY, NOW, SELLER_ID},
};
use payment_core::money::Currency;
use proptest::prelude::*;
use serde_json::json;
use time::macros::datetime;

fn payment(product: &str) -> CreateRequest {
    CreateRequest {
        payment_no: PaymentNo::parse("P202703010000000000000000000000").expect("a number"),
        product: payment_core::identifiers::Product::parse(product).expect("a product"),
        amount: Money::new(Currency::CNY, 5),
        description: "月度会员 \"A\"".to_owned(),
        expire_time: datetime!(2027-03-01 16:30:00.987 UTC),
        notify_url: "https://gw.example.com/v1/callbacks/alipay/main?a=1&b=2".parse().expect("a URL"),
        options: serde_json::Value::Null,
        payer_ip: Some("2001:db8::1".parse().expect("an address")),
    }
}

fn barcode() -> Call {
    let given = json!({"auth_code": "280000000000000001", "store_id": "S1"});
    let options = crate::options::read(AlipayProduct::Barcode, &given).expect("options");
    create(Operation::Pay, "OFFLINE_PAYMENT", SELLER_ID, &options, &payment("barcode")).expect("a call")
}

#[test]
fn a_payment_has_these_bytes_each_time() {
    let expected = concat!(
        r#"{"out_trade_no":"P202703010000000000000000000000","total_amount":"0.05","subject":"月度会员 \"A\"","#,
        r#""product_code":"OFFLINE_PAYMENT","seller_id":"2088000000000001","time_expire":"2027-03-02 00:30:00","#,
        r#""store_id":"S1","scene":"bar_code","auth_code":"280000000000000001","#,
        r#""business_params":{"mc_create_trade_ip":"2001:db8::1"}}"#
    );
    assert_eq!((barcode().biz_content.as_str(), barcode()), (expected, barcode()));
    assert!(!format!("{:?}", barcode()).contains("2800"), "a payer's code is not shown");
}

#[test]
fn times_of_requests_are_gmt8() {
    let identity = Identity { app_id: APP_ID.to_owned(), certificates: None };
    let key = AppKey::parse(&APP_KEY.into()).expect("a key");
    let elsewhere = NOW.to_offset(time::macros::offset!(-5));
    let parameters = signed(&barcode(), &identity, &key, None, elsewhere).expect("signed");
    assert_eq!(parameters["timestamp"], "2027-03-01 12:30:45");
}

#[test]
fn encrypted_contents_are_signed_as_ciphertext() {
    let identity = Identity { app_id: APP_ID.to_owned(), certificates: None };
    let key = AppKey::parse(&APP_KEY.into()).expect("a key");
    let content_key = ContentKey::parse(&CONTENT_KEY.into()).expect("a key");
    let parameters = signed(&barcode(), &identity, &key, Some(&content_key), NOW).expect("signed");
    assert_eq!(content_key.decrypt(&parameters["biz_content"]), Ok(barcode().biz_content));
    let text = sign::content(
        parameters.iter().filter(|(name, _)| **name != "sign").map(|(name, value)| (*name, value.as_str())),
    );
    assert!(text.contains("&encrypt_type=AES&") && !text.contains("auth_code"));
    assert_eq!(key.sign(&text).as_ref(), Ok(&parameters["sign"]));
}

#[test]
fn handles_bring_the_call_back() {
    let call = Call { return_url: Some("https://shop.example/done?x=1&y=2".to_owned()), ..barcode() };
    assert_eq!(Call::from_handle(Operation::Pay, &call.to_handle()), Some(call));
    for wrong in ["", "prepay_id", "biz_content=", "biz_content=1&biz_content=2", "biz_content=%zz"] {
        assert_eq!(Call::from_handle(Operation::AppPay, wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn r28_every_amount_survives_text_and_back(fen in 0_i64..=i64::MAX) {
        let amount = Money::new(Currency::CNY, fen);
        prop_assert_eq!(crate::response::yuan(&yuan(amount)), Some(amount));
    }
}
