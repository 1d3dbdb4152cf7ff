//! What an API key may be used for (R30).

use std::fmt;

/// What an API key may be used for. None includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Making, confirming, asking about and closing payments, and handing notifications in.
    Pay,
    /// Giving money back.
    Refund,
    /// Reading and following what is recorded.
    Read,
    /// What a person does about a payment, a case, a job or a key.
    Operate,
}

impl Scope {
    /// Every scope, in the order in which documents list them.
    pub const ALL: [Self; 4] = [Self::Pay, Self::Refund, Self::Read, Self::Operate];

    /// The word of the configuration, the database and refusals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Refund => "refund",
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }

    /// The scope of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r30_each_scope_is_written_as_one_word_and_read_back() {
        assert_eq!(Scope::ALL.map(|scope| scope.to_string()), ["pay", "refund", "read", "operate"]);
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        for unknown in ["", "Pay", "pay ", "admin"] {
            assert_eq!(Scope::parse(unknown), None, "{unknown:?}");
        }
    }
}
