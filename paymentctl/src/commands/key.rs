//! `key`: the API keys of a merchant, made, listed and revoked while the service runs, and those of operators.

use payment_proto::v1::{
    self, ApiKey, CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest, RevokeApiKeyRequest,
    api_key_service_client::ApiKeyServiceClient,
};

use super::{Session, timestamp};
use crate::{
    arguments::KeyCommand,
    failure::Failure,
    table::{Table, instant, text, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: KeyCommand) -> Result<(), Failure> {
    let mut client = ApiKeyServiceClient::new(session.connection.clone());
    let merchant_id = session.merchant();
    match wanted {
        KeyCommand::Create { api_key_id, scope, expires } => {
            let request = CreateApiKeyRequest {
                merchant_id,
                api_key_id,
                scopes: scope.into_iter().map(|word| v1::ApiKeyScope::from(word).into()).collect(),
                expire_time: expires.map(|text| timestamp("--expires", &text)).transpose()?,
            };
            let answer = client.create_api_key(request).await?.into_inner();
            session.terminal.show("CreateApiKeyResponse", &answer, |page| created(page, &answer))
        }
        KeyCommand::List { operator } => {
            let (merchant_id, operator_name) = holder(merchant_id, operator);
            let request = ListApiKeysRequest { merchant_id, operator_name };
            let answer = client.list_api_keys(request).await?.into_inner();
            session.terminal.show("ListApiKeysResponse", &answer, |page| list(page, &answer.api_keys))
        }
        KeyCommand::Revoke { api_key_id, operator } => {
            let (merchant_id, operator_name) = holder(merchant_id, operator);
            let request = RevokeApiKeyRequest { merchant_id, api_key_id, operator_name };
            let answer = client.revoke_api_key(request).await?.into_inner();
            session
                .terminal
                .show("RevokeApiKeyResponse", &answer, |page| list(page, answer.api_key.as_slice()))
        }
    }
}

/// Whose keys are meant: an operator's where one is named, for the merchant may stand in the environment.
fn holder(merchant_id: String, operator: Option<String>) -> (String, String) {
    operator.map_or((merchant_id, String::new()), |operator| (String::new(), operator))
}

/// The new key is the one secret that is shown, because nobody can be told it later.
fn created(page: &mut Page, answer: &CreateApiKeyResponse) {
    list(page, answer.api_key.as_slice());
    page.line("");
    page.line("Give this key to the caller; it is kept nowhere:");
    page.line(&answer.secret);
}

fn list(page: &mut Page, keys: &[ApiKey]) {
    let columns = ["whose", "key", "scopes", "kept in", "created", "by", "expires", "last used", "revoked"];
    let mut table = Table::new(&columns);
    for key in keys {
        let scopes: Vec<_> =
            key.scopes().map(|scope| word(scope.as_str_name(), "API_KEY_SCOPE_").to_lowercase()).collect();
        table.row([
            whose(key),
            key.api_key_id.clone(),
            scopes.join(","),
            word(key.origin().as_str_name(), "API_KEY_ORIGIN_"),
            instant(key.create_time.as_ref()),
            text(&key.created_by),
            instant(key.expire_time.as_ref()),
            instant(key.last_use_time.as_ref()),
            instant(key.revoke_time.as_ref()),
        ]);
    }
    page.table(table, "There are no keys.");
}

fn whose(key: &ApiKey) -> String {
    if key.operator_name.is_empty() {
        key.merchant_id.clone()
    } else {
        format!("operator {}", key.operator_name)
    }
}
