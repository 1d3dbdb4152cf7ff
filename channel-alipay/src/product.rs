//! The five ways of paying that a direct merchant has, and what differs between them.

use payment_core::{gateway::CreateCapability, identifiers::Product};
use time::Duration;

use crate::codes::Operation;

/// A way of paying through Alipay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AlipayProduct {
    /// In the merchant's own app, through Alipay's SDK: a signed order string, no call.
    App,
    /// In a mobile browser: a signed address, no call.
    Wap,
    /// In a desktop browser: a signed address, no call.
    Page,
    /// By a QR code that the payer scans with Alipay.
    Precreate,
    /// By the payer's code, which the merchant scans.
    Barcode,
}

impl AlipayProduct {
    /// Every way.
    pub(crate) const ALL: [Self; 5] = [Self::App, Self::Wap, Self::Page, Self::Precreate, Self::Barcode];

    /// The name in the contract and in the configuration.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Wap => "wap",
            Self::Page => "page",
            Self::Precreate => "precreate",
            Self::Barcode => "barcode",
        }
    }

    /// The way with this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.as_str() == name)
    }

    /// The way that `product` names.
    pub(crate) fn of(product: &Product) -> Option<Self> {
        Self::parse(product.as_str())
    }

    /// What announces such a payment.
    pub(crate) const fn operation(self) -> Operation {
        match self {
            Self::App => Operation::AppPay,
            Self::Wap => Operation::WapPay,
            Self::Page => Operation::PagePay,
            Self::Precreate => Operation::Precreate,
            Self::Barcode => Operation::Pay,
        }
    }

    /// Whether announcing needs Alipay.
    pub(crate) const fn create_capability(self) -> CreateCapability {
        match self {
            Self::App | Self::Wap | Self::Page => CreateCapability::SignsLocally,
            Self::Precreate | Self::Barcode => CreateCapability::CallsChannel,
        }
    }

    /// Alipay's own name of the product where the account names no other. Contracts differ: see the README.
    pub(crate) const fn default_product_code(self) -> &'static str {
        match self {
            Self::App => "QUICK_MSECURITY_PAY",
            Self::Wap => "QUICK_WAP_WAY",
            Self::Page => "FAST_INSTANT_TRADE_PAY",
            Self::Precreate | Self::Barcode => "FACE_TO_FACE_PAYMENT",
        }
    }

    /// How long Alipay honours a QR code, whatever `time_expire` says; `None` where `time_expire` alone counts.
    pub(crate) const fn handle_life(self) -> Option<Duration> {
        match self {
            Self::Precreate => Some(Duration::hours(2)),
            Self::App | Self::Wap | Self::Page | Self::Barcode => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_is_found_by_its_name_and_no_other() {
        for product in AlipayProduct::ALL {
            assert_eq!(AlipayProduct::parse(product.as_str()), Some(product));
        }
        assert_eq!(AlipayProduct::parse("jsapi"), None);
        assert_eq!(AlipayProduct::parse("App"), None);
    }
}
