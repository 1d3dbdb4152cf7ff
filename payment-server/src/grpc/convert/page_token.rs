//! Page tokens: the last payment of a page, bound to the filters that it was listed with.
//!
//! A token opens nothing, because a list shows the caller's own payments only; its digest is there to refuse a token
//! that was cut, changed or used with other filters, which would silently skip payments.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use payment_core::identifiers::{MerchantId, PaymentNo};
use sha2::{Digest as _, Sha256};

use crate::app::command::{ListPayments, PaymentPage};

/// Bytes of digest in a token.
const DIGEST_BYTES: usize = 16;

/// The only answer to a token that is not ours.
const RULE: &str = "must be the next_page_token of the page before, with the same filters";

/// The token of the page after `page`, empty on the last one.
pub(crate) fn next_page_token(merchant: &MerchantId, command: &ListPayments, page: &PaymentPage) -> String {
    page.next.as_ref().map(|last| write(merchant, command, last)).unwrap_or_default()
}

fn write(merchant: &MerchantId, command: &ListPayments, last: &PaymentNo) -> String {
    let mut token = digest(merchant, command, last).to_vec();
    token.extend_from_slice(last.as_str().as_bytes());
    URL_SAFE_NO_PAD.encode(token)
}

/// The last payment of the page before. The page's size may change from page to page and is not bound.
pub(super) fn read(
    merchant: &MerchantId,
    command: &ListPayments,
    token: &str,
) -> Result<PaymentNo, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| RULE)?;
    let (presented, last) = bytes.split_at_checked(DIGEST_BYTES).ok_or(RULE)?;
    let last = std::str::from_utf8(last).map_err(|_| RULE)?;
    let last = PaymentNo::parse(last).map_err(|_| RULE)?;
    if presented == digest(merchant, command, &last) { Ok(last) } else { Err(RULE) }
}

/// Covers everything that decides which payments a list holds and where it goes on.
fn digest(merchant: &MerchantId, command: &ListPayments, last: &PaymentNo) -> [u8; DIGEST_BYTES] {
    let states: Vec<&str> = command.states.iter().map(|state| state.as_str()).collect();
    let instant = |time: Option<time::OffsetDateTime>| time.map(|time| time.unix_timestamp_nanos());
    let covered = format!(
        "1\n{merchant}\n{last}\n{:?}\n{states:?}\n{:?}\n{:?}",
        command.order_no,
        instant(command.create_time_from),
        instant(command.create_time_before),
    );
    let mut digest = [0; DIGEST_BYTES];
    for (to, from) in digest.iter_mut().zip(Sha256::digest(covered)) {
        *to = from;
    }
    digest
}
