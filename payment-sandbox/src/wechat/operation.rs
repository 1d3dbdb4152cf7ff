//! The operations of the API and the paths that lead to them.

use serde::{Deserialize, Serialize};

/// A way of paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// The merchant's own mobile app.
    App,
    /// A page inside WeChat, or a mini-program.
    Jsapi,
    /// A mobile browser outside WeChat.
    H5,
    /// A QR code on another screen.
    Native,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 4] = [Self::App, Self::Jsapi, Self::H5, Self::Native];

    /// The `trade_type` of a payment made by it.
    pub(super) const fn trade_type(self) -> &'static str {
        match self {
            Self::App => "APP",
            Self::Jsapi => "JSAPI",
            Self::H5 => "MWEB",
            Self::Native => "NATIVE",
        }
    }
}

/// One operation of the API; faults name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST /v3/pay/transactions/{product}`, whatever the product.
    Prepay,
    /// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}`
    QueryByOutTradeNo,
    /// `GET /v3/pay/transactions/id/{transaction_id}`
    QueryByTransactionId,
    /// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`
    Close,
    /// `POST /v3/refund/domestic/refunds`
    CreateRefund,
    /// `GET /v3/refund/domestic/refunds/{out_refund_no}`
    QueryRefund,
    /// `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`
    ApplyAbnormalRefund,
    /// `GET /v3/certificates`
    DownloadCertificates,
}

/// A request's operation together with what its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Prepay(Product),
    QueryByOutTradeNo(String),
    QueryByTransactionId(String),
    Close(String),
    CreateRefund,
    QueryRefund(String),
    ApplyAbnormalRefund(String),
    DownloadCertificates,
}

impl Route {
    /// The route of a method and a path as sent, percent-encoding included.
    pub(super) fn find(method: &str, path: &str) -> Option<Self> {
        let segments: Vec<String> = path.split('/').skip(1).map(percent_decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (method, segments.as_slice()) {
            ("POST", ["v3", "pay", "transactions", "app"]) => Some(Self::Prepay(Product::App)),
            ("POST", ["v3", "pay", "transactions", "jsapi"]) => Some(Self::Prepay(Product::Jsapi)),
            ("POST", ["v3", "pay", "transactions", "h5"]) => Some(Self::Prepay(Product::H5)),
            ("POST", ["v3", "pay", "transactions", "native"]) => Some(Self::Prepay(Product::Native)),
            ("GET", ["v3", "pay", "transactions", "out-trade-no", number]) => {
                Some(Self::QueryByOutTradeNo((*number).to_owned()))
            }
            ("GET", ["v3", "pay", "transactions", "id", id]) => {
                Some(Self::QueryByTransactionId((*id).to_owned()))
            }
            ("POST", ["v3", "pay", "transactions", "out-trade-no", number, "close"]) => {
                Some(Self::Close((*number).to_owned()))
            }
            ("POST", ["v3", "refund", "domestic", "refunds"]) => Some(Self::CreateRefund),
            ("GET", ["v3", "refund", "domestic", "refunds", number]) => {
                Some(Self::QueryRefund((*number).to_owned()))
            }
            ("POST", ["v3", "refund", "domestic", "refunds", id, "apply-abnormal-refund"]) => {
                Some(Self::ApplyAbnormalRefund((*id).to_owned()))
            }
            ("GET", ["v3", "certificates"]) => Some(Self::DownloadCertificates),
            _ => None,
        }
    }

    pub(super) const fn operation(&self) -> Operation {
        match self {
            Self::Prepay(_) => Operation::Prepay,
            Self::QueryByOutTradeNo(_) => Operation::QueryByOutTradeNo,
            Self::QueryByTransactionId(_) => Operation::QueryByTransactionId,
            Self::Close(_) => Operation::Close,
            Self::CreateRefund => Operation::CreateRefund,
            Self::QueryRefund(_) => Operation::QueryRefund,
            Self::ApplyAbnormalRefund(_) => Operation::ApplyAbnormalRefund,
            Self::DownloadCertificates => Operation::DownloadCertificates,
        }
    }
}

/// One path segment with its percent-encoding undone (`%7C` is a `|`, which order numbers may hold).
fn percent_decoded(segment: &str) -> String {
    // A `+` is itself in a path, but a space to the form decoder.
    let escaped = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_reserved_characters_arrive_decoded() {
        let route = Route::find("GET", "/v3/pay/transactions/out-trade-no/a%7Cb*c_d-e");
        assert_eq!(route, Some(Route::QueryByOutTradeNo("a|b*c_d-e".to_owned())));
        assert_eq!(Route::find("GET", "/v3/pay/transactions/app"), None);
    }
}
