//! How a channel enters the service: a factory, found by the channel's name in the configuration.

use std::sync::Arc;

use serde_json::{Map, Value};
use zeroize::Zeroize as _;

use crate::{
    gateway::Gateway,
    identifiers::{ChannelAccountId, ChannelName},
    ports::Ports,
    violation::Violation,
};

/// What the configuration says about one channel account.
#[derive(Clone)]
pub struct AccountSettings {
    /// The account's name.
    pub account: ChannelAccountId,
    /// The account's keys beyond those that every account has, as written; the channel's crate documents them.
    /// Values of keys that end in `_file` are already replaced by the file's text under the key without the ending.
    pub settings: Map<String, Value>,
}

impl Drop for AccountSettings {
    /// Wipes what may be a key. Which of the settings are keys only the channel's crate knows, so all of them are.
    fn drop(&mut self) {
        self.settings.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(values) => values.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl std::fmt::Debug for AccountSettings {
    /// Leaves the settings out: they hold keys.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AccountSettings").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Opens accounts of one channel.
#[async_trait::async_trait]
pub trait GatewayFactory: Send + Sync {
    /// The name under which configuration and callback URLs know the channel.
    fn channel(&self) -> ChannelName;

    /// Checks an account's settings without any call: everything that is wrong, by key.
    fn check(&self, settings: &AccountSettings) -> Vec<Violation>;

    /// Opens an account. May call the channel to fetch keys, and must open without them where the channel cannot be
    /// reached: one channel's outage must not keep the server, and with it every merchant, from starting.
    ///
    /// # Errors
    /// Everything that is wrong with the settings, by key; also what only the channel's own answer shows to be wrong.
    async fn open(
        &self,
        settings: &AccountSettings,
        ports: &Ports,
    ) -> Result<Arc<dyn Gateway>, Vec<Violation>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_text_of_the_settings_is_wiped_however_deep() {
        let mut settings =
            json!({"key": "secret", "keys": ["secret", {"serial": "secret"}], "sandbox": true});
        wipe(&mut settings);
        assert_eq!(settings, json!({"key": "", "keys": ["", {"serial": ""}], "sandbox": true}));
    }

    #[test]
    fn settings_are_not_shown() {
        let account = ChannelAccountId::parse("main").expect("an account");
        let settings = Map::from_iter([("key".to_owned(), json!("secret"))]);
        let shown = format!("{:?}", AccountSettings { account, settings });
        assert_eq!(shown, "AccountSettings { account: main, .. }");
    }
}
