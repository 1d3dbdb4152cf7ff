//! Answers as proto3 JSON, by the contract's own descriptors: the names and forms that every other client sees.

use std::sync::LazyLock;

use payment_proto::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage};

use crate::failure::Failure;

/// Read once: who follows events is shown many answers.
static CONTRACT: LazyLock<Result<DescriptorPool, DescriptorError>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET));

/// A message of `payment.v1` in its JSON.
pub(crate) fn of<M: Message>(name: &str, message: &M) -> Result<String, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::Failed(format!("{name} cannot be written: {error}"));
    let pool = CONTRACT.as_ref().map_err(|error| failed(error))?;
    let descriptor = pool.get_message_by_name(&format!("payment.v1.{name}"));
    let descriptor = descriptor.ok_or_else(|| failed(&"the contract does not know it"))?;
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(descriptor, bytes.as_slice()).map_err(|error| failed(&error))?;
    serde_json::to_string_pretty(&dynamic).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use payment_proto::v1;

    #[test]
    fn answers_are_written_in_the_contracts_json() {
        let case = v1::Case {
            case_id: "c".to_owned(),
            kind: v1::CaseKind::UnknownPayment.into(),
            amount: Some(v1::Money { currency_code: "CNY".to_owned(), minor_units: 9_007_199_254_740_993 }),
            open_time: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
            ..v1::Case::default()
        };
        let text = super::of("Case", &case).expect("JSON");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let expected = serde_json::json!({
            "caseId": "c",
            "kind": "CASE_KIND_UNKNOWN_PAYMENT",
            // 64 bits are a string in proto3 JSON: JavaScript's numbers would round this one.
            "amount": { "currencyCode": "CNY", "minorUnits": "9007199254740993" },
            "openTime": "1970-01-01T00:00:00Z",
        });
        assert_eq!(value, expected);
    }
}
