//! The decision on a channel's word about a payment, made under its locks (R25).
//!
//! Pure: what was read under the lock comes in, what is to be written goes out. The store writes all of it in one
//! transaction with the evidence, so a fact has its whole effect or none.

use time::OffsetDateTime;

use super::{
    Allocation, ChannelHandle, Failure, Hold, Payment,
    allocation::{self, AllocationEvent, AllocationState, AllocationTransition},
    state::{self, PaymentEvent, PaymentState, Transition},
};
use crate::{
    case::{CaseKind, CaseOpening},
    gateway::{ContestFinding, Finding, HeldFinding, PaidFinding},
    identifiers::{ChannelTransactionNo, OrderNo, Payee, PaymentNo},
    merchant_event::MerchantEvent,
    money::Money,
};

/// Something that happened to a payment and that a decision is needed on.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// The channel accepted the create, or payment data was signed locally.
    Created(ChannelHandle),
    /// The channel certainly refused the create.
    CreateRefused(Failure),
    /// The payer's app says it is paid.
    ClientReported,
    /// The channel said where the payment is.
    Found(Finding),
    /// The payer approved it, and we are about to have the money held.
    HoldIntended,
    /// The payer approved it or the money is held, and we are about to take the money.
    CaptureIntended,
    /// The channel answered that nothing was taken and nothing held: what was intended is not on its way any more.
    NothingMoved,
    /// Others than us took money back, or ask for it.
    Contested(ContestFinding),
    /// Its time is over, or it was given up, at a channel where no money moves without our capture.
    GateClosed,
}

/// What is to be written. Everything empty: nothing changed, as with a repeated notification (R3).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// The payment's change of state.
    pub transition: Option<PaymentTransition>,
    /// The allocations' changes of state.
    pub allocations: Vec<AllocationChange>,
    /// What the payment learns.
    pub learned: Learned,
    /// What callers are told, beside that a case was opened: only the store knows whether it was open before.
    pub events: Vec<MerchantEvent>,
    /// What fits nowhere. Opening a case that is open already has no effect.
    pub cases: Vec<CaseOpening>,
}

/// A payment's change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentTransition {
    /// The state under the lock.
    pub from: PaymentState,
    /// What happened.
    pub event: PaymentEvent,
    /// The state to write.
    pub to: PaymentState,
}

/// An allocation's change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationChange {
    /// The order it is for.
    pub order_no: OrderNo,
    /// The state to write.
    pub to: AllocationState,
}

/// Facts that a payment takes up with a change. `None` leaves what is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    /// What payment data is made from.
    pub handle: Option<ChannelHandle>,
    /// The channel's number.
    pub channel_transaction_no: Option<ChannelTransactionNo>,
    /// Why it was refused.
    pub failure: Option<Failure>,
    /// When we decided to have approved money held.
    pub hold_intend_time: Option<OffsetDateTime>,
    /// The money that is held.
    pub hold: Option<Hold>,
    /// When we decided to take approved or held money.
    pub capture_intend_time: Option<OffsetDateTime>,
    /// Which intents are not on their way any more.
    pub withdrawn: Withdrawn,
    /// When the app said paid.
    pub client_report_time: Option<OffsetDateTime>,
    /// When it was paid.
    pub succeed_time: Option<OffsetDateTime>,
    /// When it ended without money.
    pub end_time: Option<OffsetDateTime>,
}

/// Which intents to move the payer's money a payment gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Withdrawn {
    /// None.
    #[default]
    Nothing,
    /// To take the money that is held, which stays held.
    Capture,
    /// To hold and to take: the payer has to approve again.
    Everything,
}

impl Decision {
    /// Whether nothing is to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The payment as it is once the decision is written.
    #[must_use]
    pub fn applied_to(&self, payment: &Payment, now: OffsetDateTime) -> Payment {
        let mut after = payment.clone();
        after.revision = after.revision.saturating_add(1);
        after.times.update = now;
        if let Some(transition) = self.transition {
            after.state = transition.to;
        }
        for change in &self.allocations {
            let changed =
                after.allocations.iter_mut().find(|allocation| allocation.order_no == change.order_no);
            if let Some(allocation) = changed {
                allocation.state = change.to;
            }
        }
        self.learned.taken_up_by(&mut after);
        after
    }
}

impl Learned {
    fn taken_up_by(&self, payment: &mut Payment) {
        fn take<T: Clone>(place: &mut Option<T>, learned: &Option<T>) {
            if learned.is_some() {
                place.clone_from(learned);
            }
        }
        take(&mut payment.handle, &self.handle);
        take(&mut payment.channel_transaction_no, &self.channel_transaction_no);
        take(&mut payment.failure, &self.failure);
        take(&mut payment.hold_intend_time, &self.hold_intend_time);
        take(&mut payment.hold, &self.hold);
        take(&mut payment.capture_intend_time, &self.capture_intend_time);
        match self.withdrawn {
            Withdrawn::Nothing => {}
            Withdrawn::Capture => payment.capture_intend_time = None,
            Withdrawn::Everything => (payment.hold_intend_time, payment.capture_intend_time) = (None, None),
        }
        take(&mut payment.times.client_report, &self.client_report_time);
        take(&mut payment.times.succeed, &self.succeed_time);
        take(&mut payment.times.end, &self.end_time);
    }
}

/// An effective allocation that *another* payment has on one of the orders, read under the order's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidBy {
    /// The order.
    pub order_no: OrderNo,
    /// The payment that paid it.
    pub payment_no: PaymentNo,
}

/// Decides what `happening` does to `payment`; `paid_by` lists those of its orders that other payments have paid.
#[must_use]
pub fn decide(payment: &Payment, paid_by: &[PaidBy], happening: &Happening, now: OffsetDateTime) -> Decision {
    match happening {
        Happening::Created(handle) => created(payment, handle),
        Happening::CreateRefused(failure) => {
            ended(payment, PaymentEvent::CreateRefused, Some(failure.clone()), now)
        }
        Happening::ClientReported => client_reported(payment, now),
        Happening::Found(Finding::Paid(paid)) => paid_found(payment, paid_by, paid, now),
        Happening::Found(Finding::Held(held)) => held_found(payment, held, now),
        Happening::Found(Finding::Closed) => ended(payment, PaymentEvent::ChannelClosed, None, now),
        Happening::Found(Finding::Failed(failure)) => {
            ended(payment, PaymentEvent::ChannelFailed, Some(failure.clone()), now)
        }
        Happening::HoldIntended => hold_intended(payment, paid_by, now),
        Happening::CaptureIntended => capture_intended(payment, paid_by, now),
        Happening::NothingMoved => nothing_moved(payment),
        Happening::Contested(contest) => {
            Decision { cases: vec![CaseOpening::contest(contest)], ..Decision::default() }
        }
        // Held money is let go by the channel only.
        Happening::GateClosed if payment.is_intended() || payment.state == PaymentState::Held => {
            Decision::default()
        }
        Happening::GateClosed => ended(payment, PaymentEvent::ChannelClosed, None, now),
        // These decide nothing, which `Finding::decides_nothing` says too.
        Happening::Found(
            Finding::AwaitingPayer | Finding::Approved(_) | Finding::Pending | Finding::NotFound,
        ) => Decision::default(),
    }
}

/// A fresh handle is taken up as long as the payer may need it: a repeated create renews one that ran out.
fn created(payment: &Payment, handle: &ChannelHandle) -> Decision {
    if !payment.state.awaits_payer() {
        return Decision::default();
    }
    Decision {
        transition: transition(payment, PaymentEvent::PaymentDataReady),
        learned: Learned { handle: Some(handle.clone()), ..Learned::default() },
        ..Decision::default()
    }
}

fn client_reported(payment: &Payment, now: OffsetDateTime) -> Decision {
    match transition(payment, PaymentEvent::ClientReported) {
        None => Decision::default(),
        Some(transition) => Decision {
            transition: Some(transition),
            learned: Learned { client_report_time: Some(now), ..Learned::default() },
            ..Decision::default()
        },
    }
}

/// Money is held only for a payment that awaits its payer and whose orders nobody else has paid (R11): the intent is
/// recorded under the orders' locks before the channel is called, so a close cannot pass it.
fn hold_intended(payment: &Payment, paid_by: &[PaidBy], now: OffsetDateTime) -> Decision {
    if !payment.state.awaits_payer() || payment.is_intended() || !paid_by.is_empty() {
        return Decision::default();
    }
    Decision { learned: Learned { hold_intend_time: Some(now), ..Learned::default() }, ..Decision::default() }
}

/// The same for money that is taken, from the payer's approval or from a hold. A payment that had ended is not taken up
/// again by money that was held late.
fn capture_intended(payment: &Payment, paid_by: &[PaidBy], now: OffsetDateTime) -> Decision {
    let from_hold = payment.state == PaymentState::Held && !payment.is_held_late();
    let from_approval = payment.state.awaits_payer() && payment.hold_intend_time.is_none();
    let intended = payment.capture_intend_time.is_some();
    if intended || !paid_by.is_empty() || !(from_hold || from_approval) {
        return Decision::default();
    }
    Decision {
        learned: Learned { capture_intend_time: Some(now), ..Learned::default() },
        ..Decision::default()
    }
}

/// What was intended did not happen, by the channel's own answer: it may be intended again, or closed.
fn nothing_moved(payment: &Payment) -> Decision {
    let withdrawn = match payment.state {
        PaymentState::Held if payment.capture_intend_time.is_some() => Withdrawn::Capture,
        PaymentState::Initiating | PaymentState::AwaitingPayer | PaymentState::ClientReported
            if payment.is_intended() =>
        {
            Withdrawn::Everything
        }
        PaymentState::Held
        | PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Succeeded
        | PaymentState::Closed
        | PaymentState::Failed => Withdrawn::Nothing,
    };
    Decision { learned: Learned { withdrawn, ..Learned::default() }, ..Decision::default() }
}

/// Held is not paid: no order is paid by it. Money that is held for a payment that had ended is recorded and told too, and
/// let go by itself.
fn held_found(payment: &Payment, held: &HeldFinding, now: OffsetDateTime) -> Decision {
    let Some(transition) = transition(payment, PaymentEvent::ChannelHeld) else { return Decision::default() };
    if let Some(case) = foreign_figures(payment, held.amount, &held.payee, None, "held") {
        return Decision { cases: vec![case], ..Decision::default() };
    }
    let hold = Hold {
        hold_no: held.hold_no.clone(),
        hold_time: held.hold_time.unwrap_or(now),
        honour_end_time: held.honour_end_time,
        expire_time: held.expire_time,
    };
    let waiting = |allocation: &Allocation| change(allocation, AllocationEvent::PaymentHeld);
    Decision {
        transition: Some(transition),
        allocations: payment.allocations.iter().filter_map(waiting).collect(),
        learned: Learned { hold: Some(hold), ..Learned::default() },
        events: vec![MerchantEvent::PaymentAuthorized],
        cases: Vec::new(),
    }
}

/// Closed, failed or refused: the money will not come, the orders are free for another attempt.
fn ended(payment: &Payment, event: PaymentEvent, failure: Option<Failure>, now: OffsetDateTime) -> Decision {
    let Some(transition) = transition(payment, event) else { return Decision::default() };
    let told = match transition.to {
        PaymentState::Closed => Some(MerchantEvent::PaymentClosed),
        PaymentState::Failed => Some(MerchantEvent::PaymentFailed),
        PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Held
        | PaymentState::Succeeded => None,
    };
    let released = |allocation: &Allocation| change(allocation, AllocationEvent::PaymentEnded);
    Decision {
        transition: Some(transition),
        allocations: payment.allocations.iter().filter_map(released).collect(),
        learned: Learned { failure, end_time: Some(now), ..Learned::default() },
        events: told.into_iter().collect(),
        cases: Vec::new(),
    }
}

fn paid_found(payment: &Payment, paid_by: &[PaidBy], paid: &PaidFinding, now: OffsetDateTime) -> Decision {
    if let Some(case) = misfit(payment, paid) {
        return Decision { cases: vec![case], ..Decision::default() };
    }
    let Some(transition) = transition(payment, PaymentEvent::ChannelPaid) else { return Decision::default() };
    let mut events = vec![MerchantEvent::PaymentSucceeded];
    if payment.allocations.iter().any(|allocation| paid_already(allocation, paid_by)) {
        events.push(MerchantEvent::DuplicateFound);
    }
    Decision {
        transition: Some(transition),
        allocations: payment
            .allocations
            .iter()
            .filter_map(|allocation| settle(allocation, paid_by))
            .collect(),
        learned: Learned {
            channel_transaction_no: Some(paid.transaction_no.clone()),
            succeed_time: Some(paid.paid_time.unwrap_or(now)),
            ..Learned::default()
        },
        events,
        cases: Vec::new(),
    }
}

/// A proven success that is not this payment's: another amount, payee or transaction (R8).
fn misfit(payment: &Payment, paid: &PaidFinding) -> Option<CaseOpening> {
    let transaction = &paid.transaction_no;
    if let Some(case) = foreign_figures(payment, paid.amount, &paid.payee, Some(transaction), "paid") {
        return Some(case);
    }
    match &payment.channel_transaction_no {
        Some(known) if known != transaction => {
            let description = format!("paid by transaction {known}, the channel names {transaction} too");
            let (kind, number) = (CaseKind::TransactionMismatch, &payment.payment_no);
            Some(CaseOpening::of_payment(kind, number, Some(transaction), paid.amount, description))
        }
        Some(_) | None => None,
    }
}

/// Money over another amount, or for somebody else.
fn foreign_figures(
    payment: &Payment,
    amount: Money,
    payee: &Payee,
    transaction: Option<&ChannelTransactionNo>,
    proven: &str,
) -> Option<CaseOpening> {
    let (kind, description) = if amount != payment.amount {
        let description =
            format!("the channel proved {amount} {proven}, the payment is over {}", payment.amount);
        (CaseKind::AmountMismatch, description)
    } else if *payee != payment.payee {
        let description = format!("the channel names payee {payee}, the payment is for {}", payment.payee);
        (CaseKind::PayeeMismatch, description)
    } else {
        return None;
    };
    Some(CaseOpening::of_payment(kind, &payment.payment_no, transaction, amount, description))
}

/// The decision on a proven success whose channel transaction paid another payment already, which only the database can
/// tell: the payment stays as it is, and somebody has to look (R8).
#[must_use]
pub fn transaction_taken(payment: &Payment, happening: &Happening) -> Decision {
    let Happening::Found(Finding::Paid(paid)) = happening else { return Decision::default() };
    let (number, transaction) = (&payment.payment_no, &paid.transaction_no);
    let description = format!("the channel names transaction {transaction}, which paid another payment");
    let kind = CaseKind::TransactionMismatch;
    let case = CaseOpening::of_payment(kind, number, Some(transaction), paid.amount, description);
    Decision { cases: vec![case], ..Decision::default() }
}

/// The first success of an order pays it, each later one is a duplicate (R9, R12).
fn settle(allocation: &Allocation, paid_by: &[PaidBy]) -> Option<AllocationChange> {
    let event = if paid_already(allocation, paid_by) {
        AllocationEvent::PaidAgain
    } else {
        AllocationEvent::PaidFirst
    };
    change(allocation, event)
}

fn paid_already(allocation: &Allocation, paid_by: &[PaidBy]) -> bool {
    paid_by.iter().any(|other| other.order_no == allocation.order_no)
}

fn change(allocation: &Allocation, event: AllocationEvent) -> Option<AllocationChange> {
    match allocation::next(allocation.state, event) {
        AllocationTransition::To(to) => Some(AllocationChange { order_no: allocation.order_no.clone(), to }),
        AllocationTransition::Stay => None,
    }
}

fn transition(payment: &Payment, event: PaymentEvent) -> Option<PaymentTransition> {
    match state::next(payment.state, event) {
        Transition::To(to) => Some(PaymentTransition { from: payment.state, event, to }),
        Transition::Stay => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
