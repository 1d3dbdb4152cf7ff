//! `case`: what fits nowhere, and what is done about it.

use payment_proto::v1::{
    ApproveCaseResolutionRequest, Case, CaseResolution, CaseState, GetCaseRequest, ListCasesRequest,
    ListCasesResponse, RejectCaseResolutionRequest, ResolveCaseRequest,
};

use super::{Session, pages};
use crate::{
    arguments::CaseCommand,
    failure::Failure,
    table::{Table, age, instant, money, text, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: CaseCommand) -> Result<(), Failure> {
    let mut client = session.operators();
    let merchant_id = session.merchant();
    match wanted {
        CaseCommand::List { all, payment, limit } => {
            let found = listed(session, all, payment.unwrap_or_default(), limit).await?;
            session.terminal.show("ListCasesResponse", &found, |page| list(page, &found.cases))
        }
        CaseCommand::Show { case_id } => {
            let answer = client.get_case(GetCaseRequest { merchant_id, case_id }).await?.into_inner();
            session.terminal.show("GetCaseResponse", &answer, |page| one(page, answer.case.as_ref()))
        }
        CaseCommand::Resolve { case_id, resolution, reason, order } => {
            let request = ResolveCaseRequest {
                merchant_id,
                case_id,
                resolution: CaseResolution::from(resolution).into(),
                reason,
                order_no: order.unwrap_or_default(),
            };
            let answer = client.resolve_case(request).await?.into_inner();
            session.terminal.show("ResolveCaseResponse", &answer, |page| one(page, answer.case.as_ref()))
        }
        CaseCommand::Approve { case_id } => {
            let request = ApproveCaseResolutionRequest { merchant_id, case_id };
            let answer = client.approve_case_resolution(request).await?.into_inner();
            let name = "ApproveCaseResolutionResponse";
            session.terminal.show(name, &answer, |page| one(page, answer.case.as_ref()))
        }
        CaseCommand::Reject { case_id } => {
            let request = RejectCaseResolutionRequest { merchant_id, case_id };
            let answer = client.reject_case_resolution(request).await?.into_inner();
            let name = "RejectCaseResolutionResponse";
            session.terminal.show(name, &answer, |page| one(page, answer.case.as_ref()))
        }
    }
}

async fn listed(
    session: &Session<'_, '_>,
    all: bool,
    payment_no: String,
    limit: u32,
) -> Result<ListCasesResponse, Failure> {
    let states = [CaseState::Open, CaseState::AwaitingApproval, CaseState::Resolving, CaseState::Resolved];
    let states: Vec<i32> = states.into_iter().filter(|_| all).map(i32::from).collect();
    let page = |page_size, page_token| {
        let request = ListCasesRequest {
            merchant_id: session.merchant(),
            page_size,
            page_token,
            states: states.clone(),
            kinds: Vec::new(),
            payment_no: payment_no.clone(),
        };
        let mut client = session.operators();
        async move {
            let answer = client.list_cases(request).await?.into_inner();
            Ok((answer.cases, answer.next_page_token))
        }
    };
    let (cases, next_page_token) = pages(limit, page).await?;
    Ok(ListCasesResponse { cases, next_page_token })
}

fn list(page: &mut Page, cases: &[Case]) {
    let mut table = Table::new(&["case", "age", "kind", "state", "payment", "amount", "description"]);
    for case in cases {
        table.row([
            case.case_id.clone(),
            age(case.age_seconds),
            word(case.kind().as_str_name(), "CASE_KIND_"),
            word(case.state().as_str_name(), "CASE_STATE_"),
            case.payment_no.clone(),
            money(case.amount.as_ref()),
            case.description.clone(),
        ]);
    }
    page.table(table, "No case waits for a person.");
}

fn one(page: &mut Page, case: Option<&Case>) {
    let Some(case) = case else { return };
    let decision = case.decision.clone().unwrap_or_default();
    page.table(
        Table::of_fields(&[
            ("case", case.case_id.clone()),
            ("kind", word(case.kind().as_str_name(), "CASE_KIND_")),
            ("state", word(case.state().as_str_name(), "CASE_STATE_")),
            ("description", case.description.clone()),
            ("payment", case.payment_no.clone()),
            ("refund", text(&case.refund_no)),
            ("order", text(&case.order_no)),
            ("channel", format!("{} of account {}", case.channel, case.channel_account)),
            ("channel transaction", text(&case.channel_transaction_no)),
            ("amount", money(case.amount.as_ref())),
            ("said by", text(&case.source)),
            ("verified by", text(&case.verified_by)),
            ("notification", text(&case.notification_id)),
            ("opened", format!("{} ({})", instant(case.open_time.as_ref()), age(case.age_seconds))),
            (
                "resolution",
                match decision.resolution() {
                    CaseResolution::Unspecified => String::new(),
                    resolution @ (CaseResolution::Attach
                    | CaseResolution::Refund
                    | CaseResolution::Dismiss
                    | CaseResolution::Settled) => word(resolution.as_str_name(), "CASE_RESOLUTION_"),
                },
            ),
            ("for order", text(&decision.order_no)),
            ("because", decision.reason),
            ("proposed by", decision.proposed_by),
            ("approved by", decision.approved_by),
            ("refunded by", decision.refund_no),
            ("resolved", instant(case.resolve_time.as_ref())),
        ]),
        "",
    );
    if case.state() == CaseState::AwaitingApproval {
        page.line("");
        page.line(&format!("Another person carries it out by: paymentctl case approve {}", case.case_id));
    }
}
