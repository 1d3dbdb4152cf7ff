//! What is wrong with a field of a request or a key of a configuration, told so that the reader can mend it.

/// One thing that is wrong with one field. Validation collects all of them before it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field as its writer knows it: `orders[1].amount.minor_units`, `merchants.acme.accounts.main.mchid`.
    pub field: String,
    /// What is wrong and what is allowed, as a sentence for the person who wrote the value. Never repeats a secret.
    pub description: String,
}

impl Violation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into() }
    }

    /// The same violation seen from one level further out: `mchid` under `accounts.main` is `accounts.main.mchid`.
    #[must_use]
    pub fn under(self, parent: &str) -> Self {
        Self { field: format!("{parent}.{}", self.field), ..self }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.field, self.description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_tells_the_whole_path_and_what_is_wrong() {
        let violation = Violation::new("mchid", "must be digits").under("main").under("accounts");
        assert_eq!(violation.to_string(), "accounts.main.mchid: must be digits");
    }
}
