//! Cases: listed, read, resolved. A resolution is decided under the case's lock, carried out outside of any transaction, and
//! then recorded; whoever dies in between leaves a case that is gone on with by the same request.

use std::sync::Arc;

use payment_core::{
    case::{
        CaseKind,
        resolution::{Case, CaseAct, CaseRefusal, Resolution},
        state::CaseState,
    },
    identifiers::MerchantId,
};
use payment_store::operator::{CaseActOutcome, CaseActRequest, CaseFilter, CaseVerdict};
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{App, error::AppError, principal::Operator};

/// Which cases to list, the longest open first.
#[derive(Debug, Clone)]
pub struct ListCases {
    /// Whose.
    pub merchant_id: MerchantId,
    /// 1 to 200.
    pub page_size: u16,
    /// The last case of the page before.
    pub after: Option<(OffsetDateTime, Uuid)>,
    /// Only those in one of these states.
    pub states: Vec<CaseState>,
    /// Only those of one of these kinds; empty for all.
    pub kinds: Vec<CaseKind>,
    /// Only those about this payment number.
    pub payment_no: Option<String>,
}

/// One page of cases.
#[derive(Debug, Clone)]
pub struct CasePage {
    /// The cases, the longest open first.
    pub cases: Vec<Case>,
    /// The last of them, if there are more.
    pub next: Option<(OffsetDateTime, Uuid)>,
    /// When they were read, to tell their ages by.
    pub now: OffsetDateTime,
}

/// What to do about a case.
#[derive(Debug, Clone)]
pub struct ResolveCase {
    /// Whose case.
    pub merchant_id: MerchantId,
    /// Which case.
    pub case_id: Uuid,
    /// What to do.
    pub act: CaseAct,
}

impl App {
    /// The present instant, to tell ages by.
    #[must_use]
    pub fn instant(&self) -> OffsetDateTime {
        self.now()
    }

    /// One page of cases, the longest open first.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`].
    pub async fn list_cases(&self, list: ListCases) -> Result<CasePage, AppError> {
        let size = usize::from(list.page_size);
        let filter = CaseFilter {
            merchant_id: list.merchant_id,
            states: list.states,
            kinds: list.kinds,
            payment_no: list.payment_no,
            above: list.after,
            // One more than asked for tells whether there are more.
            limit: i64::from(list.page_size) + 1,
        };
        let mut cases = self.store.case_list(&filter).await?;
        let more = cases.len() > size;
        cases.truncate(size);
        let place = |case: &Case| Some((case.open_time, Uuid::parse_str(&case.case_id).ok()?));
        let next = cases.last().filter(|_| more).and_then(place);
        Ok(CasePage { cases, next, now: self.now() })
    }

    /// A case as it is recorded.
    ///
    /// # Errors
    /// [`AppError::CaseNotFound`], [`AppError::StoreUnavailable`].
    pub async fn get_case(&self, merchant: &MerchantId, case_id: Uuid) -> Result<Case, AppError> {
        let found = self.store.case_get(merchant, case_id).await?;
        found.ok_or(AppError::CaseNotFound(case_id))
    }

    /// Resolves a case, approves what another person proposed, or takes a proposal back; gives the case as it is then.
    ///
    /// # Errors
    /// As the table of `docs/errors.md` says for `ResolveCase`.
    pub async fn resolve_case(
        self: &Arc<Self>,
        operator: &Operator,
        wanted: ResolveCase,
    ) -> Result<Case, AppError> {
        let (app, operator) = (Arc::clone(self), operator.clone());
        self.detached(async move { app.decide_and_carry_out(&operator, wanted).await }).await
    }

    async fn decide_and_carry_out(
        self: &Arc<Self>,
        operator: &Operator,
        wanted: ResolveCase,
    ) -> Result<Case, AppError> {
        let request = CaseActRequest {
            merchant_id: wanted.merchant_id,
            case_id: wanted.case_id,
            act: wanted.act,
            actor: operator.actor(),
            limits: self.policy.approval_limits.clone(),
            now: self.now(),
        };
        let case = match self.store.case_act(&request).await? {
            CaseActOutcome::Taken(case) => *case,
            CaseActOutcome::Refused(refusal) => return Err(refused(refusal, wanted.case_id)),
            CaseActOutcome::NotFound => return Err(AppError::CaseNotFound(wanted.case_id)),
        };
        match case.state {
            CaseState::Resolving => self.carry_out_decision(operator, case, wanted.case_id).await,
            CaseState::Open | CaseState::AwaitingApproval | CaseState::Resolved => Ok(case),
        }
    }

    async fn carry_out_decision(
        self: &Arc<Self>,
        operator: &Operator,
        case: Case,
        case_id: Uuid,
    ) -> Result<Case, AppError> {
        let verdict = match self.verdict(operator, &case).await {
            Ok(verdict) => verdict,
            // Nothing is known: the same request goes on with it.
            Err(error @ (AppError::StoreUnavailable(_) | AppError::LostRace | AppError::Internal(_))) => {
                return Err(error);
            }
            Err(refusal) => CaseVerdict::Failed(refusal.to_string()),
        };
        let after = self.store.case_finish(&case, &operator.actor(), &verdict, self.now()).await?;
        tracing::info!(
            case.id = %case_id, case.state = after.state.as_str(), operator = operator.actor(), "a case was acted on"
        );
        match (after.state, verdict) {
            (CaseState::Resolved, _) => Ok(after),
            (_, CaseVerdict::Failed(problem)) => Err(AppError::CaseNotProven { case_id, problem }),
            (state, CaseVerdict::CarriedOut(_)) => {
                Err(AppError::CaseStateConflict { case_id, state: state.as_str() })
            }
        }
    }

    /// Does what was decided. Repeating it does nothing more.
    async fn verdict(self: &Arc<Self>, operator: &Operator, case: &Case) -> Result<CaseVerdict, AppError> {
        match case.decision.as_ref().map(|decision| &decision.resolution) {
            Some(Resolution::Attach { order_no }) => self.attach(operator, case, order_no.clone()).await,
            Some(Resolution::Refund) => self.give_back(operator, case).await,
            Some(Resolution::Dismiss | Resolution::Settled) => Ok(CaseVerdict::CarriedOut(None)),
            None => Err(AppError::Internal(format!("case {} is resolved without a decision", case.case_id))),
        }
    }
}

fn refused(refusal: CaseRefusal, case_id: Uuid) -> AppError {
    match refusal {
        CaseRefusal::State(state) => AppError::CaseStateConflict { case_id, state: state.as_str() },
        CaseRefusal::Unfit(remedy) => AppError::CaseResolutionUnfit { case_id, remedy },
        CaseRefusal::SamePerson => AppError::SecondPersonRequired(case_id),
    }
}
