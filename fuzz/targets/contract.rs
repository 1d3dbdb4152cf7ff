//! libFuzzer's way into [`payment_fuzz::contract`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payment_fuzz::contract::run(data));
