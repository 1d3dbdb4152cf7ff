//! The decision before a refund is recorded: is there that much left, for the payment and for each order (R15)?

use super::{Refund, RefundPart, RefundReason};
use crate::{
    identifiers::{OrderNo, PaymentNo},
    money::{Money, MoneyError},
};

/// What is left of an allocation that holds money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refundable {
    /// The order.
    pub order_no: OrderNo,
    /// What was paid for it and is not reserved, running or done as a refund.
    pub left: Money,
}

/// How a caller wants a refund split over the payment's orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// Everything that is left of every order.
    Everything,
    /// Everything that is left of this order.
    EverythingOf(OrderNo),
    /// This much of the payment's only order.
    OfOnlyOrder(Money),
    /// These parts, each order once.
    Parts(Vec<RefundPart>),
}

/// Why a refund cannot be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotReserve {
    /// More is wanted than is left.
    Exceeds {
        /// The order.
        order_no: OrderNo,
        /// What is left for it.
        left: Money,
    },
    /// Nothing is left of the payment.
    NothingLeft,
    /// The payment has several orders, and which of them is meant was not said.
    SplitNeeded,
    /// The payment does not cover this order, or holds no money for it.
    UnknownOrder(OrderNo),
    /// Amounts of the request do not fit each other or the payment.
    Money(MoneyError),
}

impl From<MoneyError> for CannotReserve {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

/// The parts of a refund, if `refundable` suffices.
///
/// # Errors
/// [`CannotReserve`].
pub fn reserve(refundable: &[Refundable], split: &Split) -> Result<Vec<RefundPart>, CannotReserve> {
    let parts = match split {
        Split::Everything => everything(refundable),
        Split::EverythingOf(order_no) => everything(std::slice::from_ref(of_order(refundable, order_no)?)),
        Split::OfOnlyOrder(amount) => match refundable {
            [only] => vec![RefundPart { order_no: only.order_no.clone(), amount: *amount }],
            [] => return Err(CannotReserve::NothingLeft),
            [_, ..] => return Err(CannotReserve::SplitNeeded),
        },
        Split::Parts(parts) => parts.clone(),
    };
    if parts.is_empty() {
        return Err(CannotReserve::NothingLeft);
    }
    for part in &parts {
        fits(refundable, part)?;
    }
    Ok(parts)
}

fn everything(refundable: &[Refundable]) -> Vec<RefundPart> {
    let part = |left: &Refundable| RefundPart { order_no: left.order_no.clone(), amount: left.left };
    refundable.iter().filter(|left| left.left.minor_units() > 0).map(part).collect()
}

fn of_order<'a>(refundable: &'a [Refundable], order_no: &OrderNo) -> Result<&'a Refundable, CannotReserve> {
    let found = refundable.iter().find(|refundable| refundable.order_no == *order_no);
    found.ok_or_else(|| CannotReserve::UnknownOrder(order_no.clone()))
}

fn fits(refundable: &[Refundable], part: &RefundPart) -> Result<(), CannotReserve> {
    let refundable = of_order(refundable, &part.order_no)?;
    let rest = refundable.left.checked_sub(part.amount)?;
    if part.amount.minor_units() <= 0 {
        return Err(CannotReserve::Money(MoneyError::NotPositive));
    }
    if rest.minor_units() < 0 {
        return Err(CannotReserve::Exceeds { order_no: part.order_no.clone(), left: refundable.left });
    }
    Ok(())
}

/// What a caller asked for, as far as it makes two requests the same or not (R16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundContent {
    /// The payment.
    pub payment_no: PaymentNo,
    /// How it is split; compared with what is recorded where it names amounts.
    pub split: Split,
    /// Why.
    pub reason: RefundReason,
    /// What the payer reads.
    pub description: String,
}

/// The first field in which a repeated request differs from what is recorded, by its name in the contract.
#[must_use]
pub fn differing_field(recorded: &Refund, wanted: &RefundContent) -> Option<&'static str> {
    if recorded.payment_no != wanted.payment_no {
        Some("payment")
    } else if !same_split(recorded, &wanted.split) {
        Some("extent")
    } else if recorded.reason != wanted.reason {
        Some("reason")
    } else if recorded.description != wanted.description {
        Some("description")
    } else {
        None
    }
}

fn same_split(recorded: &Refund, wanted: &Split) -> bool {
    match wanted {
        // What "everything" was is what was recorded then.
        Split::Everything => true,
        Split::EverythingOf(order_no) => recorded.parts.iter().all(|part| part.order_no == *order_no),
        Split::OfOnlyOrder(amount) => recorded.parts.len() == 1 && recorded.amount == *amount,
        Split::Parts(parts) => recorded.parts == *parts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        money::Currency,
        refund::{apply::tests::refund, state::RefundState},
    };
    use proptest::prelude::*;

    fn fen(amount: i64) -> Money {
        Money::new(Currency::CNY, amount)
    }

    fn order(no: &str) -> OrderNo {
        OrderNo::parse(no).expect("an order number")
    }

    fn left(amounts: &[(&str, i64)]) -> Vec<Refundable> {
        amounts.iter().map(|(no, amount)| Refundable { order_no: order(no), left: fen(*amount) }).collect()
    }

    fn part(no: &str, amount: i64) -> RefundPart {
        RefundPart { order_no: order(no), amount: fen(amount) }
    }

    #[test]
    fn r15_nothing_above_what_is_left_of_each_order() {
        let refundable = left(&[("A", 60), ("B", 40)]);
        let of = |parts: &[RefundPart]| reserve(&refundable, &Split::Parts(parts.to_vec()));
        assert_eq!(of(&[part("A", 60), part("B", 40)]).map(|parts| parts.len()), Ok(2));
        assert_eq!(of(&[part("B", 41)]), Err(CannotReserve::Exceeds { order_no: order("B"), left: fen(40) }));
        assert_eq!(of(&[part("C", 1)]), Err(CannotReserve::UnknownOrder(order("C"))));
        assert_eq!(of(&[part("A", 0)]), Err(CannotReserve::Money(MoneyError::NotPositive)));
        assert_eq!(of(&[]), Err(CannotReserve::NothingLeft));
    }

    #[test]
    fn an_amount_alone_says_enough_only_for_one_order() {
        assert_eq!(reserve(&left(&[("A", 60)]), &Split::OfOnlyOrder(fen(10))), Ok(vec![part("A", 10)]));
        let two = left(&[("A", 60), ("B", 40)]);
        assert_eq!(reserve(&two, &Split::EverythingOf(order("B"))), Ok(vec![part("B", 40)]));
        let unknown = reserve(&two, &Split::EverythingOf(order("C")));
        assert_eq!(unknown, Err(CannotReserve::UnknownOrder(order("C"))));
        let nothing = reserve(&left(&[("A", 0), ("B", 40)]), &Split::EverythingOf(order("A")));
        assert_eq!(nothing, Err(CannotReserve::NothingLeft));
        assert_eq!(reserve(&two, &Split::OfOnlyOrder(fen(10))), Err(CannotReserve::SplitNeeded));
        assert_eq!(reserve(&two, &Split::Everything), Ok(vec![part("A", 60), part("B", 40)]));
        assert_eq!(reserve(&left(&[("A", 0)]), &Split::Everything), Err(CannotReserve::NothingLeft));
    }

    #[test]
    fn r16_the_field_in_which_a_repeat_differs_is_named_in_a_fixed_order() {
        let recorded = refund(RefundState::Pending);
        let mut wanted = RefundContent {
            payment_no: recorded.payment_no.clone(),
            split: Split::Parts(recorded.parts.clone()),
            reason: recorded.reason,
            description: recorded.description.clone(),
        };
        assert_eq!(differing_field(&recorded, &wanted), None);
        wanted.description = "other".to_owned();
        assert_eq!(differing_field(&recorded, &wanted), Some("description"));
        wanted.reason = RefundReason::Other;
        assert_eq!(differing_field(&recorded, &wanted), Some("reason"));
        wanted.split = Split::Parts(vec![part("A", 39)]);
        assert_eq!(differing_field(&recorded, &wanted), Some("extent"));
        wanted.payment_no = PaymentNo::generate(recorded.times.create, 0, [2; 9]);
        assert_eq!(differing_field(&recorded, &wanted), Some("payment"));
    }

    #[test]
    fn r16_a_repeat_may_say_everything_of_what_was_everything_then() {
        let one = refund(RefundState::Pending);
        let both = Refund { parts: vec![part("A", 30), part("B", 10)], ..one.clone() };
        for (recorded, split, same) in [
            (&one, Split::Everything, true),
            (&both, Split::Everything, true),
            (&one, Split::EverythingOf(order("A")), true),
            (&one, Split::EverythingOf(order("B")), false),
            (&both, Split::EverythingOf(order("A")), false),
            (&one, Split::OfOnlyOrder(fen(40)), true),
            (&one, Split::OfOnlyOrder(fen(39)), false),
            (&both, Split::OfOnlyOrder(fen(40)), false),
            (&both, Split::Parts(vec![part("A", 30), part("B", 10)]), true),
            (&both, Split::Parts(vec![part("A", 10), part("B", 30)]), false),
        ] {
            assert_eq!(same_split(recorded, &split), same, "{split:?} of {:?}", recorded.parts);
        }
    }

    proptest! {
        #[test]
        fn r15_what_is_reserved_never_exceeds_what_is_left(lefts in prop::collection::vec(0_i64..100, 1..5), wanted in prop::collection::vec(-5_i64..120, 1..5)) {
            let refundable: Vec<_> = lefts.iter().enumerate()
                .map(|(i, amount)| Refundable { order_no: order(&i.to_string()), left: fen(*amount) }).collect();
            let parts: Vec<_> = wanted.iter().enumerate().map(|(i, amount)| part(&i.to_string(), *amount)).collect();
            if let Ok(parts) = reserve(&refundable, &Split::Parts(parts)) {
                for part in parts {
                    let left = refundable.iter().find(|left| left.order_no == part.order_no).expect("known");
                    prop_assert!(0 < part.amount.minor_units() && part.amount.minor_units() <= left.left.minor_units());
                }
            }
        }
    }
}
