//! Collects what is wrong with a request's fields, so that the caller learns all of it from one answer.

use std::fmt::Display;

use payment_core::violation::Violation;

use crate::app::error::AppError;

/// The violations found so far.
#[derive(Default)]
pub(super) struct Fields {
    violations: Vec<Violation>,
}

impl Fields {
    /// Reads a request with `read`, which returns `None` only after it refused a field.
    ///
    /// # Errors
    /// [`AppError::InvalidFields`] with everything that was refused.
    pub(super) fn read<T>(read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, AppError> {
        let mut fields = Self::default();
        match (read(&mut fields), fields.violations.is_empty()) {
            (Some(value), true) => Ok(value),
            (None, true) => Err(AppError::Internal("a request was refused without a violation".to_owned())),
            (_, false) => Err(AppError::InvalidFields(fields.violations)),
        }
    }

    /// Refuses a field: what is wrong and what is allowed.
    pub(super) fn refuse<T>(
        &mut self,
        field: impl Into<String>,
        description: impl Into<String>,
    ) -> Option<T> {
        self.violations.push(Violation::new(field, description));
        None
    }

    /// Takes a field's value, or refuses the field with the error's sentence.
    pub(super) fn take<T, E: Display>(&mut self, field: impl Into<String>, value: Result<T, E>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => self.refuse(field, error.to_string()),
        }
    }

    /// Refuses the field unless `holds`.
    pub(super) fn demand(&mut self, holds: bool, field: impl Into<String>, description: &str) -> Option<()> {
        if holds { Some(()) } else { self.refuse(field, description) }
    }

    /// The members of a closed set that a request names by their numbers, in the set's order and each once, so that the same
    /// filters are the same to a page token.
    pub(super) fn members<T: Copy>(
        &mut self,
        field: &str,
        numbers: &[i32],
        all: &[T],
        number_of: impl Fn(T) -> i32,
        rule: &str,
    ) -> Option<Vec<T>> {
        let is_known = |number: &i32| all.iter().any(|member| number_of(*member) == *number);
        if let Some(index) = numbers.iter().position(|number| !is_known(number)) {
            return self.refuse(format!("{field}[{index}]"), rule);
        }
        Some(all.iter().copied().filter(|member| numbers.contains(&number_of(*member))).collect())
    }

    /// Takes an optional text field: empty means not given. The outer `None` is a refusal.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        field: &str,
        text: String,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Option<Option<T>> {
        if text.is_empty() { Some(None) } else { self.take(field, parse(text)).map(Some) }
    }
}
