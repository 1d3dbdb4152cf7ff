//! What a channel can do, as data that the service and operators read.

use time::Duration;

use crate::{
    identifiers::{ChannelName, Product},
    money::Currency,
    schedule::Schedules,
};

/// A channel's abilities. What is not declared is refused before the channel is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The channel.
    pub channel: ChannelName,
    /// Its ways of paying.
    pub products: Vec<ProductCapability>,
    /// The currencies that it takes.
    pub currencies: Vec<Currency>,
    /// The shortest and the longest time that a payer may be given.
    pub time_to_pay: std::ops::RangeInclusive<Duration>,
    /// Whether repeating a create is harmless.
    pub repeated_create: RepeatedCreate,
    /// How an approved payment becomes a paid one.
    pub completion: CompletionCapability,
    /// Whether money can be held first and taken later.
    pub hold: HoldCapability,
    /// Whether a payment can be closed at the channel.
    pub close: CloseCapability,
    /// Its refunds.
    pub refund: RefundCapability,
    /// How often it is asked.
    pub schedules: Schedules,
}

/// One way of paying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductCapability {
    /// Its name.
    pub product: Product,
    /// Whether creating needs the channel.
    pub create: CreateCapability,
}

/// How payment data comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateCapability {
    /// By a call to the channel.
    CallsChannel,
    /// By a signature of ours, without any call.
    SignsLocally,
}

/// What happens when the same create is sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedCreate {
    /// The channel answers as to the first one.
    Safe,
    /// It may announce a second payment, or refuse.
    Unsafe,
}

/// How an approved payment becomes a paid one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionCapability {
    /// The payer's consent moves the money.
    ByPayer,
    /// The payer's consent only allows it; our capture moves the money.
    ByCapture,
}

/// Whether the channel holds money for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldCapability {
    /// It does not.
    Never,
    /// It does where a payment's options ask for it, which needs [`CompletionCapability::ByCapture`].
    ///
    /// `honour` is how long it stands in for the money, `validity` after how long it lets the money go by itself. A hold
    /// is taken whole and once: the rest of a hold that was taken in parts would be neither paid nor free.
    Whole {
        /// How long the channel stands in for the money.
        honour: Duration,
        /// How long it holds the money at most.
        validity: Duration,
    },
}

/// Whether the channel closes payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCapability {
    /// It closes at our word and proves it.
    AtChannel,
    /// It cannot; the service never captures the payment instead, which needs [`CompletionCapability::ByCapture`].
    Never,
}

/// What refunds a channel makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundCapability {
    /// How many refunds one payment may have.
    pub parts: u32,
    /// How long after the payment.
    pub window: Duration,
    /// How long the channel wants to be left in peace after one refund of a payment, before the next: they are then sent
    /// one after the other. `None` if it takes them as they come.
    pub apart: Option<Duration>,
}

impl Capabilities {
    /// The ability by the name of a product.
    #[must_use]
    pub fn product(&self, product: &Product) -> Option<&ProductCapability> {
        self.products.iter().find(|capability| capability.product == *product)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_found_by_its_name_and_one_that_is_not_declared_is_not() {
        let product = |name: &str| Product::parse(name).expect("a product");
        let declared = |name, create| ProductCapability { product: product(name), create };
        let capabilities = Capabilities {
            channel: ChannelName::parse("wechat").expect("a channel"),
            products: vec![
                declared("app", CreateCapability::CallsChannel),
                declared("wap", CreateCapability::SignsLocally),
            ],
            currencies: vec![Currency::CNY],
            time_to_pay: Duration::minutes(1)..=Duration::hours(2),
            repeated_create: RepeatedCreate::Safe,
            completion: CompletionCapability::ByPayer,
            hold: HoldCapability::Never,
            close: CloseCapability::AtChannel,
            refund: RefundCapability { parts: 50, window: Duration::days(365), apart: None },
            schedules: Schedules::USUAL,
        };
        let create = |name| capabilities.product(&product(name)).map(|found| found.create);
        assert_eq!(create("app"), Some(CreateCapability::CallsChannel));
        assert_eq!(create("wap"), Some(CreateCapability::SignsLocally));
        assert_eq!(create("h5"), None);
    }
}
