//! Callbacks that a channel signed, with something changed in them: none is accepted.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say what they did"
)]

use std::{sync::Arc, thread};

use payment_core::gateway::{Gateway, RawCallback};
use payment_fuzz::{
    alipay,
    mutation::{bits, changed, with_bit_turned},
    paypal, verdict, wechat,
};
use rand::{SeedableRng as _, rngs::StdRng};

/// How many changed callbacks are tried beside those with one bit turned, where the environment asks for no other number.
const USUAL: u64 = 30_000;

/// A channel, an account at it, and two callbacks that it signed.
struct Channel {
    name: &'static str,
    open: fn() -> Arc<dyn Gateway>,
    genuine: RawCallback,
    other: RawCallback,
    /// Whether a callback says, word for word, what another one says.
    same: fn(&RawCallback, &RawCallback) -> bool,
}

fn channels() -> [Channel; 3] {
    [
        Channel {
            name: "WeChat Pay",
            open: wechat::verifier,
            genuine: wechat::genuine(),
            other: wechat::genuine_of("4200002900202601058888888888"),
            same: |one, other| one.body == other.body && told(one) == told(other),
        },
        Channel {
            name: "Alipay",
            open: alipay::verifier,
            genuine: alipay::genuine(),
            other: alipay::genuine_of("2027030122001400000000000002"),
            // `%2b` is `%2B`, and headers mean nothing.
            same: |one, other| alipay::meaning(&one.body) == alipay::meaning(&other.body),
        },
        Channel {
            name: "PayPal",
            open: paypal::verifier,
            genuine: paypal::genuine(),
            other: paypal::genuine_of("5TX1234567890123A"),
            same: |one, other| one.body == other.body && told(one) == told(other),
        },
    ]
}

/// The headers that say something, in whatever order they stand. WeChat Pay's name of its only algorithm may be left out.
fn told(callback: &RawCallback) -> Vec<&(String, Vec<u8>)> {
    let named = callback.headers.iter().filter(|(name, _)| name != "wechatpay-signature-type");
    let mut told: Vec<_> = named.collect();
    told.sort();
    told
}

impl Channel {
    /// Fails if a changed callback is accepted; tells whether it says the same in other letters.
    fn try_changed(&self, gateway: &dyn Gateway, changed: &RawCallback, how: &str) -> bool {
        let accepted = verdict(gateway, changed).is_ok();
        let same = (self.same)(changed, &self.genuine) || (self.same)(changed, &self.other);
        assert!(!accepted || same, "{}: accepted {how}", self.name);
        accepted
    }

    /// The parts of `total` of as many threads as there are processors, each with a gateway of its own; the sum of what they
    /// count.
    fn in_threads(&self, total: u64, work: impl Fn(&dyn Gateway, u64) -> bool + Sync) -> u64 {
        let threads = thread::available_parallelism().map_or(1, |number| number.get() as u64);
        let part = |thread| {
            let gateway = (self.open)();
            (0..total).filter(|number| number % threads == thread && work(gateway.as_ref(), *number)).count()
                as u64
        };
        thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
            running.into_iter().map(|thread| thread.join().expect("no callback was accepted")).sum()
        })
    }
}

#[test]
fn r02_what_channels_signed_is_accepted_as_it_is() {
    for channel in channels() {
        for genuine in [&channel.genuine, &channel.other] {
            let verdict = verdict((channel.open)().as_ref(), genuine);
            assert!(verdict.is_ok(), "{}: {verdict:?}", channel.name);
        }
    }
}

#[test]
fn r02_no_callback_with_a_bit_turned_is_accepted() {
    for channel in channels() {
        let total = bits(&channel.genuine) as u64;
        let same = channel.in_threads(total, |gateway, bit| {
            let turned = with_bit_turned(&channel.genuine, usize::try_from(bit).expect("an index"));
            channel.try_changed(gateway, &turned, &format!("bit {bit}"))
        });
        println!("{}: {total} bits, {same} of them say the same", channel.name);
        assert!(channel.name == "Alipay" || same == 0, "{}: {same}", channel.name);
    }
}

#[expect(clippy::disallowed_methods, reason = "another number of callbacks is asked for by the environment")]
fn asked_for() -> u64 {
    std::env::var("PAYMENT_CHANGED_CALLBACKS").map_or(USUAL, |text| text.parse().expect("a whole number"))
}

#[test]
fn r02_no_changed_callback_is_accepted() {
    let total = asked_for() / 3;
    for channel in channels() {
        let same = channel.in_threads(total, |gateway, number| {
            let changed = changed(&mut StdRng::seed_from_u64(number), &channel.genuine, &channel.other);
            channel.try_changed(gateway, &changed, &format!("change {number}"))
        });
        println!("{}: {total} changed callbacks, {same} of them say the same", channel.name);
    }
}
