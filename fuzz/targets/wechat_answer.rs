//! libFuzzer's way into [`payment_fuzz::wechat::answer`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payment_fuzz::wechat::answer(data));
