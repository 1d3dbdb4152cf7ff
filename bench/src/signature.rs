//! One RSA-2048 signature, the price that Alipay and WeChat Pay put on every create.

use std::time::Duration;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};

use crate::{failure::Failure, load};

/// How many are made: about half a second's worth.
const SIGNATURES: u32 = 2000;

/// What one signature takes on one core.
pub(crate) fn measure() -> Result<Duration, Failure> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(Failure::at("an RSA key"))?;
    let text = [b'x'; 700];
    let mut signature = vec![0; key.public_modulus_len()];
    debug_assert!(!key.public_key().as_ref().is_empty());
    let begin = load::now();
    for _ in 0..SIGNATURES {
        let signed = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &text, &mut signature);
        signed.map_err(Failure::at("a signature"))?;
    }
    Ok(begin.elapsed() / SIGNATURES)
}
