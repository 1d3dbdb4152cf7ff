//! How long honest calls take, while others behave or do not.

use std::time::{Duration, Instant};

use payment_proto::v1::GetPaymentRequest;

use crate::{app::Payments, requests::app_payment};

/// Calls that are measured at a time.
const CALLS: usize = 200;

/// The time that 99 of 100 reads stay below, one after the other. Each is answered.
pub async fn p99_of_reads(payments: &Payments, payment_no: &str) -> Duration {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        times.push(read(payments, payment_no).await);
    }
    p99(times)
}

/// How long one read takes.
#[expect(clippy::disallowed_methods, reason = "how long calls take is measured")]
pub async fn read(payments: &Payments, payment_no: &str) -> Duration {
    let request = GetPaymentRequest { payment_no: payment_no.to_owned() };
    let begun = Instant::now();
    payments.clone().get_payment(request).await.expect("an honest call is answered");
    begun.elapsed()
}

/// As [`p99_of_reads`], of payments that are created at WeChat Pay, for orders whose numbers begin with a word.
#[expect(clippy::disallowed_methods, reason = "how long calls take is measured")]
pub async fn p99_of_creates(payments: &Payments, word: &str) -> Duration {
    let mut times = Vec::with_capacity(CALLS);
    for number in 0..CALLS {
        let name = format!("{word}-{number}");
        let begun = Instant::now();
        payments.clone().create_payment(app_payment(&name, &name, 100)).await.expect("it is created");
        times.push(begun.elapsed());
    }
    p99(times)
}

/// The time that 99 of 100 stay below.
#[must_use]
pub fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99 / 100).saturating_sub(1)]
}

/// One time as a multiple of another, for figures that are printed.
#[must_use]
pub fn times(one: Duration, other: Duration) -> f64 {
    one.div_duration_f64(other)
}
