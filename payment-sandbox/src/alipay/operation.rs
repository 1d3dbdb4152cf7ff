//! The methods of the gateway and the products that they sell.

use serde::{Deserialize, Serialize};

/// A way of paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// The merchant's own mobile app, by an order string.
    App,
    /// A mobile browser.
    Wap,
    /// A browser on a computer.
    Page,
    /// A QR code that the payer scans.
    Precreate,
    /// The merchant scans the payer's code.
    Barcode,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 5] = [Self::App, Self::Wap, Self::Page, Self::Precreate, Self::Barcode];

    /// The values of `product_code` that are taken for it; the first is the documented one.
    pub(super) const fn product_codes(self) -> &'static [&'static str] {
        match self {
            Self::App => &["QUICK_MSECURITY_PAY"],
            // Many libraries send the second.
            Self::Wap => &["QUICK_WAP_WAY", "QUICK_WAP_PAY"],
            Self::Page => &["FAST_INSTANT_TRADE_PAY"],
            Self::Precreate => &["FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE"],
            Self::Barcode => &["FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT"],
        }
    }

    /// Whether `product_code` may be left out.
    pub(super) const fn product_code_is_optional(self) -> bool {
        match self {
            Self::Page | Self::Wap => false,
            Self::App | Self::Precreate | Self::Barcode => true,
        }
    }

    /// Face-to-face products close earlier and can be cancelled.
    pub(super) const fn is_face_to_face(self) -> bool {
        match self {
            Self::Precreate | Self::Barcode => true,
            Self::App | Self::Wap | Self::Page => false,
        }
    }
}

/// One method of the gateway; faults name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `alipay.trade.app.pay`: only inside order strings, never called.
    AppPay,
    /// `alipay.trade.wap.pay`: a browser's visit.
    WapPay,
    /// `alipay.trade.page.pay`: a browser's visit.
    PagePay,
    /// `alipay.trade.precreate`
    Precreate,
    /// `alipay.trade.pay`
    Pay,
    /// `alipay.trade.query`
    Query,
    /// `alipay.trade.close`
    Close,
    /// `alipay.trade.cancel`
    Cancel,
    /// `alipay.trade.refund`
    Refund,
    /// `alipay.trade.fastpay.refund.query`
    RefundQuery,
    /// `alipay.open.app.alipaycert.download`
    CertificateDownload,
}

impl Operation {
    /// Every method.
    pub const ALL: [Self; 11] = [
        Self::AppPay,
        Self::WapPay,
        Self::PagePay,
        Self::Precreate,
        Self::Pay,
        Self::Query,
        Self::Close,
        Self::Cancel,
        Self::Refund,
        Self::RefundQuery,
        Self::CertificateDownload,
    ];

    /// Its name on the wire.
    pub const fn method(self) -> &'static str {
        match self {
            Self::AppPay => "alipay.trade.app.pay",
            Self::WapPay => "alipay.trade.wap.pay",
            Self::PagePay => "alipay.trade.page.pay",
            Self::Precreate => "alipay.trade.precreate",
            Self::Pay => "alipay.trade.pay",
            Self::Query => "alipay.trade.query",
            Self::Close => "alipay.trade.close",
            Self::Cancel => "alipay.trade.cancel",
            Self::Refund => "alipay.trade.refund",
            Self::RefundQuery => "alipay.trade.fastpay.refund.query",
            Self::CertificateDownload => "alipay.open.app.alipaycert.download",
        }
    }

    pub(super) fn of_method(method: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.method() == method)
    }

    /// The operation of a V3 path. Products of browsers and apps have no V3 form.
    pub(super) fn of_v3_path(path: &str) -> Option<Self> {
        let method = path.strip_prefix("/v3/")?.replace('/', ".");
        Self::of_method(&method).filter(|operation| !operation.is_for_browsers())
    }

    /// The name of the answer's node.
    pub(super) fn node(self) -> String {
        format!("{}_response", self.method().replace('.', "_"))
    }

    /// What the payer's device brings to the gateway itself.
    pub(super) const fn is_for_browsers(self) -> bool {
        match self {
            Self::AppPay | Self::WapPay | Self::PagePay => true,
            Self::Precreate
            | Self::Pay
            | Self::Query
            | Self::Close
            | Self::Cancel
            | Self::Refund
            | Self::RefundQuery
            | Self::CertificateDownload => false,
        }
    }

    /// The product that the merchant must have signed up for.
    pub(super) const fn product(self) -> Option<Product> {
        match self {
            Self::AppPay => Some(Product::App),
            Self::WapPay => Some(Product::Wap),
            Self::PagePay => Some(Product::Page),
            Self::Precreate => Some(Product::Precreate),
            Self::Pay => Some(Product::Barcode),
            Self::Query
            | Self::Close
            | Self::Cancel
            | Self::Refund
            | Self::RefundQuery
            | Self::CertificateDownload => None,
        }
    }
}
