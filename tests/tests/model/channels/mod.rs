//! The four channels as histories see them: payers, the books, refunds that end, and notifications that are kept back.

mod alipay;
mod bad_pay;
mod paypal;
mod wechat;

use payment_core::gateway::PaymentData;
use payment_sandbox::clock::SimulatorClock;
pub(crate) use payment_tests::books::{BookedRefund, RefundStage};
use serde_json::{Value, json};

pub(crate) use self::{alipay::Alipay, bad_pay::BadPay, paypal::Paypal, wechat::Wechat};
use super::story::{Ending, Landing, Way};

/// A payment that was handed out to a payer.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) payment_no: String,
    pub(crate) way: Way,
    pub(crate) data: PaymentData,
}

/// What a channel's own books say about one payment, in minor units. All of it is nothing where it knows none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Books {
    pub(crate) taken: i64,
    /// Held for us: neither taken nor let go.
    pub(crate) held: i64,
    /// What the channel still has to make up its mind about.
    pub(crate) doubtful: i64,
    pub(crate) given_back: i64,
    pub(crate) refunds: Vec<BookedRefund>,
}

/// One channel with one merchant.
#[async_trait::async_trait]
pub(crate) trait Market: Send + Sync {
    /// The account's section in the configuration.
    fn section(&self) -> String;

    /// Learns where notifications go, if that is not told with each payment.
    fn notified_at(&self, url: &str);

    /// The payer pays, if the channel lets it.
    fn pay(&self, attempt: &Attempt, landing: Landing);

    /// Nothing that is sent about this payment arrives; a channel that never calls denies for a while to be paid.
    fn silence(&self, payment_no: &str);

    /// The next refund takes its time.
    fn hold_next_refund(&self);

    /// The merchant has nothing to give back for a while.
    fn empty_purse(&self, payment_no: &str);

    /// Somebody gives money back at the channel's website; tells whether the channel has one and lets them.
    fn refund_in_console(&self, payment_no: &str, number: &str, amount: i64) -> bool;

    /// The channel makes up its mind about doubtful money, if there is any.
    fn end_payment(&self, payment_no: &str, ending: Ending);

    /// Takes back what was ordered: silence, held refunds, an empty purse.
    fn forget_orders(&self);

    /// What the books say about a payment.
    fn books(&self, payment_no: &str) -> Books;

    /// Ends a refund that is under way.
    fn end_refund(&self, payment_no: &str, number: &str, ending: Ending);

    /// Sends the newest notification about a payment again, if there is one.
    async fn notify_again(&self, payment_no: &str, copies: u32);

    /// Everything that is on its way has arrived.
    async fn settled(&self);

    /// Everything that was ever taken and not given back, over all payments.
    fn kept(&self) -> i64;
}

/// Every channel on one clock, in the order of [`Channel`].
pub(crate) async fn open_all(clock: &SimulatorClock) -> Vec<Box<dyn Market>> {
    vec![
        Box::new(Wechat::open(clock).await),
        Box::new(Alipay::open(clock).await),
        Box::new(Paypal::open(clock).await),
        Box::new(BadPay::open(clock).await),
    ]
}

/// The channels, as positions in what [`open_all`] gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Wechat,
    Alipay,
    Paypal,
    BadPay,
}

impl Channel {
    pub(crate) const ALL: [Self; 4] = [Self::Wechat, Self::Alipay, Self::Paypal, Self::BadPay];

    /// The name in the configuration and in callback URLs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
            Self::Paypal => "paypal",
            Self::BadPay => "bad-pay",
        }
    }

    /// The name of the merchant's account at it.
    pub(crate) fn account(self) -> String {
        format!("acme-{}", self.name())
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

impl Way {
    const ALL: [Self; 7] = [
        Self::WechatApp,
        Self::WechatNative,
        Self::AlipayApp,
        Self::AlipayPrecreate,
        Self::PaypalCheckout,
        Self::PaypalHold,
        Self::BadPayApp,
    ];

    /// The product of this name at a channel, with these options.
    pub(crate) fn of(channel: Channel, product: &str, options: &Value) -> Self {
        let mut ways = Self::ALL.into_iter().filter(|way| way.channel() == channel);
        ways.find(|way| way.product() == product && way.options() == *options).unwrap()
    }

    pub(crate) const fn channel(self) -> Channel {
        match self {
            Self::WechatApp | Self::WechatNative => Channel::Wechat,
            Self::AlipayApp | Self::AlipayPrecreate => Channel::Alipay,
            Self::PaypalCheckout | Self::PaypalHold => Channel::Paypal,
            Self::BadPayApp => Channel::BadPay,
        }
    }

    pub(crate) const fn product(self) -> &'static str {
        match self {
            Self::WechatApp | Self::AlipayApp | Self::BadPayApp => "app",
            Self::WechatNative => "native",
            Self::AlipayPrecreate => "precreate",
            Self::PaypalCheckout | Self::PaypalHold => "checkout",
        }
    }

    pub(crate) const fn currency(self) -> &'static str {
        match self {
            Self::PaypalCheckout | Self::PaypalHold => "USD",
            Self::WechatApp
            | Self::WechatNative
            | Self::AlipayApp
            | Self::AlipayPrecreate
            | Self::BadPayApp => "CNY",
        }
    }

    pub(crate) fn options(self) -> Value {
        let checkout =
            || json!({"return_url": "https://shop.example/back", "cancel_url": "https://shop.example/cart"});
        match self {
            Self::PaypalCheckout => checkout(),
            Self::PaypalHold => {
                let mut options = checkout();
                options["intent"] = json!("AUTHORIZE");
                options
            }
            Self::WechatApp
            | Self::WechatNative
            | Self::AlipayApp
            | Self::AlipayPrecreate
            | Self::BadPayApp => json!({}),
        }
    }
}
