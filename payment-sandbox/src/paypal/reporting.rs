//! Reports: what moved in the account, hours later, page by page, and what is in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::capture::{Capture, CaptureStatus};
use super::error::{ApiError, link};
use super::identifiers::report_time;
use super::money::Money;
use super::office::{Reply, Visit, nowhere};
use super::refund::{Refund, RefundOrigin, RefundStatus};
use super::world::World;

/// The longest time that one report spans.
const LONGEST_SPAN: Duration = Duration::days(31);

const USUAL_PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;
const MOST_PAGES: usize = 1_000_000;

/// One line of a report.
struct Line {
    at: OffsetDateTime,
    id: String,
    /// The payment that a refund is of.
    of: Option<String>,
    code: &'static str,
    amount: Money,
    /// What PayPal keeps, below zero.
    fee: Option<Money>,
    status: &'static str,
    invoice_id: Option<String>,
    custom_id: Option<String>,
}

pub(super) fn reply(world: &World, visit: &Visit<'_>) -> Reply {
    match (visit.method, visit.rest) {
        ("GET", "transactions") => transactions(world, visit),
        ("GET", "balances") => balances(world, visit),
        _ => Err(nowhere()),
    }
}

/// How far the reports have come.
fn refreshed(visit: &Visit<'_>) -> OffsetDateTime {
    visit.now - visit.settings.reporting_lag
}

fn transactions(world: &World, visit: &Visit<'_>) -> Reply {
    let (from, to) = span(visit)?;
    let (size, page) =
        (visit.count("page_size", USUAL_PAGE, LARGEST_PAGE)?, visit.count("page", 1, MOST_PAGES)?);
    let (id, status) = (visit.parameter("transaction_id"), visit.parameter("transaction_status"));
    let only_moved = visit.parameter("balance_affecting_records_only").as_deref() != Some("N");
    let wanted = |line: &Line| {
        (from..=to).contains(&line.at)
            && (!only_moved || line.moves_money())
            && id.as_ref().is_none_or(|id| line.id == *id)
            && status.as_ref().is_none_or(|status| line.status == *status)
    };
    let details: Vec<Value> = balanced(world, visit)
        .into_iter()
        .filter(|(line, _)| wanted(line))
        // Any filter leaves the balance out.
        .map(|(line, balance)| line.view(balance.filter(|_| id.is_none() && status.is_none())))
        .collect();
    if details.len() > visit.settings.reporting_cap {
        return Err(ApiError::named(400, "RESULTSET_TOO_LARGE"));
    }
    let own = format!("{}/v1/reporting/transactions?{}", visit.settings.base_url, visit.query);
    let (items, pages) = (details.len(), details.len().div_ceil(size));
    let shown: Vec<Value> = details.into_iter().skip((page - 1) * size).take(size).collect();
    Ok((
        200,
        Some(json!({
            "transaction_details": shown, "start_date": report_time(from), "end_date": report_time(to),
            "last_refreshed_datetime": report_time(refreshed(visit)), "page": page, "total_items": items,
            "total_pages": pages, "links": [link(&own, "self", "GET")],
        })),
    ))
}

fn span(visit: &Visit<'_>) -> Result<(OffsetDateTime, OffsetDateTime), ApiError> {
    let missing = |name| ApiError::validation(name, "MISSING_REQUIRED_PARAMETER");
    let from = visit.instant("start_date")?.ok_or_else(|| missing("start_date"))?;
    let to = visit.instant("end_date")?.ok_or_else(|| missing("end_date"))?;
    if from > to || to - from > LONGEST_SPAN {
        return Err(ApiError::validation("end_date", "INVALID_PARAMETER_VALUE"));
    }
    Ok((from, to))
}

fn balances(world: &World, visit: &Visit<'_>) -> Reply {
    let as_of = visit.instant("as_of_time")?.unwrap_or(visit.now);
    let currency = visit.parameter("currency_code");
    let mut totals: BTreeMap<String, Money> = BTreeMap::new();
    for (line, balance) in balanced(world, visit) {
        let Some(balance) = balance.filter(|_| line.at <= as_of) else { continue };
        totals.insert(balance.currency_code.clone(), balance);
    }
    let wanted = totals.into_values().filter(|total| {
        currency.as_ref().is_none_or(|code| matches!(code.as_str(), "ALL") || total.currency_code == *code)
    });
    let view = |total: Money| {
        json!({
            "currency": total.currency_code, "primary": false, "total_balance": total.json(),
            "available_balance": total.json(), "withheld_balance": total.with_minor(0).json(),
        })
    };
    let balances: Vec<Value> = wanted.map(view).collect();
    let account = world.merchants.get(visit.client_id).map(|merchant| merchant.merchant_id.clone());
    Ok((
        200,
        Some(json!({
            "balances": balances, "account_id": account, "as_of_time": report_time(as_of),
            "last_refresh_time": report_time(refreshed(visit)),
        })),
    ))
}

/// Every line that the reports know by now, oldest first, with what was in the account after it.
fn balanced(world: &World, visit: &Visit<'_>) -> Vec<(Line, Option<Money>)> {
    let client_id = visit.client_id;
    let of_app = || world.captures.values().filter(move |capture| capture.client_id == client_id);
    let refunds = of_app().flat_map(|capture| {
        let refunds = capture.refunds.iter().filter_map(move |id| world.refunds.get(id));
        refunds.map(move |refund| Line::of_refund(refund, capture))
    });
    let lines = of_app().map(Line::of_capture).chain(refunds);
    let mut lines: Vec<Line> = lines.filter(|line| line.at <= refreshed(visit)).collect();
    lines.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    let mut totals: BTreeMap<String, i64> = BTreeMap::new();
    let mut balance_after = |line: &Line| {
        let total = totals.entry(line.amount.currency_code.clone()).or_default();
        *total += line.amount.minor + line.fee.as_ref().map_or(0, |fee| fee.minor);
        line.amount.with_minor(*total)
    };
    lines
        .into_iter()
        .map(|line| {
            let balance = line.moves_money().then(|| balance_after(&line));
            (line, balance)
        })
        .collect()
}

impl Line {
    fn of_capture(capture: &Capture) -> Self {
        let status = match capture.status {
            CaptureStatus::Completed | CaptureStatus::PartiallyRefunded | CaptureStatus::Refunded => "S",
            CaptureStatus::Pending => "P",
            CaptureStatus::Declined => "D",
        };
        let fee = capture.amount.fee();
        Self {
            at: capture.created_at,
            id: capture.id.clone(),
            of: None,
            code: "T0006",
            amount: capture.amount.clone(),
            fee: capture.status.is_paid().then(|| fee.with_minor(-fee.minor)),
            status,
            invoice_id: capture.invoice_id.clone(),
            custom_id: capture.custom_id.clone(),
        }
    }

    /// The fee of the payment is not given back.
    fn of_refund(refund: &Refund, capture: &Capture) -> Self {
        let status = match refund.status {
            RefundStatus::Completed => "S",
            RefundStatus::Pending => "P",
            RefundStatus::Failed | RefundStatus::Cancelled => "D",
        };
        let code = match refund.origin {
            RefundOrigin::Api | RefundOrigin::Console => "T1107",
            RefundOrigin::Reversal => "T1106",
        };
        Self {
            at: refund.created_at,
            id: refund.id.clone(),
            of: Some(capture.id.clone()),
            code,
            amount: refund.amount.with_minor(-refund.amount.minor),
            fee: None,
            status,
            invoice_id: refund.invoice_id.clone(),
            custom_id: refund.custom_id.clone(),
        }
    }

    fn moves_money(&self) -> bool {
        self.status == "S"
    }

    fn view(&self, balance: Option<Money>) -> Value {
        let mut information = json!({
            "transaction_id": self.id, "transaction_event_code": self.code,
            "transaction_initiation_date": report_time(self.at),
            "transaction_updated_date": report_time(self.at), "transaction_amount": self.amount.json(),
            "transaction_status": self.status, "protection_eligibility": "01",
        });
        let texts = [
            ("invoice_id", self.invoice_id.clone()),
            ("custom_field", self.custom_id.clone()),
            ("paypal_reference_id", self.of.clone()),
            ("paypal_reference_id_type", self.of.as_ref().map(|_| "TXN".to_owned())),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, json!(text?))));
        let fee = self.fee.as_ref().map(|fee| ("fee_amount", fee.json()));
        let balance = balance.map(|balance| ("ending_balance", balance.json()));
        if let Some(fields) = information.as_object_mut() {
            fields.extend(texts.chain(fee).chain(balance).map(|(name, value)| (name.to_owned(), value)));
        }
        json!({"transaction_info": information})
    }
}
