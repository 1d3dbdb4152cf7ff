//! The sections of the configuration that name accounts at the simulators.

use channel_bad_pay::BadPayApp;
use payment_sandbox::{alipay, paypal};

/// An Alipay account's section.
#[must_use]
pub fn alipay_section(
    merchant: &str,
    account: &str,
    alipay: &alipay::GeneratedMerchant,
    gateway_url: &str,
) -> String {
    format!(
        "[merchants.{merchant}.accounts.{account}]\nchannel = \"alipay\"\napp_id = \"{}\"\nseller_id = \"{}\"\n\
         app_private_key = '''{}'''\nalipay_public_key = '''{}'''\ngateway_url = \"{gateway_url}\"\n",
        alipay.app_id, alipay.seller_id, alipay.app_private_key_pem, alipay.alipay_public_key_pem,
    )
}

/// A PayPal account's section.
#[must_use]
pub fn paypal_section(
    merchant: &str,
    account: &str,
    paypal: &paypal::GeneratedMerchant,
    base_url: &str,
) -> String {
    format!(
        "[merchants.{merchant}.accounts.{account}]\nchannel = \"paypal\"\nenvironment = \"sandbox\"\nclient_id = \"{}\"\n\
         client_secret = \"{}\"\nmerchant_id = \"{}\"\nwebhook_ids = [\"{}\"]\n\
         webhook_certificate_authorities = '''{}{}'''\nbase_url = \"{base_url}\"\n",
        paypal.client_id,
        paypal.client_secret,
        paypal.merchant_id,
        paypal.webhook_id,
        paypal.root_certificate_pem,
        paypal.intermediate_certificate_pem,
    )
}

/// The section of a Bad Pay account with a shop that is opened for it, known by the app's own address.
#[must_use]
pub fn bad_pay_section(merchant: &str, account: &str, bad: &BadPayApp, shop: &str) -> String {
    bad_pay_section_of(merchant, account, shop, &bad.open_shop(shop), bad.base_url())
}

/// The section of a Bad Pay account with a shop that is open.
#[must_use]
pub fn bad_pay_section_of(merchant: &str, account: &str, shop: &str, key: &str, base_url: &str) -> String {
    format!(
        "[merchants.{merchant}.accounts.{account}]\nchannel = \"bad-pay\"\nshop = \"{shop}\"\nkey = \"{key}\"\n\
         base_url = \"{base_url}\"\n"
    )
}
