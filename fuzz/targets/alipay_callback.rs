//! libFuzzer's way into [`payment_fuzz::alipay::callback`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payment_fuzz::alipay::callback(data));
