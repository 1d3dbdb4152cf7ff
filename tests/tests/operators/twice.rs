//! A second person, and two persons at once.

use futures::future::join_all;
use payment_proto::v1::{
    ApproveCaseResolutionRequest, Case, CaseResolution, CaseState, RejectCaseResolutionRequest,
    ResolveCaseRequest,
};
use payment_tests::{app::MERCHANT, operators::Person};
use tonic::Status;

use super::scene::{Desk, reason, resolution};

const LIMITED: &str = "[cases]\napproval_above = { CNY = 99 }\n";

async fn approve(desk: &Desk, person: &Person, case: &Case) -> Result<Case, Status> {
    let request =
        ApproveCaseResolutionRequest { merchant_id: MERCHANT.to_owned(), case_id: case.case_id.clone() };
    Ok(desk.of(person).approve_case_resolution(request).await?.into_inner().case.unwrap())
}

async fn reject(desk: &Desk, person: &Person, case: &Case) -> Result<Case, Status> {
    let request =
        RejectCaseResolutionRequest { merchant_id: MERCHANT.to_owned(), case_id: case.case_id.clone() };
    Ok(desk.of(person).reject_case_resolution(request).await?.into_inner().case.unwrap())
}

async fn acts(desk: &Desk) -> Vec<String> {
    desk.app.texts("SELECT actor || ' ' || act FROM operator_act ORDER BY act_time, xmin::text::bigint").await
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_limit_another_person_must_agree() {
    let desk = Desk::open_with(LIMITED).await;
    desk.lost("A", 100).await;
    let case = desk.the_case().await;
    let proposal =
        ResolveCaseRequest { order_no: "A".to_owned(), ..resolution(&case, CaseResolution::Attach) };
    let proposed = desk.resolve(&desk.alice, proposal.clone()).await.unwrap();
    assert_eq!(proposed.state(), CaseState::AwaitingApproval);
    assert_eq!(desk.app.number("SELECT count(*) FROM payment").await, 0, "nothing is done yet");
    desk.app.advance(std::time::Duration::from_secs(60)).await;
    assert_eq!(desk.resolve(&desk.alice, proposal).await.unwrap().state(), CaseState::AwaitingApproval);
    let alone = approve(&desk, &desk.alice, &case).await.unwrap_err();
    assert_eq!(reason(&alone), "SECOND_PERSON_REQUIRED");
    let approved = approve(&desk, &desk.bob, &case).await.unwrap();
    assert_eq!(approved.state(), CaseState::Resolved);
    let decision = approved.decision.unwrap();
    assert_eq!(
        (decision.proposed_by.as_str(), decision.approved_by.as_str()),
        ("alice/laptop", "bob/laptop")
    );
    assert_eq!(
        acts(&desk).await,
        [
            "alice/laptop CASE_RESOLUTION_PROPOSED",
            "bob/laptop CASE_RESOLUTION_APPROVED",
            "bob/laptop CASE_RESOLVED"
        ]
    );
    let again = approve(&desk, &desk.bob, &case).await.unwrap();
    assert_eq!(again.state(), CaseState::Resolved, "a repetition of an answer that was lost");
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_proposed_can_be_taken_back_and_proposed_otherwise() {
    let desk = Desk::open_with(LIMITED).await;
    desk.lost("A", 100).await;
    let case = desk.the_case().await;
    desk.resolve(&desk.alice, resolution(&case, CaseResolution::Refund)).await.unwrap();
    let other = desk.resolve(&desk.bob, resolution(&case, CaseResolution::Dismiss)).await.unwrap_err();
    assert_eq!(reason(&other), "CASE_STATE_CONFLICT");
    let open = reject(&desk, &desk.bob, &case).await.unwrap();
    assert_eq!((open.state(), open.decision), (CaseState::Open, None));
    assert_eq!(reason(&approve(&desk, &desk.bob, &case).await.unwrap_err()), "CASE_STATE_CONFLICT");
    desk.resolve(&desk.bob, resolution(&case, CaseResolution::Dismiss)).await.unwrap();
    let resolved = approve(&desk, &desk.alice, &case).await.unwrap();
    assert_eq!(resolved.decision.unwrap().resolution(), CaseResolution::Dismiss);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_resolve_one_case_at_once_one_decides() {
    let desk = Desk::open().await;
    let lost = desk.lost("A", 100).await;
    let case = desk.the_case().await;
    let wishes = (0..8).map(|index| {
        let attach =
            ResolveCaseRequest { order_no: "A".to_owned(), ..resolution(&case, CaseResolution::Attach) };
        let (person, wish) = match index % 4 {
            0 => (&desk.alice, attach),
            1 => (&desk.bob, resolution(&case, CaseResolution::Refund)),
            2 => (&desk.clerk, resolution(&case, CaseResolution::Dismiss)),
            _ => (&desk.bob, attach),
        };
        desk.resolve(person, wish)
    });
    let answers = join_all(wishes).await;
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(reason(refused), "CASE_STATE_CONFLICT");
    }
    let mut decisions: Vec<_> = answers.iter().flatten().filter_map(|case| case.decision.clone()).collect();
    decisions.dedup();
    assert_eq!(decisions.len(), 1, "{decisions:#?}");
    assert!(desk.waiting().await.is_empty());
    let told = "SELECT count(*) FROM outbox_event WHERE event = 'case.resolved'";
    assert_eq!(desk.app.number(told).await, 1);
    // Whoever decided, the money is in one place only.
    let books = desk.app.wechat().order(desk.app.mchid(), &lost).unwrap();
    let refunds = usize::from(decisions[0].resolution() == CaseResolution::Refund);
    assert_eq!(books.refunds.len(), refunds);
    desk.app.finish().await;
}
