//! Who may do what about which case.

use time::macros::datetime;

use super::*;

fn case(kind: CaseKind) -> Case {
    Case {
        case_id: "01900000-0000-7000-8000-000000000000".to_owned(),
        merchant_id: MerchantId::parse("acme").expect("a merchant"),
        kind,
        channel: ChannelName::parse("wechat").expect("a channel"),
        channel_account: ChannelAccountId::parse("main").expect("an account"),
        payment_no: "P202601050001234567890ABCDEFGHJ".to_owned(),
        refund_no: None,
        order_no: None,
        channel_transaction_no: ChannelTransactionNo::parse("4200").ok(),
        amount: Some(Money::new(Currency::CNY, 1000)),
        description: String::new(),
        source: Source::Notification,
        notification_id: None,
        verified_by: None,
        open_time: datetime!(2026-11-23 08:00 UTC),
        state: CaseState::Open,
        decision: None,
        update_time: None,
        resolve_time: None,
    }
}

fn after(case: Case, step: CaseStep) -> Case {
    match step {
        CaseStep::Move { to, decision, .. } => Case { state: to, decision, ..case },
        CaseStep::GoOn | CaseStep::Done => case,
    }
}

fn above(limit: i64) -> ApprovalLimits {
    ApprovalLimits(BTreeMap::from([(Currency::CNY, limit)]))
}

fn dismiss() -> CaseAct {
    CaseAct::Resolve { resolution: Resolution::Dismiss, reason: "known".to_owned() }
}

#[test]
fn a_second_person_is_needed_above_the_limit_and_for_what_no_limit_names() {
    let yuan = |minor_units| Some(Money::new(Currency::CNY, minor_units));
    let dollars = Currency::parse("USD").map(|usd| Money::new(usd, 1)).ok();
    assert!(!ApprovalLimits::default().demand_approval(yuan(i64::MAX)));
    assert!(!above(1000).demand_approval(yuan(1000)));
    assert!(above(1000).demand_approval(yuan(1001)));
    assert!(above(1000).demand_approval(dollars) && above(1000).demand_approval(None));
}

#[test]
fn a_proposal_is_approved_by_another_person_and_by_no_other_key_of_the_same() {
    let open = case(CaseKind::UnknownPayment);
    let step = decide(&open, &dismiss(), "alice/laptop", &above(999)).expect("proposed");
    let proposed = after(open, step);
    assert_eq!(proposed.state, CaseState::AwaitingApproval);
    for same in ["alice/laptop", "alice/phone"] {
        assert_eq!(decide(&proposed, &CaseAct::Approve, same, &above(999)), Err(CaseRefusal::SamePerson));
    }
    let step = decide(&proposed, &CaseAct::Approve, "bob/laptop", &above(999)).expect("approved");
    let approved = after(proposed.clone(), step);
    assert_eq!(approved.state, CaseState::Resolving);
    assert_eq!(approved.decision.and_then(|decision| decision.approved_by).as_deref(), Some("bob/laptop"));
    // The people of a merchant have a key each.
    let own = CaseDecision { proposed_by: "acme/ann".to_owned(), ..proposed.decision.clone().expect("one") };
    let own = Case { decision: Some(own), ..proposed };
    assert_eq!(decide(&own, &CaseAct::Approve, "acme/ann", &above(999)), Err(CaseRefusal::SamePerson));
    assert!(decide(&own, &CaseAct::Approve, "acme/ben", &above(999)).is_ok());
}

#[test]
fn a_proposal_is_taken_back_and_the_case_is_open_again() {
    let open = case(CaseKind::UnknownPayment);
    let step = decide(&open, &dismiss(), "alice/laptop", &above(1)).expect("proposed");
    let proposed = after(open, step);
    let step = decide(&proposed, &CaseAct::Reject, "bob/laptop", &above(1)).expect("rejected");
    let again = after(proposed, step);
    assert_eq!((again.state, again.decision.as_ref()), (CaseState::Open, None));
    assert_eq!(
        decide(&again, &CaseAct::Reject, "bob/laptop", &above(1)),
        Err(CaseRefusal::State(CaseState::Open))
    );
}

#[test]
fn what_was_begun_is_gone_on_with_and_not_changed() {
    let open = case(CaseKind::UnknownPayment);
    let limits = ApprovalLimits::default();
    let resolving = after(open.clone(), decide(&open, &dismiss(), "alice/laptop", &limits).expect("begun"));
    assert_eq!(decide(&resolving, &dismiss(), "bob/laptop", &limits), Ok(CaseStep::GoOn));
    let other = CaseAct::Resolve { resolution: Resolution::Refund, reason: "theirs".to_owned() };
    let refused = Err(CaseRefusal::State(CaseState::Resolving));
    assert_eq!(decide(&resolving, &other, "alice/laptop", &limits), refused);
    let resolved = Case { state: CaseState::Resolved, ..resolving };
    assert_eq!(decide(&resolved, &dismiss(), "alice/laptop", &limits), Ok(CaseStep::Done));
    let refused = Err(CaseRefusal::State(CaseState::Resolved));
    assert_eq!(decide(&resolved, &dismiss(), "bob/laptop", &limits), refused);
}

#[test]
fn each_kind_is_resolved_as_its_money_allows() {
    let attach = Resolution::Attach { order_no: None };
    for kind in CaseKind::ALL {
        let (attached, refunded) = match kind {
            CaseKind::UnknownPayment => (true, true),
            CaseKind::AmountMismatch | CaseKind::PayeeMismatch | CaseKind::TransactionMismatch => {
                (true, false)
            }
            CaseKind::PaymentReversed
            | CaseKind::PaymentDisputed
            | CaseKind::RefundNeedsPerson
            | CaseKind::RefundMismatch
            | CaseKind::RefundExceedsPaid => (false, false),
        };
        assert_eq!(fit(&case(kind), &attach).is_ok(), attached, "{kind:?}");
        assert_eq!(fit(&case(kind), &Resolution::Refund).is_ok(), refunded, "{kind:?}");
        assert_eq!(fit(&case(kind), &Resolution::Dismiss), Ok(()));
    }
    // A refund of a payment that we do not know is no money that came.
    let refund = Case { refund_no: RefundNo::parse("R-1").ok(), ..case(CaseKind::UnknownPayment) };
    assert!(fit(&refund, &attach).is_err() && fit(&refund, &Resolution::Refund).is_err());
    let unknown = Case { amount: None, ..case(CaseKind::UnknownPayment) };
    assert!(fit(&unknown, &attach).is_err());
}

#[test]
fn the_words_that_are_kept_are_these() {
    let attach = Resolution::Attach { order_no: OrderNo::parse("A").ok() };
    let words =
        [attach, Resolution::Refund, Resolution::Dismiss, Resolution::Settled].map(|kind| kind.as_str());
    assert_eq!(words, ["ATTACH", "REFUND", "DISMISS", "SETTLED"]);
    assert_eq!(words, Resolution::WORDS);
}

#[test]
fn only_what_was_approved_is_approved_again_and_only_by_its_approver_once_it_is_resolved() {
    let approve = |case: &Case, actor| decide(case, &CaseAct::Approve, actor, &above(999));
    let open = case(CaseKind::UnknownPayment);
    let alone = after(open.clone(), decide(&open, &dismiss(), "alice/laptop", &above(1000)).expect("begun"));
    assert_eq!(approve(&alone, "bob/laptop"), Err(CaseRefusal::State(CaseState::Resolving)));
    let proposed =
        after(open.clone(), decide(&open, &dismiss(), "alice/laptop", &above(999)).expect("proposed"));
    let approved = after(proposed.clone(), approve(&proposed, "bob/laptop").expect("approved"));
    assert_eq!(approve(&approved, "carol/laptop"), Ok(CaseStep::GoOn), "its approver may have died over it");
    let resolved = Case { state: CaseState::Resolved, ..approved };
    assert_eq!(approve(&resolved, "bob/laptop"), Ok(CaseStep::Done));
    assert_eq!(approve(&resolved, "carol/laptop"), Err(CaseRefusal::State(CaseState::Resolved)));
}

#[test]
fn what_came_right_settles_its_case_in_every_state_before_the_end() {
    let now = datetime!(2026-11-23 09:00 UTC);
    for state in CaseState::ALL.into_iter().filter(|state| *state != CaseState::Resolved) {
        let before = Case { state, ..case(CaseKind::RefundNeedsPerson) };
        let after = settled(before.clone(), "the refund arrived".to_owned(), now).expect("settled");
        let decision = after.decision.clone().expect("a decision");
        assert_eq!((decision.resolution, decision.proposed_by.as_str()), (Resolution::Settled, SERVICE));
        assert_eq!((after.state, after.update_time), (CaseState::Resolved, Some(now)));
        assert_eq!(after.resolve_time, Some(now));
        assert_eq!(settled(after, "again".to_owned(), now), None);
        let on_its_way = before.into_state(CaseState::Resolving, None, now);
        assert_eq!((on_its_way.update_time, on_its_way.resolve_time), (Some(now), None));
    }
}
