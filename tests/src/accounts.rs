//! The sections of the configuration that name accounts at the simulators.

use std::path::Path;

use channel_bad_pay::BadPayApp;
use payment_sandbox::{alipay, paypal, wechat};

/// A WeChat Pay account's section.
#[must_use]
pub fn wechat_section(
    merchant: &str,
    account: &str,
    wechat: &wechat::GeneratedMerchant,
    base_url: &str,
) -> String {
    let mut section = format!(
        "[merchants.{merchant}.accounts.{account}]\nchannel = \"wechat\"\nmchid = \"{}\"\napp_id = \"{}\"\n\
         merchant_certificate_serial = \"{}\"\nmerchant_private_key = '''{}'''\napi_v3_key = \"{}\"\nbase_url = \"{base_url}\"\n",
        wechat.mchid,
        wechat.appids[0],
        wechat.merchant_serial,
        wechat.merchant_private_key_pem,
        wechat.apiv3_key,
    );
    if let Some(public_key) = &wechat.public_key {
        section += &format!(
            "wechatpay_public_key_id = \"{}\"\nwechatpay_public_key = '''{}'''\n",
            public_key.id, public_key.pem
        );
    }
    if !wechat.platform_certificates.is_empty() {
        section += &format!("platform_root_certificates = '''{}'''\n", wechat.root_certificate_pem);
    }
    section
}

/// The section of a WeChat Pay account with its keys moved into files of `folder`.
pub(crate) fn with_wechat_keys_in(
    folder: &Path,
    wechat: &wechat::GeneratedMerchant,
    section: &str,
) -> String {
    let key = wechat.merchant_private_key_pem.as_str();
    let moved = [
        ("merchant.key", "merchant_private_key", format!("'''{key}'''"), key),
        (
            "serial",
            "merchant_certificate_serial",
            format!("\"{}\"", wechat.merchant_serial),
            wechat.merchant_serial.as_str(),
        ),
        ("api_v3_key", "api_v3_key", format!("\"{}\"", wechat.apiv3_key), wechat.apiv3_key.as_str()),
    ];
    moved.into_iter().fold(section.to_owned(), |section, (file, name, written, content)| {
        let file = folder.join(file);
        std::fs::write(&file, content).unwrap();
        section.replace(&format!("{name} = {written}"), &format!("{name}_file = \"{}\"", file.display()))
    })
}

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
