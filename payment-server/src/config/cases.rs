//! `[cases]`: when a second person must agree to how a case is resolved, and when cases that nobody deals with are told about.

use std::{collections::BTreeMap, time::Duration};

use payment_core::{case::resolution::ApprovalLimits, money::Currency};
use toml::Value;

use super::section::Section;
use crate::app::operate::CaseSteps;

const LIMITS_REMEDY: &str =
    "Write minor units by currency, such as { CNY = 100000 }, or leave it out for no second person";
const HOURS_REMEDY: &str =
    "Write whole hours from 1 to 8760, ascending, such as [1, 24, 72, 168], or [] for never";

/// `[cases]`
#[derive(Debug, Clone)]
pub struct Cases {
    /// Above which amounts a second person must agree.
    pub approval_limits: ApprovalLimits,
    /// At which ages unresolved cases are told about.
    pub steps: CaseSteps,
}

impl Cases {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let approval_limits = limits(&mut section);
        let steps = steps(&mut section);
        section.finish();
        Some(Self { approval_limits: approval_limits?, steps: steps? })
    }
}

fn limits(section: &mut Section<'_>) -> Option<ApprovalLimits> {
    let entries = match section.take("approval_above") {
        None => return Some(ApprovalLimits::default()),
        Some(Value::Table(entries)) => entries,
        Some(_) => {
            section.violation("approval_above", "must be a table of amounts by currency", LIMITS_REMEDY);
            return None;
        }
    };
    let limit = |(code, amount): (&String, &Value)| {
        let currency = Currency::parse(code).ok()?;
        Some((currency, amount.as_integer().filter(|amount| *amount >= 0)?))
    };
    let limits: Option<BTreeMap<_, _>> = entries.iter().map(limit).collect();
    if limits.is_none() {
        section.violation("approval_above", "holds what is no currency or no amount", LIMITS_REMEDY);
    }
    limits.map(ApprovalLimits)
}

fn steps(section: &mut Section<'_>) -> Option<CaseSteps> {
    let hours = match section.take("told_after_hours") {
        None => vec![1, 24, 72, 168],
        Some(Value::Array(values)) => {
            let hour = |value: &Value| value.as_integer().and_then(|hour| u64::try_from(hour).ok());
            values.iter().map(hour).collect::<Option<Vec<_>>>().unwrap_or_else(|| vec![0])
        }
        Some(_) => vec![0],
    };
    if hours.iter().any(|hour| !(1..=8760).contains(hour)) || !hours.is_sorted() {
        section.violation("told_after_hours", "must be a list of whole hours, ascending", HOURS_REMEDY);
        return None;
    }
    Some(CaseSteps(hours.into_iter().map(|hour| Duration::from_secs(hour * 3600)).collect()))
}
