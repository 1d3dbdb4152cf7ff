//! An answer: its node as text, its signature, and what an ordered fault spoils about them.

use serde_json::{Map, Value, json};

use super::content;
use super::failure::{Failure, message};
use super::fault::{self, AnswerDefect, Fault};
use super::identifiers;
use super::merchant::Signer;
use crate::rsa::{KeyError, RsaKey};

/// What an operation answers when it is not refused.
pub(super) struct Answer {
    code: &'static str,
    fields: Map<String, Value>,
}

impl Answer {
    /// `10000`
    pub(super) fn success(fields: Map<String, Value>) -> Self {
        Self { code: "10000", fields }
    }

    /// `10003`: the payer has to enter a password.
    pub(super) fn waiting(fields: Map<String, Value>) -> Self {
        Self { code: "10003", fields }
    }
}

/// The value of an answer's node, codes first.
pub(super) struct Node {
    pub(super) codes: Vec<(&'static str, String)>,
    pub(super) fields: Value,
    /// Only results are encrypted, refusals never.
    pub(super) is_result: bool,
}

impl Node {
    pub(super) fn of(result: Result<Answer, Failure>) -> Self {
        match result {
            Ok(Answer { code, fields }) => Self {
                codes: vec![("code", code.to_owned()), ("msg", message(code).to_owned())],
                fields: Value::Object(fields),
                is_result: true,
            },
            Err(failure) => Self {
                codes: vec![
                    ("code", failure.code.clone()),
                    ("msg", message(&failure.code).to_owned()),
                    ("sub_code", failure.sub_code),
                    ("sub_msg", failure.sub_msg),
                ],
                fields: Value::Object(failure.fields),
                is_result: false,
            },
        }
    }

    /// Lets an ordered fault lie about the fields.
    pub(super) fn distort(&mut self, fault: Option<&Fault>) {
        match fault {
            Some(Fault::ExtraFields) => fault::add_unknown_fields(&mut self.fields),
            Some(Fault::ReplacedField { pointer, value }) => {
                fault::replace_field(&mut self.fields, pointer, value);
            }
            Some(Fault::RemovedField { pointer }) => fault::remove_field(&mut self.fields, pointer),
            Some(_) | None => {}
        }
    }

    /// Compact JSON, codes first, `/` written `\/`.
    pub(super) fn text(&self) -> String {
        let codes = self.codes.iter().map(|(name, value)| member(name, &json!(value)));
        let fields = self.fields.as_object().into_iter().flatten();
        let members: Vec<String> = codes.chain(fields.map(|(name, value)| member(name, value))).collect();
        // A slash can stand only inside strings, where the escape is allowed.
        format!("{{{}}}", members.join(",")).replace('/', "\\/")
    }
}

fn member(name: &str, value: &Value) -> String {
    format!("{}:{value}", Value::from(name))
}

/// What an answer is signed and encrypted with.
pub(super) struct Seal<'a> {
    pub(super) signer: &'a Signer,
    /// A key that no merchant trusts.
    pub(super) foreign: &'a RsaKey,
    /// Set when the request came encrypted.
    pub(super) aes_key: Option<&'a [u8; 16]>,
}

/// The whole body of a signed answer: node, `alipay_cert_sn`, `sign`, in this order.
pub(super) fn signed(
    name: &str,
    node: &Node,
    seal: &Seal<'_>,
    defect: Option<AnswerDefect>,
) -> Result<String, KeyError> {
    let plain = node.text();
    let value = match seal.aes_key.filter(|_| node.is_result) {
        Some(key) => format!("\"{}\"", content::encrypt(key, &plain)?),
        None => plain,
    };
    let text_to_sign = match defect {
        Some(AnswerDefect::SlashesPlainInSignature) => value.replace("\\/", "/"),
        Some(_) | None => value.clone(),
    };
    let key = if defect == Some(AnswerDefect::WrongKey) { seal.foreign } else { &*seal.signer.key };
    let signature = key.sign(text_to_sign.as_bytes())?;
    let shown = match defect {
        Some(AnswerDefect::AlteredBody) => alter(&value),
        Some(_) | None => value,
    };
    let mut body = format!("{{\"{name}\":{shown}");
    if defect == Some(AnswerDefect::RepeatedNode) {
        body.push_str(&format!(",\"{name}\":{{\"code\":\"10000\",\"msg\":\"Success\"}}"));
    }
    body.push_str(&serial_member(seal.signer, defect));
    match defect {
        Some(AnswerDefect::MissingSignature) => body.push('}'),
        Some(AnswerDefect::EmptySignature) => body.push_str(",\"sign\":\"\"}"),
        Some(_) | None => body.push_str(&format!(",\"sign\":\"{signature}\"}}")),
    }
    if defect == Some(AnswerDefect::Truncated) {
        body.truncate(body.len() / 2);
    }
    Ok(body)
}

fn serial_member(signer: &Signer, defect: Option<AnswerDefect>) -> String {
    let sn = match defect {
        Some(AnswerDefect::UnknownCertificate) => Some(identifiers::unknown_serial()),
        Some(AnswerDefect::MissingCertificateSn) => None,
        Some(_) | None => signer.certificate_sn.clone(),
    };
    sn.map(|sn| format!(",\"alipay_cert_sn\":\"{sn}\"")).unwrap_or_default()
}

/// The body of a refusal that comes from in front of the keys.
pub(super) fn unsigned(name: &str, node: &Node) -> String {
    format!("{{\"{name}\":{}}}", node.text())
}

/// Another value of the last digit: still JSON, no longer what was signed.
fn alter(text: &str) -> String {
    let Some(position) = text.rfind(|letter: char| letter.is_ascii_digit()) else {
        return text.replacen('S', "T", 1);
    };
    let (before, rest) = text.split_at(position);
    let other = if rest.starts_with('7') { '8' } else { '7' };
    format!("{before}{other}{}", rest.get(1..).unwrap_or_default())
}
