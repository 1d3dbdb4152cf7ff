//! What is taken for an answer, and what is not.

use super::*;
use proptest::prelude::*;

const NODE: &str = "alipay_trade_query_response";

fn envelope(text: &str) -> Result<String, Unreadable> {
    Envelope::read(text.as_bytes(), NODE).map(|envelope| envelope.node)
}

#[test]
fn f44_a_node_is_taken_as_it_stands_with_braces_and_quotes_in_its_texts() {
    let node = r#"{"msg":"}\"{\\","sign":"{","n":{"alipay_trade_query_response":{}},  "slash":"\/" }"#;
    let text = format!("{{ \"{NODE}\" :\n {node} , \"sign\":\"AA\\/BB==\",\"alipay_cert_sn\":\"13ec\"}}");
    let read = Envelope::read(text.as_bytes(), NODE).expect("an envelope");
    assert_eq!(read.node, node);
    assert_eq!(read.signature.as_deref(), Some("AA/BB=="));
    assert_eq!(read.certificate_serial.as_deref(), Some("13ec"));
    assert!(!read.generic);
}

#[test]
fn an_encrypted_node_keeps_its_quotes() {
    assert_eq!(envelope(&format!("{{\"{NODE}\":\"AA\\/=\",\"sign\":\"x\"}}")).as_deref(), Ok("\"AA\\/=\""));
}

#[test]
fn f43_a_member_that_stands_twice_is_refused() {
    for text in [
        format!("{{\"{NODE}\":{{}},\"{NODE}\":{{}},\"sign\":\"x\"}}"),
        format!("{{\"{NODE}\":{{}},\"alipay_trade\\u005fquery_response\":{{}},\"sign\":\"x\"}}"),
        format!("{{\"{NODE}\":{{}},\"sign\":\"x\",\"sign\":\"y\"}}"),
        format!("{{\"{NODE}\":{{}},\"error_response\":{{}}}}"),
    ] {
        assert!(envelope(&text).is_err(), "{text}");
    }
}

#[test]
fn what_is_no_answer_is_unreadable() {
    for text in [
        "",
        "[]",
        "{}",
        "null",
        "<html>",
        "{\"other_response\":{}}",
        "{\"alipay_trade_query_response\":{}} x",
    ] {
        assert!(envelope(text).is_err(), "{text}");
    }
    assert!(envelope(&format!("{{\"{NODE}\":{{}},\"sign\":7}}")).is_err());
    assert!(Envelope::read(b"{\"alipay_trade_query_response\":\"\xff\"}", NODE).is_err());
}

#[test]
fn codes_that_cannot_be_alipays_are_refused() {
    assert!(Head::read(r#"{"code":"10000","msg":"Success"}"#).is_ok());
    for wrong in
        [r#"{"code":"10 000"}"#, r#"{"code":"10000","code":"40004"}"#, r#"{"code":10000}"#, "\"text\""]
    {
        assert!(Head::read(wrong).is_err(), "{wrong}");
    }
    assert!(Head::read(&format!("{{\"code\":\"{}\"}}", "1".repeat(65))).is_err());
}

#[test]
fn yuan_are_read_leniently_and_never_wrongly() {
    let fen = |text: &str| yuan(text).map(|money| money.minor_units());
    for (text, expected) in
        [("10", 1000), ("10.0", 1000), ("10.00", 1000), ("0.05", 5), ("0.00", 0), ("88.88", 8888)]
    {
        assert_eq!(fen(text), Some(expected), "{text}");
    }
    for wrong in ["", "-1", "-0", "+1", "1e2", "1.005", "1.", ".5", " 1", "1,000.00", "１"] {
        assert_eq!(fen(wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn f44_whatever_texts_a_node_has_its_bytes_are_kept(texts in proptest::collection::vec(".{0,20}", 0..5)) {
        let node = serde_json::to_string(&serde_json::json!({"texts": texts})).expect("JSON");
        let text = format!("{{\"{NODE}\":{node},\"sign\":\"x\"}}");
        prop_assert_eq!(envelope(&text), Ok(node));
    }

    #[test]
    fn no_body_panics(body: Vec<u8>) {
        prop_assert!(Envelope::read(&body, NODE).is_err());
    }
}
