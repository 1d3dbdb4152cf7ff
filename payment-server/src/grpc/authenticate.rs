//! Who calls, and whether they may: the API key in the metadata to a [`Principal`].

use http::{HeaderMap, header::AUTHORIZATION};

use super::status::EdgeRefusal;
use crate::app::principal::{KeyHolder, Principal, Scope};

/// Knows API keys.
pub trait ApiKeys: Send + Sync {
    /// Whose key this is. The time it takes must tell nothing about any key.
    ///
    /// # Errors
    /// [`KeyRefused`] if nobody may call with it.
    fn authenticate(&self, presented: &str) -> Result<KeyHolder, KeyRefused>;
}

/// Why nobody may call with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefused {
    /// It is no key, or one that has expired or was revoked. Callers do not learn which.
    Invalid,
    /// Whether it was revoked cannot be known at the moment, so that nobody may call with it.
    Unknowable,
}

/// Reads `authorization: Bearer <key>` and finds whose it is. Every way of having no valid key is answered alike.
pub(super) fn authenticate(keys: &dyn ApiKeys, headers: &HeaderMap) -> Result<KeyHolder, EdgeRefusal> {
    let key = bearer(headers).ok_or(EdgeRefusal::CredentialsInvalid)?;
    keys.authenticate(key).map_err(|refused| match refused {
        KeyRefused::Invalid => EdgeRefusal::CredentialsInvalid,
        KeyRefused::Unknowable => EdgeRefusal::KeysUnknowable,
    })
}

/// The capacity in which the holder calls an RPC of this scope.
pub(super) fn authorize(holder: &KeyHolder, scope: Scope) -> Result<Principal, EdgeRefusal> {
    holder.principal(scope).ok_or(EdgeRefusal::ScopeMissing(scope))
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
    use crate::grpc::call::tests::OneKey;

    fn verdict(values: &[&str]) -> Result<(), EdgeRefusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().expect("a header"));
        }
        authenticate(&OneKey, &headers).map(drop)
    }

    #[test]
    fn r30_only_one_known_bearer_key_names_a_caller() {
        assert_eq!(verdict(&["Bearer payk_right"]), Ok(()));
        assert_eq!(verdict(&["bearer payk_right"]), Ok(()));
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
            assert_eq!(verdict(values), Err(EdgeRefusal::CredentialsInvalid), "{values:?}");
        }
    }

    #[test]
    fn r30_a_key_is_refused_while_nobody_can_tell_whether_it_was_revoked() {
        assert_eq!(verdict(&["Bearer payk_unknowable"]), Err(EdgeRefusal::KeysUnknowable));
    }
}
