//! libFuzzer's way into [`payment_fuzz::wechat::callback`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payment_fuzz::wechat::callback(data));
