//! What may be done about a case, by whom, and when a second person must agree. Pure: the store asks under the case's lock.
//!
//! No resolution makes anybody believe in money: attaching asks the channel again and lets its proof decide, giving back
//! gives back what the channel proves to have, dismissing says that nothing is to be done here.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{
    CaseKind,
    state::{self, CaseEvent, CaseState, CaseTransition},
};
use crate::{
    evidence::Source,
    identifiers::{ChannelAccountId, ChannelName, ChannelTransactionNo, MerchantId, OrderNo, RefundNo},
    money::{Currency, Money},
};

/// A case as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its id, as text.
    pub case_id: String,
    /// Whose account it came to.
    pub merchant_id: MerchantId,
    /// Why it is open.
    pub kind: CaseKind,
    /// The channel.
    pub channel: ChannelName,
    /// The account at the channel.
    pub channel_account: ChannelAccountId,
    /// The payment number that the channel named, ours or not.
    pub payment_no: String,
    /// The refund, where it is about one.
    pub refund_no: Option<RefundNo>,
    /// The order, where it is about one.
    pub order_no: Option<OrderNo>,
    /// The channel's number of the money.
    pub channel_transaction_no: Option<ChannelTransactionNo>,
    /// The money that it is about.
    pub amount: Option<Money>,
    /// What was expected and what was said.
    pub description: String,
    /// Who said it.
    pub source: Source,
    /// The delivery that said it, if one did.
    pub notification_id: Option<String>,
    /// The key that verified it.
    pub verified_by: Option<String>,
    /// When it was opened.
    pub open_time: OffsetDateTime,
    /// How far its resolution is.
    pub state: CaseState,
    /// What is to be done about it, or was; none while it is open.
    pub decision: Option<CaseDecision>,
    /// The last step of its resolution.
    pub update_time: Option<OffsetDateTime>,
    /// Since when it is nobody's work any more.
    pub resolve_time: Option<OffsetDateTime>,
}

/// What somebody decided about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDecision {
    /// What.
    pub resolution: Resolution,
    /// Why, in their words.
    pub reason: String,
    /// Who, as `name/key`.
    pub proposed_by: String,
    /// The second person, where one was needed, as `name/key`.
    pub approved_by: Option<String>,
    /// The refund that gives the money back, once it is made.
    pub refund_no: Option<RefundNo>,
}

/// What is to be done about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// The money is what pays the payment that the channel names, or, where we lost that payment, this order.
    Attach {
        /// The order of a payment that is not in our records.
        order_no: Option<OrderNo>,
    },
    /// The money goes back to the payer.
    Refund,
    /// Nothing is to be done here.
    Dismiss,
    /// Nobody has to do anything any more: the channel proved that what the case was about came right. The service's own
    /// word, which no operator can say.
    Settled,
}

impl Resolution {
    /// The words of all kinds.
    pub const WORDS: [&'static str; 4] = ["ATTACH", "REFUND", "DISMISS", "SETTLED"];

    /// The word kept in the database.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Attach { .. } => "ATTACH",
            Self::Refund => "REFUND",
            Self::Dismiss => "DISMISS",
            Self::Settled => "SETTLED",
        }
    }
}

/// From which amount on a second person must agree, by currency. Without any limit nobody has to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApprovalLimits(pub BTreeMap<Currency, i64>);

impl ApprovalLimits {
    /// Whether a second person must agree. Where there are limits, money of another currency and money of an unknown amount
    /// are above them: what nobody thought of is not let through.
    #[must_use]
    pub fn demand_approval(&self, amount: Option<Money>) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let limit = amount.and_then(|amount| Some((amount, self.0.get(&amount.currency())?)));
        limit.is_none_or(|(amount, limit)| amount.minor_units() > *limit)
    }
}

/// Something that an operator wants to do to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseAct {
    /// To resolve it, or to propose that.
    Resolve {
        /// How.
        resolution: Resolution,
        /// Why.
        reason: String,
    },
    /// To agree with what somebody else proposed.
    Approve,
    /// To take back what was proposed.
    Reject,
}

/// What an act comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseStep {
    /// The state changes, and with it what is decided.
    Move {
        /// What happened.
        event: CaseEvent,
        /// The state to write.
        to: CaseState,
        /// What is decided from now on; none: open again.
        decision: Option<CaseDecision>,
    },
    /// It was begun before, by this or another process, and is to be gone on with.
    GoOn,
    /// It is as wanted already: a repetition of the same person's same act.
    Done,
}

/// Why an act is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseRefusal {
    /// The case's state forbids it.
    State(CaseState),
    /// This kind of case is not resolved so; what can be done instead.
    Unfit(&'static str),
    /// Nobody approves what they proposed themselves.
    SamePerson,
}

/// Who resolves a case that came right by itself. Operators are `name/key`, so none can be mistaken for it.
pub const SERVICE: &str = "payment-server";

impl Case {
    /// The case as it is once it has come to a state, with what is decided from then on.
    #[must_use]
    pub fn into_state(self, to: CaseState, decision: Option<CaseDecision>, now: OffsetDateTime) -> Self {
        let resolve_time = (to == CaseState::Resolved).then_some(now);
        Self { state: to, decision, update_time: Some(now), resolve_time, ..self }
    }
}

/// The case once what it was about has come right, for this reason; none if it is resolved already. A proposal or a decision
/// that was on its way has nothing left to decide.
#[must_use]
pub fn settled(case: Case, reason: String, now: OffsetDateTime) -> Option<Case> {
    let CaseTransition::To(to) = state::next(case.state, CaseEvent::Settled) else { return None };
    let decision = CaseDecision {
        resolution: Resolution::Settled,
        reason,
        proposed_by: SERVICE.to_owned(),
        approved_by: None,
        refund_no: None,
    };
    Some(case.into_state(to, Some(decision), now))
}

/// Decides what an operator's act does to a case, read under its lock.
///
/// # Errors
/// [`CaseRefusal`]; nothing is to be written then.
pub fn decide(
    case: &Case,
    act: &CaseAct,
    actor: &str,
    limits: &ApprovalLimits,
) -> Result<CaseStep, CaseRefusal> {
    match act {
        CaseAct::Resolve { resolution, reason } => resolve(case, resolution, reason, actor, limits),
        CaseAct::Approve => approve(case, actor),
        CaseAct::Reject => reject(case),
    }
}

fn resolve(
    case: &Case,
    resolution: &Resolution,
    reason: &str,
    actor: &str,
    limits: &ApprovalLimits,
) -> Result<CaseStep, CaseRefusal> {
    let decided = case.decision.as_ref().filter(|decided| decided.resolution == *resolution);
    match (case.state, decided) {
        (CaseState::Open, _) => {}
        // Whoever carried it out may have died over it, so anybody may go on with the same.
        (CaseState::Resolving, Some(_)) => return Ok(CaseStep::GoOn),
        (CaseState::AwaitingApproval | CaseState::Resolved, Some(decided))
            if decided.proposed_by == actor =>
        {
            return Ok(CaseStep::Done);
        }
        (CaseState::AwaitingApproval | CaseState::Resolving | CaseState::Resolved, _) => {
            return Err(CaseRefusal::State(case.state));
        }
    }
    fit(case, resolution)?;
    let event = if limits.demand_approval(case.amount) { CaseEvent::Proposed } else { CaseEvent::Decided };
    let decision = CaseDecision {
        resolution: resolution.clone(),
        reason: reason.to_owned(),
        proposed_by: actor.to_owned(),
        approved_by: None,
        refund_no: None,
    };
    moved(case, event, Some(decision))
}

fn approve(case: &Case, actor: &str) -> Result<CaseStep, CaseRefusal> {
    let Some(proposed) = &case.decision else { return Err(CaseRefusal::State(case.state)) };
    let by_actor = proposed.approved_by.as_deref() == Some(actor);
    match case.state {
        CaseState::AwaitingApproval => {}
        CaseState::Resolving if proposed.approved_by.is_some() => return Ok(CaseStep::GoOn),
        CaseState::Resolved if by_actor => return Ok(CaseStep::Done),
        CaseState::Open | CaseState::Resolving | CaseState::Resolved => {
            return Err(CaseRefusal::State(case.state));
        }
    }
    if is_same_person(&proposed.proposed_by, actor, &case.merchant_id) {
        return Err(CaseRefusal::SamePerson);
    }
    let decision = CaseDecision { approved_by: Some(actor.to_owned()), ..proposed.clone() };
    moved(case, CaseEvent::Approved, Some(decision))
}

fn reject(case: &Case) -> Result<CaseStep, CaseRefusal> {
    moved(case, CaseEvent::Rejected, None)
}

fn moved(case: &Case, event: CaseEvent, decision: Option<CaseDecision>) -> Result<CaseStep, CaseRefusal> {
    match state::next(case.state, event) {
        CaseTransition::To(to) => Ok(CaseStep::Move { event, to, decision }),
        CaseTransition::Stay => Err(CaseRefusal::State(case.state)),
    }
}

/// An operator's keys are all one person's. The keys of a merchant that may operate are that merchant's people, each with
/// one of their own.
fn is_same_person(one: &str, other: &str, merchant: &MerchantId) -> bool {
    let name = |actor: &str| actor.split_once('/').map_or(actor, |(name, _)| name).to_owned();
    one == other || name(one) == name(other) && name(one) != merchant.as_str()
}

/// Which cases are resolved how.
fn fit(case: &Case, resolution: &Resolution) -> Result<(), CaseRefusal> {
    const ASK: &str =
        "the case is about a refund: retry the refund or replay the notification, then dismiss the case";
    const PORTAL: &str = "only money of a payment that is missing in the records is given back here: use the channel's portal, then dismiss the case";
    const NO_FIGURES: &str =
        "the channel has told no transaction and amount: look into its portal, then dismiss the case";
    const CONTEST: &str = "the channel decides about the payer's claim: answer it in the channel's portal, then dismiss the case";
    const UNSAYABLE: &str = "only the channel's proof settles a case by itself: dismiss it";
    let about_refund = case.refund_no.is_some();
    let has_figures = case.channel_transaction_no.is_some() && case.amount.is_some();
    match (resolution, case.kind) {
        (Resolution::Settled, _) => Err(CaseRefusal::Unfit(UNSAYABLE)),
        (Resolution::Dismiss, _) => Ok(()),
        (
            Resolution::Attach { .. } | Resolution::Refund,
            CaseKind::PaymentReversed | CaseKind::PaymentDisputed,
        ) => Err(CaseRefusal::Unfit(CONTEST)),
        (Resolution::Attach { .. } | Resolution::Refund, _) if about_refund => Err(CaseRefusal::Unfit(ASK)),
        (Resolution::Attach { .. } | Resolution::Refund, _) if !has_figures => {
            Err(CaseRefusal::Unfit(NO_FIGURES))
        }
        (
            Resolution::Attach { .. },
            CaseKind::UnknownPayment
            | CaseKind::AmountMismatch
            | CaseKind::PayeeMismatch
            | CaseKind::TransactionMismatch,
        )
        | (Resolution::Refund, CaseKind::UnknownPayment) => Ok(()),
        (
            Resolution::Attach { .. } | Resolution::Refund,
            CaseKind::RefundNeedsPerson | CaseKind::RefundMismatch | CaseKind::RefundExceedsPaid,
        ) => Err(CaseRefusal::Unfit(ASK)),
        (
            Resolution::Refund,
            CaseKind::AmountMismatch | CaseKind::PayeeMismatch | CaseKind::TransactionMismatch,
        ) => Err(CaseRefusal::Unfit(PORTAL)),
    }
}

#[cfg(test)]
mod tests;
