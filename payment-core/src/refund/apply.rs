//! The decision on a channel's word about a refund, made under its locks (R25). Pure, as `payment::apply` is.

use time::OffsetDateTime;

use super::{
    Refund, RefundOrigin,
    state::{self, RefundEvent, RefundState, RefundTransition},
};
use crate::{
    case::{CaseKind, CaseOpening},
    gateway::{Reason, RefundFinding, RefundStatus},
    identifiers::{ChannelRefundNo, ChannelTransactionNo, RefundNo},
    merchant_event::MerchantEvent,
};

/// Something that happened to a refund and that a decision is needed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundHappening {
    /// The channel said where it is.
    Found(RefundFinding),
    /// The channel certainly refused the call. It ends nothing: it is tried again, and a person is told (R17).
    Refused(Reason),
}

/// What is to be written. Everything empty: nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefundDecision {
    /// The refund's change of state.
    pub transition: Option<RefundStateChange>,
    /// The channel's number, newly known.
    pub channel_refund_no: Option<ChannelRefundNo>,
    /// The successor number under which it is sent from now on.
    pub successor: Option<RefundNo>,
    /// Whether a person is needed.
    pub attention: AttentionChange,
    /// When it arrived.
    pub succeed_time: Option<OffsetDateTime>,
    /// What callers are told, beside that a case was opened.
    pub events: Vec<MerchantEvent>,
    /// What needs a person.
    pub cases: Vec<CaseOpening>,
}

/// A refund's change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundStateChange {
    /// The state under the lock.
    pub from: RefundState,
    /// What happened.
    pub event: RefundEvent,
    /// The state to write.
    pub to: RefundState,
}

/// What becomes of the flag that a person is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttentionChange {
    /// As it is.
    #[default]
    Keep,
    /// A person is needed, for this reason.
    Raise(Reason),
    /// None is needed any more.
    Clear,
}

impl RefundDecision {
    /// Whether nothing is to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the refund itself changes, beside a case that is opened.
    #[must_use]
    pub fn moves_refund(&self) -> bool {
        let only_cases = Self { cases: self.cases.clone(), ..Self::default() };
        *self != only_cases
    }

    /// Whether the money has arrived by this: then nobody is needed for the refund any more.
    #[must_use]
    pub fn arrives(&self) -> bool {
        self.transition.is_some_and(|change| change.to == RefundState::Succeeded)
    }

    /// The refund as it is once the decision is written.
    #[must_use]
    pub fn applied_to(&self, refund: &Refund, now: OffsetDateTime) -> Refund {
        let mut after = refund.clone();
        after.revision = after.revision.saturating_add(1);
        after.times.update = now;
        if let Some(change) = self.transition {
            after.state = change.to;
        }
        if self.channel_refund_no.is_some() {
            after.channel_refund_no.clone_from(&self.channel_refund_no);
        }
        if let Some(successor) = &self.successor {
            after.sent_as = successor.clone();
            after.successors = after.successors.saturating_add(1);
            // The channel's number was the dead one's.
            after.channel_refund_no = None;
        }
        match self.attention {
            AttentionChange::Keep => {}
            AttentionChange::Raise(reason) => after.attention = Some(reason),
            AttentionChange::Clear => after.attention = None,
        }
        after.times.succeed = after.times.succeed.or(self.succeed_time);
        after
    }
}

/// Decides what `happening` does to `refund`.
#[must_use]
pub fn decide(refund: &Refund, happening: &RefundHappening, now: OffsetDateTime) -> RefundDecision {
    match happening {
        RefundHappening::Refused(reason) => refused(refund, *reason),
        RefundHappening::Found(finding) => match mismatch(refund, finding) {
            Some(case) => RefundDecision { cases: vec![case], ..RefundDecision::default() },
            None => found(refund, finding, now),
        },
    }
}

/// The decision on a channel's word whose refund number stands for another refund of ours already, which only the database
/// can tell: the refund stays as it is and goes on being asked about, and somebody has to look (R18).
#[must_use]
pub fn channel_refund_taken(refund: &Refund, happening: &RefundHappening) -> RefundDecision {
    let RefundHappening::Found(RefundFinding { channel_refund_no: Some(number), .. }) = happening else {
        return RefundDecision::default();
    };
    let description = format!("the channel names its refund {number}, which is another refund of ours");
    let mut case = CaseOpening::of_refund(CaseKind::RefundMismatch, refund, description);
    // A case of its own for each number that is claimed twice, beside one about another amount.
    case.channel_transaction_no = ChannelTransactionNo::parse(number.as_str()).ok();
    RefundDecision { cases: vec![case], ..RefundDecision::default() }
}

fn found(refund: &Refund, finding: &RefundFinding, now: OffsetDateTime) -> RefundDecision {
    match finding.status {
        RefundStatus::Processing => moved(refund, RefundEvent::ChannelAccepted, finding),
        RefundStatus::Succeeded => succeeded(refund, finding, now),
        RefundStatus::Dead => died(refund, finding),
        RefundStatus::NeedsPerson => attention(refund, Reason::PayerAccountUnusable),
        // Not known now: it will be sent again with the same number (F24).
        RefundStatus::NotFound => RefundDecision::default(),
    }
}

fn moved(refund: &Refund, event: RefundEvent, finding: &RefundFinding) -> RefundDecision {
    let news = finding.channel_refund_no.clone().filter(|_| refund.channel_refund_no.is_none());
    let transition = change(refund, event);
    let cleared = transition.is_some() && refund.attention.is_some();
    RefundDecision {
        channel_refund_no: news.filter(|_| refund.state != RefundState::Succeeded),
        attention: if cleared { AttentionChange::Clear } else { AttentionChange::Keep },
        events: transition.map(|_| MerchantEvent::RefundProgressed).into_iter().collect(),
        transition,
        ..RefundDecision::default()
    }
}

fn succeeded(refund: &Refund, finding: &RefundFinding, now: OffsetDateTime) -> RefundDecision {
    let decision = moved(refund, RefundEvent::ChannelRefunded, finding);
    match decision.transition {
        None => decision,
        Some(_) => RefundDecision {
            succeed_time: Some(finding.refunded_time.unwrap_or(now)),
            events: vec![MerchantEvent::RefundSucceeded],
            ..decision
        },
    }
}

/// The channel proved that nothing was given back under this number and never will be: a successor takes its place.
/// Word about an older number than the present one says nothing new.
fn died(refund: &Refund, finding: &RefundFinding) -> RefundDecision {
    if refund.state == RefundState::Succeeded || finding.refund_no != refund.sent_as {
        return RefundDecision::default();
    }
    if refund.origin == RefundOrigin::Channel {
        // Nobody asked us for it, so we do not send it ourselves: whoever did decides what becomes of it.
        return attention(refund, Reason::AlreadyClosed);
    }
    let transition = change(refund, RefundEvent::NumberDied);
    RefundDecision {
        events: transition.map(|_| MerchantEvent::RefundProgressed).into_iter().collect(),
        transition,
        successor: refund.successor_no(),
        ..RefundDecision::default()
    }
}

fn refused(refund: &Refund, reason: Reason) -> RefundDecision {
    match reason {
        // The channel is behind its own records, or limits us: it will be sent again.
        Reason::NotFound | Reason::PayerIsPaying => RefundDecision::default(),
        Reason::ChannelRejected
        | Reason::AccountMisconfigured
        | Reason::AlreadyPaid
        | Reason::AlreadyClosed
        | Reason::NumberReused
        | Reason::PayerAccountUnusable
        | Reason::MerchantBalanceInsufficient
        | Reason::RefundExceedsPaid
        | Reason::ForbiddenByChannel => attention(refund, reason),
    }
}

fn attention(refund: &Refund, reason: Reason) -> RefundDecision {
    if refund.attention == Some(reason)
        || refund.state == RefundState::Succeeded && reason != Reason::PayerAccountUnusable
    {
        return RefundDecision::default();
    }
    let description = format!("the refund of {} needs a person: {}", refund.amount, reason.as_str());
    RefundDecision {
        attention: AttentionChange::Raise(reason),
        events: vec![MerchantEvent::RefundNeedsAttention],
        cases: vec![CaseOpening::of_refund(CaseKind::RefundNeedsPerson, refund, description)],
        ..RefundDecision::default()
    }
}

/// The channel's figures must be ours (R8).
fn mismatch(refund: &Refund, finding: &RefundFinding) -> Option<CaseOpening> {
    let description = if finding.payment_no != refund.payment_no {
        format!("the channel names payment {} for a refund of {}", finding.payment_no, refund.payment_no)
    } else {
        let amount = finding.amount.filter(|amount| *amount != refund.amount)?;
        format!("the channel names {amount} for a refund of {}", refund.amount)
    };
    Some(CaseOpening::of_refund(CaseKind::RefundMismatch, refund, description))
}

fn change(refund: &Refund, event: RefundEvent) -> Option<RefundStateChange> {
    match state::next(refund.state, event) {
        RefundTransition::To(to) => Some(RefundStateChange { from: refund.state, event, to }),
        RefundTransition::Stay => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
