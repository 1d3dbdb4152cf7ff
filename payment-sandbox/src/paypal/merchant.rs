//! A merchant's account with its REST app, as PayPal holds it, and what the merchant's own side is configured with.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::certificates::CertificateStore;
use super::identifiers;
use super::subscription::EVERYTHING;

/// The account setting that keeps a merchant from taking money twice for one invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceIds {
    /// One payment for each `invoice_id`: PayPal's default.
    Unique,
    /// The merchant switched the protection off.
    Repeatable,
}

/// What a new merchant shall be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerchantOptions {
    /// Where its webhooks go; absent until [`super::PaypalControl::set_webhook_url`].
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// Duplicate-payment protection.
    pub invoice_ids: InvoiceIds,
}

impl MerchantOptions {
    /// A merchant with PayPal's default settings and no webhook address yet.
    pub fn standard() -> Self {
        Self { webhook_url: None, invoice_ids: InvoiceIds::Unique }
    }
}

/// Everything a merchant's side needs to be configured. `Debug` leaves the secret out.
#[derive(Clone, Serialize, Deserialize)]
pub struct GeneratedMerchant {
    /// Public id of the REST app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The account, as `payee.merchant_id` names it: 13 characters.
    pub merchant_id: String,
    /// The account's address, as `payee.email_address` names it.
    pub email_address: String,
    /// The id that webhooks are signed over.
    pub webhook_id: String,
    /// `http://host:port` from which webhook certificates are served; the client must allow it by configuration.
    pub certificate_origin: String,
    /// The DNS name that the certificates carry.
    pub certificate_name: String,
    /// PEM of the root that the certificates stand under.
    pub root_certificate_pem: String,
    /// PEM of the certificate between root and leaf, which PayPal does not serve.
    pub intermediate_certificate_pem: String,
}

impl std::fmt::Debug for GeneratedMerchant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("GeneratedMerchant")
            .field("client_id", &self.client_id)
            .field("merchant_id", &self.merchant_id)
            .field("webhook_id", &self.webhook_id)
            .finish_non_exhaustive()
    }
}

/// The one living token of an app.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: String,
    pub(super) expires_at: OffsetDateTime,
}

/// A merchant in the channel's memory.
pub(super) struct Merchant {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// The secret before, which stays good until it is withdrawn.
    pub(super) earlier_secret: Option<String>,
    /// Whether somebody has shown the newest secret.
    pub(super) newest_secret_used: bool,
    pub(super) merchant_id: String,
    pub(super) email_address: String,
    pub(super) app_id: String,
    pub(super) token: Option<Token>,
    /// How often the token endpoint gave it one.
    pub(super) tokens_requested: u64,
    pub(super) webhook_id: String,
    pub(super) webhook_url: Option<String>,
    /// The names of the events that go there, or `*`.
    pub(super) webhook_events: Vec<String>,
    pub(super) invoice_ids: InvoiceIds,
    /// Which payment has used an `invoice_id`: the id of a capture or an authorization.
    pub(super) paid_invoices: HashMap<String, String>,
    pub(super) refund_invoices: HashSet<String>,
}

impl Merchant {
    pub(super) fn new(options: MerchantOptions) -> Self {
        let merchant_id = identifiers::account_id();
        Self {
            client_id: identifiers::client_id(),
            client_secret: identifiers::client_secret(),
            earlier_secret: None,
            newest_secret_used: false,
            email_address: format!("{}@merchant.example", merchant_id.to_ascii_lowercase()),
            merchant_id,
            app_id: identifiers::app_id(),
            token: None,
            tokens_requested: 0,
            webhook_id: identifiers::resource_id(),
            webhook_url: options.webhook_url,
            webhook_events: vec![EVERYTHING.to_owned()],
            invoice_ids: options.invoice_ids,
            paid_invoices: HashMap::new(),
            refund_invoices: HashSet::new(),
        }
    }

    /// Whether this is one of the app's secrets.
    pub(super) fn knows_secret(&mut self, secret: &str) -> bool {
        self.newest_secret_used |= self.client_secret == secret;
        self.client_secret == secret || self.earlier_secret.as_deref() == Some(secret)
    }

    /// Whether another payment than `own` has used this `invoice_id`.
    pub(super) fn has_paid(&self, invoice_id: &str, own: Option<&str>) -> bool {
        let taken = self.paid_invoices.get(invoice_id);
        self.invoice_ids == InvoiceIds::Unique && taken.is_some_and(|payment| Some(payment.as_str()) != own)
    }

    /// What its own side gets to know.
    pub(super) fn generated(&self, certificates: &CertificateStore, base_url: &str) -> GeneratedMerchant {
        GeneratedMerchant {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            merchant_id: self.merchant_id.clone(),
            email_address: self.email_address.clone(),
            webhook_id: self.webhook_id.clone(),
            certificate_origin: base_url.to_owned(),
            certificate_name: super::certificates::CERTIFICATE_NAME.to_owned(),
            root_certificate_pem: certificates.root_pem.clone(),
            intermediate_certificate_pem: certificates.intermediate_pem.clone(),
        }
    }
}
