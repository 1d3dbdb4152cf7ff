//! Cases: listed, read, and taken step by step to their resolution under their row's lock.

use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{BigInt, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    case::{
        CaseKind,
        resolution::{
            ApprovalLimits, Case, CaseAct, CaseDecision, CaseRefusal, CaseStep, Resolution, decide,
        },
        state::{self, CaseEvent, CaseState, CaseTransition},
    },
    identifiers::{MerchantId, RefundNo},
    merchant_event::MerchantEvent,
    operator::Act,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    act::{OperatorAct, act_insert},
    case_row::CaseRow,
};
use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    outbox::{EventOf, Place, Telling, outbox_append},
    schema::{payment, payment_case, refund},
    snapshot::CaseSnapshot,
    transaction::{self, Abort},
    words::Word as _,
    writes::{Write, Writes},
};

/// Which cases to list, the longest open first.
#[derive(Debug, Clone)]
pub struct CaseFilter {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Only those in one of these states; empty for all.
    pub states: Vec<CaseState>,
    /// Only those of one of these kinds; empty for all.
    pub kinds: Vec<CaseKind>,
    /// Only those about this payment number.
    pub payment_no: Option<String>,
    /// Only those opened after this one, by time and id.
    pub above: Option<(OffsetDateTime, Uuid)>,
    /// At most this many.
    pub limit: i64,
}

/// Something that an operator wants to do to a case.
#[derive(Debug, Clone)]
pub struct CaseActRequest {
    /// Whose case; another merchant's is not found.
    pub merchant_id: MerchantId,
    /// Which case.
    pub case_id: Uuid,
    /// What.
    pub act: CaseAct,
    /// Who, as `name/key`.
    pub actor: String,
    /// When a second person is needed.
    pub limits: ApprovalLimits,
    /// The present instant.
    pub now: OffsetDateTime,
}

/// What an act came to.
#[derive(Debug, Clone)]
pub enum CaseActOutcome {
    /// The case as it is now; to be carried out if it is [`CaseState::Resolving`].
    Taken(Box<Case>),
    /// The act is refused; the case stays as it is.
    Refused(CaseRefusal),
    /// There is no such case of this merchant.
    NotFound,
}

/// How carrying out went.
#[derive(Debug, Clone)]
pub enum CaseVerdict {
    /// It is resolved, with this refund if it gives money back.
    CarriedOut(Option<RefundNo>),
    /// It is open again, for this reason.
    Failed(String),
}

/// How many cases wait for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingCases {
    /// How many are not resolved.
    pub count: i64,
    /// When the longest waiting was opened.
    pub oldest_open_time: Option<OffsetDateTime>,
}

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    oldest: Option<OffsetDateTime>,
}

// The partial index holds unresolved cases only, so this costs what waits.
const WAITING: &str = "SELECT count(*) AS count, min(open_time) AS oldest FROM payment_case \
    WHERE state <> 'RESOLVED' AND open_time <= $1";

impl Store {
    /// A merchant's case. Another merchant's does not exist for it (R30).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn case_get(
        &self,
        merchant_id: &MerchantId,
        case_id: Uuid,
    ) -> Result<Option<Case>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let row: Option<CaseRow> = payment_case::table
            .find(case_id)
            .filter(payment_case::merchant_id.eq(merchant_id.as_str()))
            .select(CaseRow::as_select())
            .get_result(&mut connection)
            .await
            .optional()?;
        row.map(CaseRow::into_domain).transpose()
    }

    /// The channel's words that opened a case, where no delivery holds them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn case_evidence(
        &self,
        merchant_id: &MerchantId,
        case_id: Uuid,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let bytes: Option<Option<Vec<u8>>> = payment_case::table
            .find(case_id)
            .filter(payment_case::merchant_id.eq(merchant_id.as_str()))
            .select(payment_case::evidence)
            .get_result(&mut connection)
            .await
            .optional()?;
        Ok(bytes.flatten())
    }

    /// Cases, the longest open first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn case_list(&self, filter: &CaseFilter) -> Result<Vec<Case>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let mut query = payment_case::table
            .into_boxed()
            .filter(payment_case::merchant_id.eq(filter.merchant_id.as_str()));
        if !filter.states.is_empty() && !filter.states.contains(&CaseState::Resolved) {
            // In the words of the partial index, which holds what waits and no history.
            query = query.filter(payment_case::state.ne(diesel::dsl::sql::<Text>("'RESOLVED'")));
        }
        if !filter.states.is_empty() {
            let words: Vec<_> = filter.states.iter().map(|state| state.word()).collect();
            query = query.filter(payment_case::state.eq_any(words));
        }
        if !filter.kinds.is_empty() {
            let words: Vec<_> = filter.kinds.iter().map(|kind| kind.word()).collect();
            query = query.filter(payment_case::kind.eq_any(words));
        }
        if let Some(payment_no) = &filter.payment_no {
            query = query.filter(payment_case::payment_no.eq(payment_no.as_str()));
        }
        if let Some((time, case_id)) = &filter.above {
            let later = payment_case::open_time
                .gt(*time)
                .or(payment_case::open_time.eq(*time).and(payment_case::case_id.gt(*case_id)));
            query = query.filter(later);
        }
        let rows: Vec<CaseRow> = query
            .order((payment_case::open_time, payment_case::case_id))
            .limit(filter.limit)
            .select(CaseRow::as_select())
            .load(&mut connection)
            .await?;
        rows.into_iter().map(CaseRow::into_domain).collect()
    }

    /// How many cases of all merchants wait that were opened until `opened_until`, and since when.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cases_waiting(&self, opened_until: OffsetDateTime) -> Result<WaitingCases, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let query = diesel::sql_query(WAITING).bind::<Timestamptz, _>(opened_until);
        let row: WaitingRow = Cached(query).get_result(&mut connection).await?;
        Ok(WaitingCases { count: row.count, oldest_open_time: row.oldest })
    }

    /// Takes an operator's act: the decision is made under the case's lock, so of two at once one finds what the other did.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn case_act(&self, request: &CaseActRequest) -> Result<CaseActOutcome, StoreError> {
        transaction::run(&self.connections, &Acting { store: self, request }, act_in_txn).await
    }

    /// Says how carrying out a decision went, unless somebody else said so already; gives the case as it is then. That a
    /// case is resolved is told in the same transaction.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn case_finish(
        &self,
        case: &Case,
        actor: &str,
        verdict: &CaseVerdict,
        now: OffsetDateTime,
    ) -> Result<Case, StoreError> {
        let finishing = Finishing { store: self, case, actor, verdict, now };
        transaction::run(&self.connections, &finishing, finish_in_txn).await
    }
}

struct Acting<'a> {
    store: &'a Store,
    request: &'a CaseActRequest,
}

struct Finishing<'a> {
    store: &'a Store,
    case: &'a Case,
    actor: &'a str,
    verdict: &'a CaseVerdict,
    now: OffsetDateTime,
}

fn act_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    acting: &'c Acting<'_>,
) -> BoxFuture<'c, Result<CaseActOutcome, Abort>> {
    async move {
        let request = acting.request;
        let Some(case) = case_lock_in_txn(connection, &request.merchant_id, request.case_id).await? else {
            return Ok(CaseActOutcome::NotFound);
        };
        match decide(&case, &request.act, &request.actor, &request.limits) {
            Err(refusal) => Ok(CaseActOutcome::Refused(refusal)),
            Ok(CaseStep::GoOn | CaseStep::Done) => Ok(CaseActOutcome::Taken(Box::new(case))),
            Ok(CaseStep::Move { event, to, decision }) => {
                let record = act_of(&case, request, event, decision.as_ref());
                let after = case.into_state(to, decision, request.now);
                let mut writes = Writes::default();
                writes.add(case_update(request.case_id, &after));
                writes.add(act_insert(acting.store, &record));
                writes.run(connection).await?;
                Ok(CaseActOutcome::Taken(Box::new(after)))
            }
        }
    }
    .boxed()
}

fn finish_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    finishing: &'c Finishing<'_>,
) -> BoxFuture<'c, Result<Case, Abort>> {
    async move {
        let case_id = case_id_of(finishing.case)?;
        let locked = case_lock_in_txn(connection, &finishing.case.merchant_id, case_id).await?;
        let locked = locked.ok_or(StoreError::Corrupt("payment_case"))?;
        // Whoever comes late with the outcome of another decision than the present one decides nothing.
        if locked.decision != finishing.case.decision {
            return Ok(locked);
        }
        let (event, act, description) = verdict_words(&locked, finishing.verdict);
        let CaseTransition::To(to) = state::next(locked.state, event) else { return Ok(locked) };
        let decision = locked.decision.clone().filter(|_| to == CaseState::Resolved);
        let record =
            OperatorAct { act, description, ..act_about(&locked, case_id, finishing.actor, finishing.now) };
        let mut after = locked.into_state(to, decision, finishing.now);
        if let (Some(decision), CaseVerdict::CarriedOut(refund_no)) = (&mut after.decision, finishing.verdict)
        {
            decision.refund_no.clone_from(refund_no);
        }
        let mut writes = Writes::default();
        writes.add(case_update(case_id, &after));
        writes.add(act_insert(finishing.store, &record));
        if to == CaseState::Resolved {
            let revision = revision_in_txn(connection, &after).await?;
            tell_resolved(&mut writes, finishing.store, &after, case_id, revision)?;
        }
        writes.run(connection).await?;
        Ok(after)
    }
    .boxed()
}

pub(super) fn case_id_of(case: &Case) -> Result<Uuid, StoreError> {
    Uuid::parse_str(&case.case_id).map_err(|_| StoreError::Corrupt("payment_case"))
}

/// The revision that a case's refund or payment has now; 0 if we have none.
async fn revision_in_txn(connection: &mut AsyncPgConnection, case: &Case) -> QueryResult<i32> {
    let revision: Option<i32> = match &case.refund_no {
        Some(refund_no) => refund::table
            .find((case.merchant_id.as_str(), refund_no.as_str()))
            .select(refund::revision)
            .get_result(connection)
            .await
            .optional()?,
        None => payment::table
            .find(case.payment_no.as_str())
            .filter(payment::merchant_id.eq(case.merchant_id.as_str()))
            .select(payment::revision)
            .get_result(connection)
            .await
            .optional()?,
    };
    Ok(revision.unwrap_or(0))
}

/// Tells that a case was resolved, beside the revision that its refund or payment has.
pub(super) fn tell_resolved<'a>(
    writes: &mut Writes<'a>,
    store: &Store,
    case: &'a Case,
    case_id: Uuid,
    revision: i32,
) -> Result<(), StoreError> {
    let about = EventOf {
        merchant_id: &case.merchant_id,
        payment_no: &case.payment_no,
        refund_no: case.refund_no.as_ref().map(RefundNo::as_str),
        revision,
        place: Place::Beside,
        now: case.resolve_time.unwrap_or(case.open_time),
    };
    let telling = Telling::of_case(MerchantEvent::CaseResolved, case_id, CaseSnapshot::resolved(case));
    outbox_append(writes, store, &about, vec![telling])
}

async fn case_lock_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    case_id: Uuid,
) -> Result<Option<Case>, Abort> {
    let locked = payment_case::table
        .find(case_id)
        .filter(payment_case::merchant_id.eq(merchant_id.as_str()))
        .select(CaseRow::as_select())
        .for_update();
    let row: Option<CaseRow> = Cached(locked).get_result(connection).await.optional()?;
    Ok(row.map(CaseRow::into_domain).transpose()?)
}

pub(super) fn case_update(case_id: Uuid, after: &Case) -> impl Write + '_ {
    let decision = after.decision.as_ref();
    let order_no = decision.and_then(|decision| match &decision.resolution {
        Resolution::Attach { order_no } => order_no.as_ref(),
        Resolution::Refund | Resolution::Dismiss | Resolution::Settled => None,
    });
    let refund_no = decision.and_then(|decision| decision.refund_no.as_ref());
    diesel::update(payment_case::table.find(case_id)).set((
        payment_case::state.eq(after.state.word()),
        payment_case::resolution.eq(decision.map(|decision| decision.resolution.as_str())),
        payment_case::resolution_order_no.eq(order_no.map(|no| no.as_str())),
        payment_case::resolution_reason.eq(decision.map(|decision| decision.reason.as_str())),
        payment_case::proposed_by.eq(decision.map(|decision| decision.proposed_by.as_str())),
        payment_case::approved_by.eq(decision.and_then(|decision| decision.approved_by.as_deref())),
        payment_case::resolution_refund_no.eq(refund_no.map(RefundNo::as_str)),
        payment_case::update_time.eq(after.update_time),
        payment_case::resolve_time.eq(after.resolve_time),
    ))
}

/// That somebody resolved a case as it was decided, without a description.
pub(super) fn act_about(case: &Case, case_id: Uuid, actor: &str, now: OffsetDateTime) -> OperatorAct {
    OperatorAct {
        merchant_id: Some(case.merchant_id.clone()),
        actor: actor.to_owned(),
        act: Act::CaseResolved,
        reason: case.decision.as_ref().map(|decision| decision.reason.clone()).unwrap_or_default(),
        description: String::new(),
        payment_no: Some(case.payment_no.clone()),
        refund_no: case.refund_no.as_ref().map(ToString::to_string),
        case_id: Some(case_id),
        notification_id: None,
        now,
    }
}

fn act_of(
    case: &Case,
    request: &CaseActRequest,
    event: CaseEvent,
    decision: Option<&CaseDecision>,
) -> OperatorAct {
    let (act, verb) = match event {
        CaseEvent::Proposed => (Act::CaseResolutionProposed, "proposed"),
        CaseEvent::Approved => (Act::CaseResolutionApproved, "approved"),
        CaseEvent::Rejected => (Act::CaseResolutionRejected, "took back"),
        CaseEvent::Decided => (Act::CaseResolutionBegun, "decided"),
        CaseEvent::Failed => (Act::CaseResolutionFailed, "failed"),
        CaseEvent::CarriedOut | CaseEvent::Settled => (Act::CaseResolved, "carried out"),
    };
    let meant = decision.or(case.decision.as_ref());
    let what = meant.map_or("nothing", |decision| what_of(&decision.resolution));
    OperatorAct {
        act,
        reason: meant.map(|decision| decision.reason.clone()).unwrap_or_default(),
        description: format!("{verb} to {what}"),
        ..act_about(case, request.case_id, &request.actor, request.now)
    }
}

/// What a resolution does, after "to".
const fn what_of(resolution: &Resolution) -> &'static str {
    match resolution {
        Resolution::Attach { .. } => "attach the money to its payment by the channel's proof",
        Resolution::Refund => "give the money back",
        Resolution::Dismiss => "dismiss the case",
        Resolution::Settled => "leave it, for it came right by itself",
    }
}

fn verdict_words(case: &Case, verdict: &CaseVerdict) -> (CaseEvent, Act, String) {
    match verdict {
        CaseVerdict::CarriedOut(refund_no) => {
            let done = match (case.decision.as_ref().map(|decision| &decision.resolution), refund_no) {
                (_, Some(refund_no)) => format!("the money goes back by refund {refund_no}"),
                (Some(Resolution::Attach { .. }), None) => {
                    "the channel proved again that the money is the payment's".to_owned()
                }
                (Some(Resolution::Settled), None) => "it came right by itself".to_owned(),
                (Some(Resolution::Refund | Resolution::Dismiss) | None, None) => "dismissed".to_owned(),
            };
            (CaseEvent::CarriedOut, Act::CaseResolved, done)
        }
        CaseVerdict::Failed(why) => (CaseEvent::Failed, Act::CaseResolutionFailed, why.clone()),
    }
}
