//! The channel options of a request: channel, product and the options object that the channel's crate documents.

use payment_core::identifiers::{ChannelName, Product};
use payment_proto::v1::{
    AlipayOptions, PaypalIntent, PaypalOptions, PluginOptions, WeChatPayH5, WeChatPayH5Scene, WeChatPayJsapi,
    WeChatPayOptions, alipay_options::Product as AlipayProduct, create_payment_request::ChannelOptions,
    paypal_options::Product as PaypalProduct, we_chat_pay_options::Product as WeChatPayProduct,
};
use serde_json::{Map, Value};

use super::{fields::Fields, json};

/// What the caller chose.
pub(super) struct Chosen {
    /// The channel, if the options are for a certain one.
    pub(super) channel: Option<ChannelName>,
    /// The way of paying.
    pub(super) product: Product,
    /// Its options, an object.
    pub(super) options: Value,
}

/// Reads the options that are required.
pub(super) fn chosen(fields: &mut Fields, options: Option<ChannelOptions>) -> Option<Chosen> {
    match options {
        None => fields.refuse("channel_options", "is required: one of wechat_pay, alipay, paypal, plugin"),
        Some(ChannelOptions::WechatPay(options)) => wechat_pay(fields, options),
        Some(ChannelOptions::Alipay(options)) => alipay(fields, options),
        Some(ChannelOptions::Paypal(options)) => paypal(fields, options),
        Some(ChannelOptions::Plugin(options)) => plugin(fields, options),
    }
}

fn wechat_pay(fields: &mut Fields, options: WeChatPayOptions) -> Option<Chosen> {
    let mut object = Map::new();
    let goods_tag = goods_tag(fields, options.goods_tag, &mut object);
    let product = match options.product {
        None => fields.refuse("wechat_pay.product", "is required: one of app, jsapi, h5, native"),
        Some(WeChatPayProduct::App(_)) => Some("app"),
        Some(WeChatPayProduct::Native(_)) => Some("native"),
        Some(WeChatPayProduct::Jsapi(jsapi)) => openid(fields, jsapi, &mut object).map(|()| "jsapi"),
        Some(WeChatPayProduct::H5(h5)) => h5_type(fields, h5, &mut object).map(|()| "h5"),
    };
    goods_tag?;
    Some(Chosen {
        channel: Some(fields.take("wechat_pay", ChannelName::parse("wechat"))?),
        product: fields.take("wechat_pay.product", Product::parse(product?))?,
        options: Value::Object(object),
    })
}

fn goods_tag(fields: &mut Fields, tag: String, object: &mut Map<String, Value>) -> Option<()> {
    if tag.is_empty() {
        return Some(());
    }
    let admitted = tag.len() <= 32 && !tag.chars().any(char::is_control);
    fields.demand(admitted, "wechat_pay.goods_tag", "must be at most 32 bytes without control characters")?;
    object.insert("goods_tag".to_owned(), Value::String(tag));
    Some(())
}

fn openid(fields: &mut Fields, jsapi: WeChatPayJsapi, object: &mut Map<String, Value>) -> Option<()> {
    let openid = jsapi.openid;
    let admitted = (1..=128).contains(&openid.len()) && openid.bytes().all(|byte| byte.is_ascii_graphic());
    fields.demand(admitted, "wechat_pay.jsapi.openid", "must be 1 to 128 visible ASCII characters")?;
    object.insert("openid".to_owned(), Value::String(openid));
    Some(())
}

/// The words are those of WeChat's `h5_info.type`.
fn h5_type(fields: &mut Fields, h5: WeChatPayH5, object: &mut Map<String, Value>) -> Option<()> {
    const FIELD: &str = "wechat_pay.h5.scene";
    const RULE: &str =
        "must be WE_CHAT_PAY_H5_SCENE_IOS, WE_CHAT_PAY_H5_SCENE_ANDROID or WE_CHAT_PAY_H5_SCENE_WAP";
    let word = match WeChatPayH5Scene::try_from(h5.scene) {
        Ok(WeChatPayH5Scene::Ios) => "iOS",
        Ok(WeChatPayH5Scene::Android) => "Android",
        Ok(WeChatPayH5Scene::Wap) => "Wap",
        Ok(WeChatPayH5Scene::Unspecified) | Err(_) => return fields.refuse(FIELD, RULE),
    };
    object.insert("type".to_owned(), Value::String(word.to_owned()));
    Some(())
}

/// The object that `channel-alipay` documents; what its values may be, it says itself.
fn alipay(fields: &mut Fields, options: AlipayOptions) -> Option<Chosen> {
    let mut object = Map::new();
    put(&mut object, "body", options.body);
    put(&mut object, "store_id", options.store_id);
    let product = match options.product {
        None => {
            return fields.refuse("alipay.product", "is required: one of app, wap, page, precreate, barcode");
        }
        Some(AlipayProduct::App(_)) => "app",
        Some(AlipayProduct::Precreate(_)) => "precreate",
        Some(AlipayProduct::Wap(wap)) => {
            put(&mut object, "quit_url", wap.quit_url);
            put(&mut object, "return_url", wap.return_url);
            "wap"
        }
        Some(AlipayProduct::Page(page)) => {
            put(&mut object, "return_url", page.return_url);
            "page"
        }
        Some(AlipayProduct::Barcode(barcode)) => {
            put(&mut object, "auth_code", barcode.auth_code);
            "barcode"
        }
    };
    Some(Chosen {
        channel: Some(fields.take("alipay", ChannelName::parse("alipay"))?),
        product: fields.take("alipay.product", Product::parse(product))?,
        options: Value::Object(object),
    })
}

/// The object that `channel-paypal` documents; what its values may be, it says itself.
fn paypal(fields: &mut Fields, options: PaypalOptions) -> Option<Chosen> {
    let mut object = Map::new();
    put(&mut object, "brand_name", options.brand_name);
    put(&mut object, "locale", options.locale);
    match PaypalIntent::try_from(options.intent) {
        // The channel's own default, so that requests which say nothing are the same as ever (R14).
        Ok(PaypalIntent::Unspecified) => {}
        Ok(PaypalIntent::Capture) => put(&mut object, "intent", "CAPTURE".to_owned()),
        Ok(PaypalIntent::Authorize) => put(&mut object, "intent", "AUTHORIZE".to_owned()),
        Err(_) => {
            let rule = "must be left out, PAYPAL_INTENT_CAPTURE or PAYPAL_INTENT_AUTHORIZE";
            return fields.refuse("paypal.intent", rule);
        }
    }
    let (product, return_url, cancel_url) = match options.product {
        None => return fields.refuse("paypal.product", "is required: one of checkout, sdk"),
        Some(PaypalProduct::Checkout(checkout)) => ("checkout", checkout.return_url, checkout.cancel_url),
        Some(PaypalProduct::Sdk(sdk)) => ("sdk", sdk.return_url, sdk.cancel_url),
    };
    put(&mut object, "return_url", return_url);
    put(&mut object, "cancel_url", cancel_url);
    Some(Chosen {
        channel: Some(fields.take("paypal", ChannelName::parse("paypal"))?),
        product: fields.take("paypal.product", Product::parse(product))?,
        options: Value::Object(object),
    })
}

/// An empty text means not given.
fn put(object: &mut Map<String, Value>, key: &str, text: String) {
    if !text.is_empty() {
        object.insert(key.to_owned(), Value::String(text));
    }
}

fn plugin(fields: &mut Fields, plugin: PluginOptions) -> Option<Chosen> {
    let product = fields.take("plugin.product", Product::parse(plugin.product));
    let options = match json::object("plugin.options", plugin.options.unwrap_or_default()) {
        Ok(options) => Some(options),
        Err(violation) => fields.refuse(violation.field, violation.description),
    };
    Some(Chosen { channel: None, product: product?, options: options? })
}
