//! `explain`: a payment as a story, and as facts.

use payment_proto::v1::{
    ExplainPaymentRequest, ExplainPaymentResponse, Fact, explain_payment_request::Subject,
};

use super::{Session, payment, refund};
use crate::{
    arguments::Explain,
    failure::Failure,
    table::{Table, instant, text, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: Explain) -> Result<(), Failure> {
    let subject = match (wanted.order, wanted.payment_no) {
        (Some(order_no), _) => Some(Subject::OrderNo(order_no)),
        (None, payment_no) => payment_no.map(Subject::PaymentNo),
    };
    let request =
        ExplainPaymentRequest { merchant_id: session.merchant(), subject, show_evidence: wanted.evidence };
    let answer = session.operators().explain_payment(request).await?.into_inner();
    let facts = wanted.facts;
    session.terminal.show("ExplainPaymentResponse", &answer, |page| tell(page, &answer, facts))
}

fn tell(page: &mut Page, answer: &ExplainPaymentResponse, facts: bool) {
    for line in &answer.story {
        page.line(line);
    }
    if answer.payments.iter().any(|payment| payment.truncated) {
        page.line("Older facts are left out: there are more than 500 of one kind.");
    }
    page.line("");
    payment::list(page, answer.payments.iter().filter_map(|one| one.payment.as_ref()));
    let refunds: Vec<_> = answer.payments.iter().flat_map(|one| &one.refunds).collect();
    if !refunds.is_empty() {
        page.line("");
        refund::list(page, refunds.into_iter());
    }
    if facts {
        page.line("");
        page.table(table(answer), "There are no facts.");
    }
    page.line("");
    page.line("Amounts count the smallest unit of their currency, such as fen or cents.");
}

fn table(answer: &ExplainPaymentResponse) -> Table {
    let columns = ["time", "fact", "subject", "event", "change", "source", "actor", "key", "sha256"];
    let mut table = Table::new(&columns);
    for fact in answer.payments.iter().flat_map(|payment| &payment.facts) {
        table.row(row(fact));
    }
    table
}

fn row(fact: &Fact) -> [String; 9] {
    let evidence = fact.evidence.as_ref();
    let change = match (fact.from_state.as_str(), fact.to_state.as_str()) {
        ("", to) => text(to),
        (from, to) => format!("{from} -> {to}"),
    };
    [
        instant(fact.time.as_ref()),
        word(fact.kind().as_str_name(), "FACT_KIND_"),
        text(&fact.subject),
        text(&fact.event),
        change,
        text(&fact.source),
        text(&fact.actor),
        text(evidence.map_or("", |evidence| &evidence.verified_by)),
        text(evidence.and_then(|evidence| evidence.sha256.get(..16)).unwrap_or_default()),
    ]
}
