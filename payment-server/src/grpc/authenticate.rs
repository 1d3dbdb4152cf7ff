//! Who calls: the API key in the metadata to a [`Caller`].

use http::{HeaderMap, header::AUTHORIZATION};

use super::status::EdgeRefusal;
use crate::{app::command::Caller, config};

/// Knows API keys.
pub trait ApiKeys: Send + Sync {
    /// Whose key this is. The time it takes must tell nothing about any key.
    fn authenticate(&self, presented: &str) -> Option<Caller>;
}

impl ApiKeys for config::ApiKeys {
    fn authenticate(&self, presented: &str) -> Option<Caller> {
        self.lookup(presented).cloned()
    }
}

/// Reads `authorization: Bearer <key>` and finds whose it is. Every way of having no valid key is answered alike.
pub(super) fn authenticate(keys: &dyn ApiKeys, headers: &HeaderMap) -> Result<Caller, EdgeRefusal> {
    bearer(headers).and_then(|key| keys.authenticate(key)).ok_or(EdgeRefusal::CredentialsInvalid)
}

/// The only bearer token; two would leave open which one speaks.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use payment_core::identifiers::{ApiKeyId, MerchantId};

    struct OneKey;

    impl ApiKeys for OneKey {
        fn authenticate(&self, presented: &str) -> Option<Caller> {
            let caller = || Caller {
                merchant_id: MerchantId::parse("acme").expect("a merchant"),
                api_key_id: ApiKeyId::parse("shop").expect("a key"),
            };
            (presented == "payk_right").then(caller)
        }
    }

    fn verdict(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().expect("a header"));
        }
        authenticate(&OneKey, &headers).ok().map(|caller| caller.merchant_id.to_string())
    }

    #[test]
    fn r30_only_one_known_bearer_key_names_a_caller() {
        assert_eq!(verdict(&["Bearer payk_right"]).as_deref(), Some("acme"));
        assert_eq!(verdict(&["bearer payk_right"]).as_deref(), Some("acme"));
        let refused: [&[&str]; 8] = [
            &[],
            &[""],
            &["payk_right"],
            &["Basic payk_right"],
            &["Bearer payk_wrong"],
            &["Bearer  payk_right"],
            &["Bearer payk_right "],
            &["Bearer payk_right", "Bearer payk_right"],
        ];
        for values in refused {
            assert_eq!(verdict(values), None, "{values:?}");
        }
    }
}
