//! Cases between the contract's messages and the domain.

use payment_core::{
    case::{
        CaseKind,
        resolution::{Case, CaseAct, CaseDecision, Resolution},
        state::CaseState,
    },
    identifiers::{MerchantId, OrderNo},
};
use payment_proto::v1;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    fields::Fields,
    operator::{REASON_RULE, id, is_reason, payment_number},
    page_token,
    payment::money,
    request::page_size,
    time::timestamp,
};
use crate::app::{
    error::AppError,
    operate::{CasePage, ListCases, ResolveCase},
};

/// A case as operators see it at `now`.
pub(crate) fn case(case: Case, now: OffsetDateTime) -> v1::Case {
    let age = case.resolve_time.unwrap_or(now) - case.open_time;
    let text = |value: Option<String>| value.unwrap_or_default();
    v1::Case {
        case_id: case.case_id,
        merchant_id: case.merchant_id.to_string(),
        kind: case_kind(case.kind).into(),
        state: case_state(case.state).into(),
        description: case.description,
        channel: case.channel.to_string(),
        channel_account: case.channel_account.to_string(),
        payment_no: case.payment_no,
        refund_no: text(case.refund_no.map(|no| no.to_string())),
        order_no: text(case.order_no.map(|no| no.to_string())),
        channel_transaction_no: text(case.channel_transaction_no.map(|no| no.to_string())),
        amount: case.amount.map(money),
        source: case.source.as_str().to_owned(),
        notification_id: text(case.notification_id),
        verified_by: text(case.verified_by),
        open_time: Some(timestamp(case.open_time)),
        age_seconds: age.whole_seconds().max(0),
        decision: case.decision.map(decision),
        update_time: case.update_time.map(timestamp),
        resolve_time: case.resolve_time.map(timestamp),
    }
}

fn decision(decision: CaseDecision) -> v1::CaseDecision {
    let (resolution, order_no) = match decision.resolution {
        Resolution::Attach { order_no } => (v1::CaseResolution::Attach, order_no),
        Resolution::Refund => (v1::CaseResolution::Refund, None),
        Resolution::Dismiss => (v1::CaseResolution::Dismiss, None),
        Resolution::Settled => (v1::CaseResolution::Settled, None),
    };
    v1::CaseDecision {
        resolution: resolution.into(),
        order_no: order_no.map(|no| no.to_string()).unwrap_or_default(),
        reason: decision.reason,
        proposed_by: decision.proposed_by,
        approved_by: decision.approved_by.unwrap_or_default(),
        refund_no: decision.refund_no.map(|no| no.to_string()).unwrap_or_default(),
    }
}

const fn case_kind(kind: CaseKind) -> v1::CaseKind {
    match kind {
        CaseKind::UnknownPayment => v1::CaseKind::UnknownPayment,
        CaseKind::AmountMismatch => v1::CaseKind::AmountMismatch,
        CaseKind::PayeeMismatch => v1::CaseKind::PayeeMismatch,
        CaseKind::TransactionMismatch => v1::CaseKind::TransactionMismatch,
        CaseKind::PaymentReversed => v1::CaseKind::PaymentReversed,
        CaseKind::PaymentDisputed => v1::CaseKind::PaymentDisputed,
        CaseKind::RefundNeedsPerson => v1::CaseKind::RefundNeedsPerson,
        CaseKind::RefundMismatch => v1::CaseKind::RefundMismatch,
        CaseKind::RefundExceedsPaid => v1::CaseKind::RefundExceedsPaid,
    }
}

const fn case_state(state: CaseState) -> v1::CaseState {
    match state {
        CaseState::Open => v1::CaseState::Open,
        CaseState::AwaitingApproval => v1::CaseState::AwaitingApproval,
        CaseState::Resolving => v1::CaseState::Resolving,
        CaseState::Resolved => v1::CaseState::Resolved,
    }
}

/// Reads which cases to list. The page token must have been made for the same merchant and filters.
pub(crate) fn list_cases(
    merchant_id: MerchantId,
    request: v1::ListCasesRequest,
) -> Result<ListCases, AppError> {
    Fields::read(|fields| {
        let page_size = page_size(fields, request.page_size);
        let states = states(fields, &request.states);
        let kinds = kinds(fields, &request.kinds);
        let payment_no = fields.optional("payment_no", request.payment_no, payment_number);
        let mut command = ListCases {
            merchant_id,
            page_size: page_size?,
            after: None,
            states: states?,
            kinds: kinds?,
            payment_no: payment_no?,
        };
        let read = |token: String| page_token::read_timed(&filters(&command), &token, Uuid::parse_str);
        command.after = fields.optional("page_token", request.page_token, read)?;
        Some(command)
    })
}

/// Without any, those that are not resolved.
fn states(fields: &mut Fields, wanted: &[i32]) -> Option<Vec<CaseState>> {
    if wanted.is_empty() {
        return Some(vec![CaseState::Open, CaseState::AwaitingApproval, CaseState::Resolving]);
    }
    let rule = "must be a CaseState other than CASE_STATE_UNSPECIFIED";
    fields.members("states", wanted, &CaseState::ALL, |state| case_state(state).into(), rule)
}

fn kinds(fields: &mut Fields, wanted: &[i32]) -> Option<Vec<CaseKind>> {
    let rule = "must be a CaseKind other than CASE_KIND_UNSPECIFIED";
    fields.members("kinds", wanted, &CaseKind::ALL, |kind| case_kind(kind).into(), rule)
}

/// The token of the page after `page`, empty on the last one.
pub(crate) fn next_case_page_token(command: &ListCases, page: &CasePage) -> String {
    page.next.map(|place| page_token::write_timed(&filters(command), &place)).unwrap_or_default()
}

/// Everything that decides which cases a list holds.
fn filters(command: &ListCases) -> String {
    let states: Vec<&str> = command.states.iter().map(|state| state.as_str()).collect();
    let kinds: Vec<&str> = command.kinds.iter().map(|kind| kind.as_str()).collect();
    format!("cases 1\n{}\n{states:?}\n{kinds:?}\n{:?}", command.merchant_id, command.payment_no)
}

/// Reads how a case is to be resolved.
pub(crate) fn resolve_case(
    merchant_id: MerchantId,
    request: v1::ResolveCaseRequest,
) -> Result<ResolveCase, AppError> {
    Fields::read(|fields| {
        let case_id = id(fields, "case_id", &request.case_id);
        let order_no = fields.optional("order_no", request.order_no, OrderNo::parse);
        let resolution = resolution(fields, request.resolution, order_no?);
        fields.demand(is_reason(&request.reason), "reason", REASON_RULE)?;
        let act = CaseAct::Resolve { resolution: resolution?, reason: request.reason };
        Some(ResolveCase { merchant_id, case_id: case_id?, act })
    })
}

fn resolution(fields: &mut Fields, resolution: i32, order_no: Option<OrderNo>) -> Option<Resolution> {
    let resolution = match v1::CaseResolution::try_from(resolution) {
        Ok(v1::CaseResolution::Attach) => return Some(Resolution::Attach { order_no }),
        Ok(v1::CaseResolution::Refund) => Resolution::Refund,
        Ok(v1::CaseResolution::Dismiss) => Resolution::Dismiss,
        Ok(v1::CaseResolution::Unspecified | v1::CaseResolution::Settled) | Err(_) => {
            let rule = "must be CASE_RESOLUTION_ATTACH, CASE_RESOLUTION_REFUND or CASE_RESOLUTION_DISMISS";
            return fields.refuse("resolution", rule);
        }
    };
    fields.demand(order_no.is_none(), "order_no", "must be left out unless the resolution is to attach")?;
    Some(resolution)
}

/// Reads which case a second person speaks about.
pub(crate) fn reject_or_approve(
    merchant_id: MerchantId,
    case_id: &str,
    act: CaseAct,
) -> Result<ResolveCase, AppError> {
    Fields::read(|fields| Some(ResolveCase { merchant_id, case_id: id(fields, "case_id", case_id)?, act }))
}
