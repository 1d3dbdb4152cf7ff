//! Who calls, and what they may do (R30): a merchant's backend, which sees its own merchant only, or an operator, who
//! sees the merchants that the configuration puts in sight.

use std::collections::BTreeSet;

use payment_core::{
    identifiers::{ApiKeyId, MerchantId, OperatorName},
    violation::Violation,
};

pub use payment_core::scope::Scope;

use super::{command::Caller, error::AppError};

/// Which merchants an operator sees. Others do not exist for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Every merchant.
    All,
    /// These; never empty.
    Merchants(BTreeSet<MerchantId>),
}

/// Who operates the service by this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Their name; the merchant's where a key of a merchant may operate. The configuration keeps the two apart.
    pub name: OperatorName,
    /// The key that was presented.
    pub api_key_id: ApiKeyId,
    /// Whose data the call may see.
    pub sight: Sight,
}

impl Operator {
    /// How evidence names them: `name/key`, unique in the configuration.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("{}/{}", self.name, self.api_key_id)
    }

    /// Whether this merchant exists for them.
    #[must_use]
    pub fn sees(&self, merchant: &MerchantId) -> bool {
        match &self.sight {
            Sight::All => true,
            Sight::Merchants(merchants) => merchants.contains(merchant),
        }
    }

    /// The merchant that a request is about: the one that it names, or the only one in sight.
    ///
    /// # Errors
    /// [`AppError::MerchantNotFound`] if it is not in sight, [`AppError::InvalidFields`] if one must be named.
    pub fn merchant(&self, named: Option<MerchantId>) -> Result<MerchantId, AppError> {
        match named.or_else(|| self.only_merchant().cloned()) {
            Some(merchant) if self.sees(&merchant) => Ok(merchant),
            Some(merchant) => Err(AppError::MerchantNotFound(merchant)),
            None => {
                let rule = "is required where the operator sees more than one merchant";
                Err(AppError::InvalidFields(vec![Violation::new("merchant_id", rule)]))
            }
        }
    }

    /// The merchant that they need not name because they see no other.
    #[must_use]
    pub fn only_merchant(&self) -> Option<&MerchantId> {
        match &self.sight {
            Sight::Merchants(merchants) if merchants.len() == 1 => merchants.first(),
            Sight::All | Sight::Merchants(_) => None,
        }
    }
}

/// In what capacity somebody calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A merchant's backend.
    Merchant(Caller),
    /// Somebody who operates the service.
    Operator(Operator),
}

/// Whose an API key is, and what it may be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyHolder {
    /// A merchant's backend.
    Merchant {
        /// The merchant and the key.
        caller: Caller,
        /// What the key may be used for; never empty.
        scopes: BTreeSet<Scope>,
    },
    /// An operator, whose keys operate and do nothing else: they never make or refund payments in a merchant's name.
    Operator(Operator),
}

impl KeyHolder {
    /// The capacity in which the holder uses this scope; none where the key may not be used for it.
    #[must_use]
    pub fn principal(&self, scope: Scope) -> Option<Principal> {
        match (self, scope) {
            (Self::Merchant { scopes, .. }, _) if !scopes.contains(&scope) => None,
            (Self::Merchant { caller, .. }, Scope::Operate) => operator_of(caller).map(Principal::Operator),
            (Self::Merchant { caller, .. }, Scope::Pay | Scope::Refund | Scope::Read) => {
                Some(Principal::Merchant(caller.clone()))
            }
            (Self::Operator(operator), Scope::Operate) => Some(Principal::Operator(operator.clone())),
            (Self::Operator(_), Scope::Pay | Scope::Refund | Scope::Read) => None,
        }
    }
}

/// A merchant's own key with the scope to operate: an operator who sees that merchant only.
fn operator_of(caller: &Caller) -> Option<Operator> {
    Some(Operator {
        // Both are names of the same kind and length.
        name: OperatorName::parse(caller.merchant_id.as_str()).ok()?,
        api_key_id: caller.api_key_id.clone(),
        sight: Sight::Merchants(BTreeSet::from([caller.merchant_id.clone()])),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(name: &str) -> MerchantId {
        MerchantId::parse(name).expect("a merchant")
    }

    fn holder(scopes: &[Scope]) -> KeyHolder {
        let api_key_id = ApiKeyId::parse("shop").expect("a key");
        let caller = Caller { merchant_id: merchant("acme"), api_key_id };
        KeyHolder::Merchant { caller, scopes: scopes.iter().copied().collect() }
    }

    fn operator(sight: Sight) -> Operator {
        let name = OperatorName::parse("alice").expect("a name");
        Operator { name, api_key_id: ApiKeyId::parse("laptop").expect("a key"), sight }
    }

    #[test]
    fn r30_a_key_is_good_for_its_scopes_and_no_other() {
        for held in Scope::ALL {
            for wanted in Scope::ALL {
                assert_eq!(holder(&[held]).principal(wanted).is_some(), held == wanted, "{held} {wanted}");
                assert_eq!(Scope::parse(held.as_str()), Some(held));
            }
        }
        assert_eq!(Scope::parse("admin"), None);
    }

    #[test]
    fn r30_a_merchants_operator_sees_that_merchant_only() {
        let Some(Principal::Operator(own)) = holder(&[Scope::Operate]).principal(Scope::Operate) else {
            unreachable!("the key operates")
        };
        assert_eq!((own.actor().as_str(), own.only_merchant()), ("acme/shop", Some(&merchant("acme"))));
        assert_eq!(own.merchant(None).expect("the only one"), merchant("acme"));
        assert!(own.sees(&merchant("acme")) && !own.sees(&merchant("other")));
    }

    #[test]
    fn r30_an_operator_sees_the_merchants_in_sight_and_never_pays_for_them() {
        let all = operator(Sight::All);
        assert!(all.sees(&merchant("acme")));
        assert_eq!((all.actor().as_str(), all.only_merchant()), ("alice/laptop", None));
        let two = operator(Sight::Merchants(BTreeSet::from([merchant("acme"), merchant("bravo")])));
        assert!(two.sees(&merchant("bravo")) && !two.sees(&merchant("other")));
        assert_eq!(two.only_merchant(), None);
        assert_eq!(two.merchant(Some(merchant("acme"))).expect("in sight"), merchant("acme"));
        assert!(matches!(two.merchant(None), Err(AppError::InvalidFields(_))));
        assert!(matches!(two.merchant(Some(merchant("other"))), Err(AppError::MerchantNotFound(_))));
        for scope in Scope::ALL {
            let principal = KeyHolder::Operator(all.clone()).principal(scope);
            assert_eq!(principal.is_some(), scope == Scope::Operate, "{scope}");
        }
    }
}
