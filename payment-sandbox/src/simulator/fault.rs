//! Faults to order: rules that wait for their request or notification, and changes of JSON documents.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

/// Whether a request was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Execution {
    /// It was; the caller only does not learn it.
    Done,
    /// It was not.
    Skipped,
}

/// A fault and what it waits for.
pub(crate) trait Rule {
    /// What goes wrong.
    type Fault: Clone;

    /// What goes wrong.
    fn fault(&self) -> &Self::Fault;

    /// How often; `None` means until the faults are cleared.
    fn times(&mut self) -> &mut Option<u32>;
}

/// The faults that are ordered now.
pub(crate) struct FaultBoard<R, N> {
    pub(crate) requests: Vec<R>,
    pub(crate) notifications: Vec<N>,
}

impl<R, N> FaultBoard<R, N> {
    /// No faults.
    pub(crate) const fn new() -> Self {
        Self { requests: Vec::new(), notifications: Vec::new() }
    }
}

/// The fault of the first rule that fits, which is used up by one.
pub(crate) fn take<R: Rule>(rules: &mut Vec<R>, fits: impl Fn(&R) -> bool) -> Option<R::Fault> {
    let position = rules.iter().position(fits)?;
    let rule = rules.get_mut(position)?;
    let fault = rule.fault().clone();
    if used_up(rule.times()) {
        rules.remove(position);
    }
    Some(fault)
}

/// Counts one use and says whether it was the last.
const fn used_up(times: &mut Option<u32>) -> bool {
    match times {
        Some(left) => {
            *left = left.saturating_sub(1);
            *left == 0
        }
        None => false,
    }
}

/// Whether what a rule wants is what there is; a rule that wants nothing takes everything.
pub(crate) fn fits<T: PartialEq + ?Sized>(wanted: Option<&T>, actual: Option<&T>) -> bool {
    wanted.is_none() || wanted == actual
}

/// `now`, so many seconds later.
pub(crate) fn delayed(now: OffsetDateTime, seconds: u64) -> Option<OffsetDateTime> {
    now.checked_add(Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

/// Puts `value` where `pointer` leads, making the last field if it is not there.
pub(crate) fn replace_field(document: &mut Value, pointer: &str, value: &Value) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match document.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.insert(name.to_owned(), value.clone());
        }
        Some(Value::Array(list)) => {
            if let Some(element) = name.parse().ok().and_then(|index: usize| list.get_mut(index)) {
                *element = value.clone();
            }
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
    }
}

/// Takes away the field to which `pointer` leads.
pub(crate) fn remove_field(document: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    if let Some(fields) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
        fields.remove(name);
    }
}
