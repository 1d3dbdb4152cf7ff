//! The decisions before a payment is created: is this a repeat, and what of the orders' earlier attempts?

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::Payment;
use crate::{
    identifiers::{ChannelAccountId, ChannelName, OrderNo, Product},
    money::Money,
};

/// What a caller asked for, as far as it makes two requests the same or not (R14).
#[derive(Debug, Clone, PartialEq)]
pub struct CreateContent {
    /// The orders by number, each once, with what is to be paid for each.
    pub orders: Vec<OrderAmount>,
    /// The channel.
    pub channel: ChannelName,
    /// The account at the channel.
    pub channel_account: ChannelAccountId,
    /// The way of paying.
    pub product: Product,
    /// The product's options.
    pub options: Value,
    /// What the payer reads.
    pub description: String,
    /// How long the payer may pay.
    pub time_to_pay: Duration,
}

/// One order of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderAmount {
    /// The order.
    pub order_no: OrderNo,
    /// What is to be paid for it.
    pub amount: Money,
}

impl CreateContent {
    /// The first field in which `other` differs, by its name in the contract, or `None` if they are the same.
    #[must_use]
    pub fn differing_field(&self, other: &Self) -> Option<&'static str> {
        if self.orders != other.orders {
            Some("orders")
        } else if (&self.channel, &self.channel_account) != (&other.channel, &other.channel_account) {
            Some("channel_account")
        } else if self.product != other.product {
            Some("channel_options.product")
        } else if self.options != other.options {
            Some("channel_options")
        } else if self.description != other.description {
            Some("description")
        } else if self.time_to_pay != other.time_to_pay {
            Some("time_to_pay")
        } else {
            None
        }
    }

    /// What an earlier attempt was asked for.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        let order = |allocation: &super::Allocation| OrderAmount {
            order_no: allocation.order_no.clone(),
            amount: allocation.amount,
        };
        Self {
            orders: payment.allocations.iter().map(order).collect(),
            channel: payment.channel.clone(),
            channel_account: payment.channel_account.clone(),
            product: payment.product.clone(),
            options: payment.options.clone(),
            description: payment.description.clone(),
            time_to_pay: payment.times.expire - payment.times.create,
        }
    }
}

/// What to do about an earlier attempt that is still open after the channel was asked (R11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlierAttempt {
    /// It asks for the same and can still be paid: hand its payment data out again.
    Reuse,
    /// It differs, is about to run out, or its money is held already: close it at the channel first.
    Replace,
}

/// The life that an attempt needs to be handed out again, so that a payer does not run into its end.
pub const LIFE_TO_REUSE: Duration = Duration::minutes(2);

/// Decides on an earlier attempt that covers at least one of the orders of `wanted`.
#[must_use]
pub fn earlier_attempt(earlier: &Payment, wanted: &CreateContent, now: OffsetDateTime) -> EarlierAttempt {
    let same = CreateContent::of(earlier).differing_field(wanted).is_none();
    if same && earlier.state.awaits_payer() && now + LIFE_TO_REUSE <= earlier.times.expire {
        EarlierAttempt::Reuse
    } else {
        EarlierAttempt::Replace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::{apply::tests::payment, state::PaymentState};
    use time::macros::datetime;

    #[test]
    fn r14_the_differing_field_is_named_in_a_fixed_order() {
        let base = CreateContent::of(&payment());
        assert_eq!(base.differing_field(&base.clone()), None);
        let mut other = base.clone();
        other.time_to_pay += Duration::seconds(1);
        assert_eq!(base.differing_field(&other), Some("time_to_pay"));
        other.description = "other".to_owned();
        assert_eq!(base.differing_field(&other), Some("description"));
        other.options = serde_json::json!({"openid": "o1"});
        assert_eq!(base.differing_field(&other), Some("channel_options"));
        other.product = Product::parse("native").expect("a product");
        assert_eq!(base.differing_field(&other), Some("channel_options.product"));
        other.channel_account = ChannelAccountId::parse("second").expect("an account");
        assert_eq!(base.differing_field(&other), Some("channel_account"));
        other.orders.clear();
        assert_eq!(base.differing_field(&other), Some("orders"));
    }

    #[test]
    fn r11_f28_an_attempt_is_reused_only_whole_and_with_life_left() {
        let earlier = payment();
        let wanted = CreateContent::of(&earlier);
        let early = earlier.times.create;
        assert_eq!(earlier_attempt(&earlier, &wanted, early), EarlierAttempt::Reuse);
        let just_in_time = earlier.times.expire - LIFE_TO_REUSE;
        assert_eq!(earlier_attempt(&earlier, &wanted, just_in_time), EarlierAttempt::Reuse);
        let late = earlier.times.expire - Duration::seconds(119);
        assert_eq!(earlier_attempt(&earlier, &wanted, late), EarlierAttempt::Replace);
        assert!(late > datetime!(2026-01-01 0:00 UTC));
        let mut held = earlier.clone();
        held.state = PaymentState::Held;
        assert_eq!(earlier_attempt(&held, &wanted, early), EarlierAttempt::Replace);
        let mut dearer = wanted;
        for order in &mut dearer.orders {
            order.amount = Money::new(order.amount.currency(), order.amount.minor_units() + 1);
        }
        assert_eq!(earlier_attempt(&earlier, &dearer, early), EarlierAttempt::Replace);
    }
}
