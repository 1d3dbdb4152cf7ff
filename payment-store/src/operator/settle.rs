//! Cases that come right by themselves: nobody has to look any more, and the record says why.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    case::{
        CaseKind,
        resolution::{SERVICE, settled},
        state::CaseState,
    },
    evidence::{Evidence, Source},
    operator::Act,
    refund::Refund,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    act::{OperatorAct, act_append_in_txn},
    case_row::CaseRow,
    cases::{case_update, tell_resolved_in_txn},
};
use crate::{
    Store, cached::Cached, error::StoreError, schema::payment_case, transaction::Abort, words::Word as _,
};

/// Resolves the case of a refund that needed a person, in the transaction that records that its money arrived and under that
/// refund's lock. `refund` is as it stands after that.
pub(crate) async fn refund_cases_settle_in_txn(
    connection: &mut AsyncPgConnection,
    store: &Store,
    refund: &Refund,
    evidence: &Evidence,
    now: OffsetDateTime,
) -> Result<(), Abort> {
    let unresolved = payment_case::table
        .filter(payment_case::payment_no.eq(refund.payment_no.as_str()))
        .filter(payment_case::merchant_id.eq(refund.merchant_id.as_str()))
        .filter(payment_case::refund_no.eq(refund.refund_no.as_str()))
        .filter(payment_case::kind.eq(CaseKind::RefundNeedsPerson.word()))
        .filter(payment_case::state.ne(CaseState::Resolved.word()))
        .select(CaseRow::as_select())
        .for_update();
    let rows: Vec<CaseRow> = Cached(unresolved).load(connection).await?;
    for row in rows {
        let case = row.into_domain()?;
        let Some(after) = settled(&case, why(refund, evidence), now) else { continue };
        let case_id = Uuid::parse_str(&case.case_id).map_err(|_| StoreError::Corrupt("payment_case"))?;
        case_update(connection, case_id, &after).await?;
        act_append_in_txn(connection, store, &act(refund, case_id, evidence, now)).await?;
        tell_resolved_in_txn(connection, store, &after, case_id).await?;
    }
    Ok(())
}

fn act(refund: &Refund, case_id: Uuid, evidence: &Evidence, now: OffsetDateTime) -> OperatorAct {
    OperatorAct {
        merchant_id: Some(refund.merchant_id.clone()),
        actor: SERVICE.to_owned(),
        act: Act::CaseResolved,
        reason: why(refund, evidence),
        description: "nobody is needed any more".to_owned(),
        payment_no: Some(refund.payment_no.to_string()),
        refund_no: Some(refund.refund_no.to_string()),
        case_id: Some(case_id),
        notification_id: None,
        now,
    }
}

/// What proved it, as a sentence. The words themselves are kept with the refund's change of state (R26).
fn why(refund: &Refund, evidence: &Evidence) -> String {
    let words = match evidence.source {
        Source::Notification => "notification",
        Source::RefundAnswer => "answer to the refund",
        Source::QueryAnswer
        | Source::CallerRequest
        | Source::ClientResult
        | Source::CreateAnswer
        | Source::CloseAnswer
        | Source::HoldAnswer
        | Source::CaptureAnswer
        | Source::CaptureGate
        | Source::ChannelLimit => "answer to a query",
    };
    let key = evidence.channel.as_ref().and_then(|words| words.verified_by.as_ref());
    let proven = key.map_or_else(String::new, |key| format!(", proven by the key {key}"));
    format!("refund {} arrived after all, by the channel's {words}{proven}", refund.refund_no)
}
