//! libFuzzer's way into [`payment_fuzz::money`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payment_fuzz::money::run(data));
