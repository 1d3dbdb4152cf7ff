//! The three simulated channels with one merchant each: their part of the configuration, and what payers do.

use payment_proto::v1::{
    AlipayApp, AlipayOptions, CreatePaymentRequest, CreatePaymentResponse, Money, OrderToPay, PaypalCheckout,
    PaypalOptions, WeChatPayApp, WeChatPayOptions, alipay_options, create_payment_request::ChannelOptions,
    payment_data::Kind, paypal_options, we_chat_pay_options,
};
use payment_sandbox::{
    alipay::{self, AlipaySimulator, InvokeOptions},
    clock::SimulatorClock,
    paypal::{self, ApproveOptions, Funding, PaypalSimulator},
    wechat::{self, PayOptions, WechatSimulator},
};

use crate::failure::Failure;

/// What every payment is over, in minor units.
pub(crate) const AMOUNT: i64 = 6680;

/// A channel of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// App payments through WeChat Pay: announced by a signed call.
    Wechat,
    /// App payments through Alipay: signed without a call.
    Alipay,
    /// Checkout through PayPal: announced by a call, captured by us.
    Paypal,
}

/// The simulators.
pub(crate) struct Channels {
    wechat: WechatSimulator,
    wechat_merchant: wechat::GeneratedMerchant,
    alipay: AlipaySimulator,
    alipay_merchant: alipay::GeneratedMerchant,
    paypal: PaypalSimulator,
    paypal_merchant: paypal::GeneratedMerchant,
}

impl Channels {
    /// Starts them.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let clock = SimulatorClock::real();
        let wechat = WechatSimulator::start(wechat::SimulatorOptions::loopback(clock.clone())).await;
        let wechat = wechat.map_err(Failure::at("WeChat Pay's simulator"))?;
        let alipay = AlipaySimulator::start(alipay::SimulatorOptions::loopback(clock.clone())).await;
        let alipay = alipay.map_err(Failure::at("Alipay's simulator"))?;
        let paypal = PaypalSimulator::start(paypal::SimulatorOptions::loopback(clock)).await;
        let paypal = paypal.map_err(Failure::at("PayPal's simulator"))?;
        let of_wechat = wechat::MerchantOptions::new(wechat::KeyMode::PublicKey);
        let of_alipay = alipay::MerchantOptions::new(alipay::KeyMode::PublicKey);
        Ok(Self {
            wechat_merchant: wechat.control().create_merchant(of_wechat).await.map_err(Failure::new)?,
            alipay_merchant: alipay.control().create_merchant(of_alipay).await.map_err(Failure::new)?,
            paypal_merchant: paypal
                .control()
                .create_merchant(paypal::MerchantOptions::standard())
                .map_err(Failure::new)?,
            wechat,
            alipay,
            paypal,
        })
    }

    /// PayPal is told in its own console where webhooks go, not with each payment.
    pub(crate) fn notify_paypal_at(&self, public_url: &str) -> Result<(), Failure> {
        let url = format!("{public_url}/v1/callbacks/paypal/paypal");
        self.paypal.control().set_webhook_url(&self.paypal_merchant.client_id, &url).map_err(Failure::new)
    }

    /// The accounts' sections of the configuration.
    pub(crate) fn sections(&self, merchant: &str) -> String {
        [self.wechat_section(merchant), self.alipay_section(merchant), self.paypal_section(merchant)].concat()
    }

    fn wechat_section(&self, merchant: &str) -> String {
        let of = &self.wechat_merchant;
        let key = of.public_key.as_ref().map(|key| {
            format!("wechatpay_public_key_id = \"{}\"\nwechatpay_public_key = '''{}'''\n", key.id, key.pem)
        });
        format!(
            "[merchants.{merchant}.accounts.wechat]\nchannel = \"wechat\"\nmchid = \"{}\"\napp_id = \"{}\"\n\
             merchant_certificate_serial = \"{}\"\nmerchant_private_key = '''{}'''\napi_v3_key = \"{}\"\nbase_url = \"{}\"\n{}",
            of.mchid,
            of.appids.first().map_or("", String::as_str),
            of.merchant_serial,
            of.merchant_private_key_pem,
            of.apiv3_key,
            self.wechat.base_url(),
            key.unwrap_or_default(),
        )
    }

    fn alipay_section(&self, merchant: &str) -> String {
        let of = &self.alipay_merchant;
        format!(
            "[merchants.{merchant}.accounts.alipay]\nchannel = \"alipay\"\napp_id = \"{}\"\nseller_id = \"{}\"\n\
             app_private_key = '''{}'''\nalipay_public_key = '''{}'''\ngateway_url = \"{}\"\n",
            of.app_id,
            of.seller_id,
            of.app_private_key_pem,
            of.alipay_public_key_pem,
            self.alipay.gateway_url(),
        )
    }

    fn paypal_section(&self, merchant: &str) -> String {
        let of = &self.paypal_merchant;
        format!(
            "[merchants.{merchant}.accounts.paypal]\nchannel = \"paypal\"\nenvironment = \"sandbox\"\nclient_id = \"{}\"\n\
             client_secret = \"{}\"\nmerchant_id = \"{}\"\nwebhook_ids = [\"{}\"]\n\
             webhook_certificate_authorities = '''{}{}'''\nbase_url = \"{}\"\n",
            of.client_id,
            of.client_secret,
            of.merchant_id,
            of.webhook_id,
            of.root_certificate_pem,
            of.intermediate_certificate_pem,
            self.paypal.base_url(),
        )
    }

    /// The payer pays, or approves; the channel notifies.
    pub(crate) fn pay(&self, channel: Channel, created: &CreatePaymentResponse) -> Result<(), Failure> {
        let data = created.payment_data.as_ref().and_then(|data| data.kind.as_ref());
        let payment_no = created.payment.as_ref().map_or("", |payment| payment.payment_no.as_str());
        match (channel, data) {
            (Channel::Wechat, _) => {
                let control = self.wechat.control();
                let paid = control.pay(&self.wechat_merchant.mchid, payment_no, &PayOptions::default());
                paid.map(|_| ()).map_err(Failure::new)
            }
            (Channel::Alipay, Some(Kind::SdkText(text))) => {
                let paid = self.alipay.control().invoke(text, &InvokeOptions::default());
                paid.map(|_| ()).map_err(|refused| Failure::new(format!("{refused:?}")))
            }
            (Channel::Paypal, Some(Kind::RedirectUrl(url))) => {
                let (_, order) =
                    url.split_once("token=").ok_or_else(|| Failure::new("no token in the address"))?;
                let approved = self.paypal.control().approve(order, &ApproveOptions::with(Funding::Balance));
                approved.map(|_| ()).map_err(Failure::new)
            }
            (channel, _) => Err(Failure::new(format!("payment data is not {channel:?}'s"))),
        }
    }
}

/// A payment of one order that nobody has asked for yet.
pub(crate) fn request(channel: Channel, name: &str) -> CreatePaymentRequest {
    let (currency, options) = match channel {
        Channel::Wechat => {
            let product = Some(we_chat_pay_options::Product::App(WeChatPayApp {}));
            ("CNY", ChannelOptions::WechatPay(WeChatPayOptions { product, ..WeChatPayOptions::default() }))
        }
        Channel::Alipay => {
            let product = Some(alipay_options::Product::App(AlipayApp {}));
            ("CNY", ChannelOptions::Alipay(AlipayOptions { product, ..AlipayOptions::default() }))
        }
        Channel::Paypal => {
            let product = Some(paypal_options::Product::Checkout(PaypalCheckout {
                return_url: "https://shop.example/back".to_owned(),
                cancel_url: "https://shop.example/cart".to_owned(),
            }));
            ("USD", ChannelOptions::Paypal(PaypalOptions { product, ..PaypalOptions::default() }))
        }
    };
    let amount = Money { currency_code: currency.to_owned(), minor_units: AMOUNT };
    CreatePaymentRequest {
        request_id: name.to_owned(),
        orders: vec![OrderToPay { order_no: name.to_owned(), amount: Some(amount) }],
        description: "two books".to_owned(),
        channel_options: Some(options),
        ..CreatePaymentRequest::default()
    }
}
