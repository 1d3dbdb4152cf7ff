//! The targets by name, with the seeds that are committed for each.

use crate::{alipay, contract, money, paypal, wechat};

/// One way in.
pub struct Target {
    /// As its binary and the folder of its seeds are called.
    pub name: &'static str,
    /// What is run with a fuzzer's bytes. It fails on a finding.
    pub run: fn(&[u8]),
    /// Where a fuzzer begins: a name and bytes for each.
    pub seeds: fn() -> Vec<(String, Vec<u8>)>,
}

/// Every target.
pub const ALL: [Target; 11] = [
    Target { name: "money", run: money::run, seeds: money::seeds },
    Target { name: "wechat_callback", run: wechat::callback, seeds: wechat::callback_seeds },
    Target { name: "wechat_event", run: wechat::event, seeds: wechat::event_seeds },
    Target { name: "wechat_answer", run: wechat::answer, seeds: wechat::answer_seeds },
    Target { name: "alipay_callback", run: alipay::callback, seeds: alipay::callback_seeds },
    Target { name: "alipay_event", run: alipay::event, seeds: alipay::event_seeds },
    Target { name: "alipay_answer", run: alipay::answer, seeds: alipay::answer_seeds },
    Target { name: "paypal_callback", run: paypal::callback, seeds: paypal::callback_seeds },
    Target { name: "paypal_event", run: paypal::event, seeds: paypal::event_seeds },
    Target { name: "paypal_answer", run: paypal::answer, seeds: paypal::answer_seeds },
    Target { name: "contract", run: contract::run, seeds: contract::seeds },
];
