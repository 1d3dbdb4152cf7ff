//! Every kind of refusal as the caller gets it, held equal to `docs/errors.md`.

use std::{collections::BTreeMap, fmt::Write as _};

use payment_core::money::Currency;
use payment_store::StoreError;
use tonic_types::ErrorDetails;

use super::*;

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md"));

fn payment_no() -> PaymentNo {
    PaymentNo::parse("P202601050001234567890ABCDEFGHJ").expect("a payment number")
}

/// One of each kind, and of each meaning of a channel's refusal.
fn samples() -> Vec<AppError> {
    let refund_no = || RefundNo::parse("RET-7").expect("a refund number");
    let order_no = || OrderNo::parse("SO-1001").expect("an order number");
    let api_key = || ApiKeyId::parse("shop").expect("a key");
    let mut samples = vec![
        AppError::InvalidFields(vec![Violation::new(
            "orders[1].amount.minor_units",
            "must be at least 1 minor unit",
        )]),
        AppError::ChannelNotEnabled("main".to_owned()),
        AppError::PaymentNotFound(payment_no()),
        AppError::OrderNotFound(order_no()),
        AppError::RequestIdReused { differing_field: "orders", payment_no: payment_no() },
        AppError::OrderAlreadyPaid { order_no: order_no(), payment_no: payment_no() },
        AppError::EarlierAttemptUnresolved { payment_no: payment_no() },
        AppError::PaymentStateConflict { payment_no: payment_no(), state: "CLOSED" },
        AppError::CapabilityUnsupported {
            channel: ChannelName::parse("wechat").expect("a channel"),
            capability: "pay in USD".to_owned(),
        },
        AppError::WebhookEndpointNotFound(WebhookName::parse("shop").expect("a name")),
        AppError::RefundNotFound(refund_no()),
        AppError::MerchantNotFound(MerchantId::parse("acme").expect("a merchant")),
        AppError::ApiKeyNotFound(api_key()),
        AppError::ApiKeyIdTaken(api_key()),
        AppError::OperatorNotFound(OperatorName::parse("alice").expect("a name")),
        AppError::RefundNoReused { differing_field: "extent", refund_no: refund_no() },
        AppError::RefundExceedsPaid {
            payment_no: payment_no(),
            order_no: Some(order_no()),
            left: Some(Money::new(Currency::CNY, 250)),
        },
        AppError::RefundExceedsPaid { payment_no: payment_no(), order_no: None, left: None },
        AppError::CursorExpired,
        AppError::CursorAhead,
        AppError::AllMerchantsRequired,
        AppError::NotificationNotFound(Uuid::nil()),
        AppError::CaseNotFound(Uuid::nil()),
        AppError::CaseStateConflict { case_id: Uuid::nil(), state: "RESOLVED" },
        AppError::CaseResolutionUnfit {
            case_id: Uuid::nil(),
            remedy: "the case is about a refund: retry the refund or replay the notification, then dismiss the case",
        },
        AppError::CaseNotProven {
            case_id: Uuid::nil(),
            problem: "the channel does not prove that it is paid".to_owned(),
        },
        AppError::SecondPersonRequired(Uuid::nil()),
        AppError::RefundArrived(refund_no()),
        AppError::LostRace,
        AppError::ChannelUnavailable {
            account: ChannelAccountId::parse("main").expect("an account"),
            payment_no: payment_no(),
        },
        AppError::StoreUnavailable(StoreError::Unavailable("postgres://user:secret@10.0.0.1".to_owned())),
        AppError::Internal("secret".to_owned()),
    ];
    samples.extend(Reason::ALL.map(|reason| AppError::ChannelRefused {
        payment_no: payment_no(),
        reason,
        channel_code: "PARAM_ERROR".to_owned(),
    }));
    samples
}

const EDGE: [EdgeRefusal; 11] = [
    EdgeRefusal::CredentialsInvalid,
    EdgeRefusal::KeysUnknowable,
    EdgeRefusal::ScopeMissing(Scope::Refund),
    EdgeRefusal::RateExceeded(Duration::from_millis(20)),
    EdgeRefusal::MessageMalformed,
    EdgeRefusal::MessageTooLarge,
    EdgeRefusal::EncodingUnsupported,
    EdgeRefusal::MethodUnknown,
    EdgeRefusal::DeadlineExceeded,
    EdgeRefusal::Stopping,
    EdgeRefusal::TooManyStreams,
];

/// Counts the kinds: a new one does not compile until it stands here, and fails until it is sampled.
fn kind(error: &AppError) -> usize {
    match error {
        AppError::InvalidFields(_) => 0,
        AppError::ChannelNotEnabled(_) => 1,
        AppError::PaymentNotFound(_) => 2,
        AppError::OrderNotFound(_) => 3,
        AppError::RequestIdReused { .. } => 4,
        AppError::OrderAlreadyPaid { .. } => 5,
        AppError::EarlierAttemptUnresolved { .. } => 6,
        AppError::PaymentStateConflict { .. } => 7,
        AppError::ChannelRefused { .. } => 8,
        AppError::CapabilityUnsupported { .. } => 9,
        AppError::LostRace => 10,
        AppError::ChannelUnavailable { .. } => 11,
        AppError::StoreUnavailable(_) => 12,
        AppError::Internal(_) => 13,
        AppError::RefundNotFound(_) => 14,
        AppError::RefundNoReused { .. } => 15,
        AppError::RefundExceedsPaid { .. } => 16,
        AppError::CursorExpired => 17,
        AppError::CursorAhead => 18,
        AppError::WebhookEndpointNotFound(_) => 19,
        AppError::MerchantNotFound(_) => 20,
        AppError::ApiKeyNotFound(_) => 21,
        AppError::ApiKeyIdTaken(_) => 22,
        AppError::OperatorNotFound(_) => 23,
        AppError::AllMerchantsRequired => 24,
        AppError::NotificationNotFound(_) => 25,
        AppError::CaseNotFound(_) => 26,
        AppError::CaseStateConflict { .. } => 27,
        AppError::CaseResolutionUnfit { .. } => 28,
        AppError::CaseNotProven { .. } => 29,
        AppError::SecondPersonRequired(_) => 30,
        AppError::RefundArrived(_) => 31,
    }
}

fn edge_kind(refusal: EdgeRefusal) -> usize {
    match refusal {
        EdgeRefusal::CredentialsInvalid => 0,
        EdgeRefusal::KeysUnknowable => 1,
        EdgeRefusal::ScopeMissing(_) => 2,
        EdgeRefusal::RateExceeded(_) => 3,
        EdgeRefusal::MessageMalformed => 4,
        EdgeRefusal::MessageTooLarge => 5,
        EdgeRefusal::EncodingUnsupported => 6,
        EdgeRefusal::MethodUnknown => 7,
        EdgeRefusal::DeadlineExceeded => 8,
        EdgeRefusal::Stopping => 9,
        EdgeRefusal::TooManyStreams => 10,
    }
}

fn statuses() -> Vec<Status> {
    samples().iter().map(of).chain(EDGE.map(of_edge)).collect()
}

/// The row of one kind, read back from what goes over the wire.
fn row(status: &Status) -> String {
    let status = over_the_wire(status);
    let details = status.get_error_details();
    let info = details.error_info().expect("every status has an ErrorInfo");
    assert_eq!(info.domain, "payment.v1");
    let metadata: BTreeMap<_, _> = info.metadata.iter().collect();
    let metadata: Vec<_> = metadata.into_iter().map(|(key, value)| format!("`{key}={value}`")).collect();
    format!(
        "| `{}` | `{}` | {} | {} | {} |",
        code_word(&status),
        info.reason,
        status.message(),
        metadata.join(" "),
        others(&details).join(", "),
    )
}

fn others(details: &ErrorDetails) -> Vec<String> {
    let mut others = Vec::new();
    if let Some(bad_request) = details.bad_request() {
        let fields = bad_request.field_violations.iter();
        others.extend(fields.map(|field| format!("BadRequest `{}`: {}", field.field, field.description)));
    }
    if let Some(failure) = details.precondition_failure() {
        let violations = failure.violations.iter();
        others.extend(
            violations.map(|one| format!("PreconditionFailure `{}` of `{}`", one.r#type, one.subject)),
        );
    }
    if let Some(resource) = details.resource_info() {
        others.push(format!("ResourceInfo `{}` `{}`", resource.resource_type, resource.resource_name));
    }
    if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
        others.push(format!("RetryInfo after {delay:?}"));
    }
    others
}

fn over_the_wire(status: &Status) -> Status {
    let response = status.clone().into_http::<()>();
    Status::from_header_map(response.headers()).expect("a status")
}

#[test]
fn errors_md_shows_every_kind_as_it_is_sent() {
    let table = statuses().iter().fold(String::new(), |mut table, status| {
        writeln!(table, "{}", row(status)).expect("a String takes all");
        table
    });
    assert!(DOCUMENT.contains(&table), "docs/errors.md must hold these rows:\n{table}");
}

#[test]
fn every_kind_is_sampled() {
    let mut kinds: Vec<_> = samples().iter().map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, (0..32).collect::<Vec<_>>());
    assert_eq!(EDGE.map(edge_kind).to_vec(), (0..EDGE.len()).collect::<Vec<_>>());
}

#[test]
fn r29_internal_text_never_reaches_the_caller() {
    for status in statuses() {
        let response = status.into_http::<()>();
        let sent = format!("{:?}", response.headers());
        assert!(!sent.contains("secret"), "{sent}");
    }
}

#[test]
fn a_status_fits_the_trailers_that_clients_take() {
    let many = (0..10_000)
        .map(|index| Violation::new(format!("orders[{index}].order_no"), "must be right".repeat(4)));
    let status = of(&AppError::InvalidFields(many.collect()));
    let details = over_the_wire(&status).get_error_details();
    let told = details.bad_request().expect("violations").field_violations.len();
    let omitted: usize =
        details.error_info().expect("info").metadata["violations_omitted"].parse().expect("a number");
    assert!(told >= 40, "{told}");
    assert_eq!(told + omitted, 10_000);
    let headers = status.into_http::<()>();
    let bytes: usize =
        headers.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    assert!(bytes < 8 * 1024, "{bytes}");
}

#[test]
fn what_tonic_refuses_by_itself_gets_a_reason_and_ours_stays() {
    let reason_of = |status| reason(&with_reason(status)).unwrap_or_default();
    assert_eq!(reason_of(Status::internal("failed to decode Protobuf message")), "MESSAGE_MALFORMED");
    assert_eq!(reason_of(Status::out_of_range("too large")), "MESSAGE_TOO_LARGE");
    assert_eq!(reason_of(Status::unimplemented("")), "METHOD_UNKNOWN");
    assert_eq!(reason_of(Status::unimplemented("Content is compressed")), "ENCODING_UNSUPPORTED");
    for status in statuses() {
        assert_eq!(row(&with_reason(status.clone())), row(&status));
    }
}
