//! The four ways of paying that direct merchants have, and what differs between them.

use payment_core::identifiers::Product;
use time::Duration;

/// A way of paying through WeChat Pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WeChatProduct {
    /// In the merchant's own app, through WeChat's OpenSDK.
    App,
    /// In WeChat itself: an official account's page or a mini-program.
    Jsapi,
    /// By a QR code that the payer scans with WeChat.
    Native,
    /// In a mobile browser outside of WeChat.
    H5,
}

impl WeChatProduct {
    /// Every way.
    pub(crate) const ALL: [Self; 4] = [Self::App, Self::Jsapi, Self::Native, Self::H5];

    /// The name in the contract, in the configuration and in WeChat's paths.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Jsapi => "jsapi",
            Self::Native => "native",
            Self::H5 => "h5",
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

    /// How long WeChat honours what it answers to a create, whatever `time_expire` says.
    pub(crate) const fn handle_life(self) -> Duration {
        match self {
            Self::App | Self::Jsapi | Self::Native => Duration::hours(2),
            Self::H5 => Duration::minutes(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_is_found_by_its_name_and_no_other() {
        for product in WeChatProduct::ALL {
            assert_eq!(WeChatProduct::parse(product.as_str()), Some(product));
        }
        assert_eq!(WeChatProduct::parse("micropay"), None);
        assert_eq!(WeChatProduct::parse("App"), None);
    }
}
