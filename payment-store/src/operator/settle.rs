//! Cases that come right by themselves: nobody has to look any more, and the record says why.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    case::{
        CaseKind,
        resolution::{Case, SERVICE, settled},
        state::CaseState,
    },
    evidence::{Evidence, Source},
    refund::Refund,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    act::{OperatorAct, act_insert},
    case_row::CaseRow,
    cases::{act_about, case_id_of, case_update, tell_resolved},
};
use crate::{
    Store, cached::Cached, error::StoreError, schema::payment_case, transaction::Abort, words::Word as _,
    writes::Writes,
};

/// A case that came right, as it is to be written, and the act that says so.
pub(crate) struct SettledCase {
    case_id: Uuid,
    case: Case,
    act: OperatorAct,
}

/// Locks the cases of a refund that needed a person, and resolves them, in the transaction that records that its money
/// arrived and under that refund's lock: whoever opens one holds that too. `refund` is as it stands after that.
pub(crate) async fn refund_cases_settled_in_txn(
    connection: &mut AsyncPgConnection,
    refund: &Refund,
    evidence: &Evidence,
    now: OffsetDateTime,
) -> Result<Vec<SettledCase>, Abort> {
    let unresolved = payment_case::table
        .filter(payment_case::payment_no.eq(refund.payment_no.as_str()))
        .filter(payment_case::merchant_id.eq(refund.merchant_id.as_str()))
        .filter(payment_case::refund_no.eq(refund.refund_no.as_str()))
        .filter(payment_case::kind.eq(CaseKind::RefundNeedsPerson.word()))
        .filter(payment_case::state.ne(CaseState::Resolved.word()))
        .select(CaseRow::as_select())
        .for_update();
    let rows: Vec<CaseRow> = Cached(unresolved).load(connection).await?;
    let mut cases = Vec::new();
    for row in rows {
        let Some(case) = settled(row.into_domain()?, why(refund, evidence), now) else { continue };
        let case_id = case_id_of(&case)?;
        let description = "nobody is needed any more".to_owned();
        let act = OperatorAct { description, ..act_about(&case, case_id, SERVICE, now) };
        cases.push(SettledCase { case_id, case, act });
    }
    Ok(cases)
}

impl SettledCase {
    /// Writes it and tells it, beside the revision that the refund's arrival makes.
    pub(crate) fn write<'a>(
        &'a self,
        writes: &mut Writes<'a>,
        store: &Store,
        revision: i32,
    ) -> Result<(), StoreError> {
        writes.add(case_update(self.case_id, &self.case));
        writes.add(act_insert(store, &self.act));
        tell_resolved(writes, store, &self.case, self.case_id, revision)
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
