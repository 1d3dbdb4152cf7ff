//! libFuzzer's way into [`payment_fuzz::alipay::event`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payment_fuzz::alipay::event(data));
