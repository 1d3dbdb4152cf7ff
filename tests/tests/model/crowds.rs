//! Many at once, over every channel and every pair of channels: an order ends with one payment that paid it, a payment
//! never gives back more than it took.

use std::sync::Arc;

use futures::future::join_all;
use payment_core::{
    identifiers::{OrderNo, PaymentNo, RefundNo},
    invariant,
    money::{Currency, Money},
    refund::{RefundReason, reserve::Split},
};
use payment_server::{
    app::{
        App,
        command::{CreateRefund, PaymentChoice},
        error::AppError,
    },
    jobs::Job,
};

use super::{
    acting::{History, play},
    channels::RefundStage,
    stage::{Stage, UNIT},
    story::{Act, Earlier, Ending, Landing, Notice, Pick, REPLICAS, Step, Way},
};

/// One way of each channel.
pub(crate) const WAYS: [Way; 4] = [Way::WechatApp, Way::AlipayPrecreate, Way::PaypalCheckout, Way::BadPayApp];

fn create(first: u8, last: u8, way: Way, earlier: Earlier) -> Act {
    Act::Create { first, last, way, earlier }
}

fn pay(payment: u8) -> Act {
    Act::Pay { payment: Pick(payment), landing: Landing::InTime, notice: Notice::Heard }
}

fn together(one: Act, other: Act) -> Act {
    Act::Together(Box::new(one), Box::new(other))
}

fn story(acts: impl IntoIterator<Item = Act>) -> Vec<Step> {
    let step = |(index, act)| Step { replica: index % REPLICAS, act };
    acts.into_iter().enumerate().map(step).collect()
}

/// Plays a story for each pair of channels and each policy. Whoever was refused comes back, and whoever got payment data
/// pays, so in the end as many orders are paid as `orders` says, each once.
async fn for_each_mix(orders: usize, acts: impl Fn(Way, Way, Earlier) -> Vec<Act>) {
    let stage = Stage::set().await;
    let mut stories = 0;
    for one in WAYS {
        for other in WAYS {
            for earlier in [Earlier::Refuse, Earlier::Proceed] {
                let again = [0, 1].map(|request| Act::Repeat { request: Pick(request) });
                let acts = acts(one, other, earlier).into_iter().chain(again).chain([pay(0), pay(1), pay(2)]);
                let wrong = play(&stage, &story(acts)).await;
                assert!(wrong.is_empty(), "{one:?}, {other:?}, {earlier:?}: {wrong:#?}");
                stories += 1;
            }
        }
    }
    let paid = "SELECT count(*) FROM allocation WHERE state = 'EFFECTIVE'";
    let paid: i64 = stage.observer.query_one(paid, &[]).await.unwrap().get(0);
    assert!(
        usize::try_from(paid).unwrap() >= stories * orders,
        "{paid} orders of {stories} stories were paid"
    );
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r09_r11_two_creates_at_once_end_in_one_effective_payment_whatever_their_channels() {
    for_each_mix(1, |one, other, earlier| {
        vec![together(create(1, 1, one, earlier), create(1, 1, other, earlier))]
    })
    .await;
}

/// Of three orders at least those of one basket are paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r11_r12_baskets_that_overlap_and_are_created_at_once_pay_no_order_twice() {
    for_each_mix(2, |one, other, earlier| {
        vec![together(create(1, 2, one, earlier), create(2, 3, other, earlier))]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_r11_a_create_against_a_callback_ends_in_one_effective_payment_whatever_their_channels() {
    for_each_mix(1, |one, other, earlier| {
        vec![create(1, 1, one, earlier), together(create(1, 1, other, earlier), pay(0))]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r11_r20_a_create_against_a_close_ends_in_one_effective_payment_whatever_their_channels() {
    for_each_mix(1, |one, other, earlier| {
        let close = Act::Close { payment: Pick(0) };
        let again = create(1, 1, other, earlier);
        vec![create(1, 1, one, earlier), together(again.clone(), close), again]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r20_f29_a_close_against_a_payer_ends_in_one_truth_whatever_the_channel() {
    let stage = Stage::set().await;
    for way in WAYS {
        for landing in [Landing::InTime, Landing::Late] {
            let paying = Act::Pay { payment: Pick(0), landing, notice: Notice::Doubled };
            let acts =
                [create(1, 1, way, Earlier::Refuse), together(Act::Close { payment: Pick(0) }, paying)];
            let wrong = play(&stage, &story(acts)).await;
            assert!(wrong.is_empty(), "{way:?} {landing:?}: {wrong:#?}");
        }
    }
    stage.finish().await;
}

/// An order of ten units that is paid by this way, and its payment.
async fn paid(stage: &Stage, way: Way) -> (History<'_>, OrderNo, PaymentNo) {
    let history = History::new(stage);
    history.act(0, &create(3, 3, way, Earlier::Refuse)).await;
    history.act(0, &pay(0)).await;
    // Bad Pay does not tell by itself.
    history.act(0, &Act::Ask { payment: Pick(0) }).await;
    stage.calm().await;
    let payment_no = history.number(Pick(0)).expect("a payment");
    let order = history.order(3);
    (history, order, payment_no)
}

fn refund(refund_no: String, payment_no: &PaymentNo, way: Way, amount: i64) -> CreateRefund {
    let amount = Money::new(Currency::parse(way.currency()).unwrap(), amount);
    CreateRefund {
        refund_no: RefundNo::parse(refund_no).unwrap(),
        payment: PaymentChoice::Payment(payment_no.clone()),
        split: Split::OfOnlyOrder(amount),
        reason: RefundReason::Return,
        description: String::new(),
    }
}

/// The channel ends what is under way, and the schedulers hear of it. Where a payment's refunds go one after the other,
/// each look sends one more.
async fn all_arrives(stage: &Stage, way: Way, payment_no: &PaymentNo) {
    const MOST_LOOKS: usize = 30;
    const OPEN: &str = "SELECT count(*) FROM refund WHERE payment_no = $1 AND next_check_time IS NOT NULL";
    let market = stage.market(way.channel());
    let settings = stage.replicas.config.jobs.settings;
    for _ in 0..MOST_LOOKS {
        for refund in market.books(payment_no.as_str()).refunds {
            if refund.stage == RefundStage::UnderWay {
                market.end_refund(payment_no.as_str(), &refund.number, Ending::Arrives);
            }
        }
        stage.pass(std::time::Duration::from_secs(3600)).await;
        let app = Arc::clone(&stage.replicas.at(0).await.app);
        app.run_job(Job::RefundSuccess, settings).await.unwrap();
        let open: i64 = stage.observer.query_one(OPEN, &[&payment_no.as_str()]).await.unwrap().get(0);
        if open == 0 {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_f11_f12_100_refunds_at_once_that_exceed_the_payment_never_give_back_more_at_any_channel() {
    const EACH: i64 = 37;
    let stage = Stage::set().await;
    for way in WAYS {
        let (history, order, payment_no) = paid(&stage, way).await;
        let answers = join_all((0..100).map(async |index| {
            let replica = stage.replicas.at(index % REPLICAS).await;
            let command = refund(format!("R-{way:?}-{index}"), &payment_no, way, EACH);
            let (app, caller): (Arc<App>, _) = (Arc::clone(&replica.app), history.caller().clone());
            replica.run(async move { app.create_refund(&caller, command).await }).await.unwrap()
        }))
        .await;
        let (accepted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        let most = 3 * UNIT / EACH;
        assert_eq!(i64::try_from(accepted.len()).unwrap(), most, "{way:?}: as many as fit");
        for refused in refused {
            assert!(matches!(refused, Err(AppError::RefundExceedsPaid { .. })), "{way:?}: {refused:?}");
        }
        all_arrives(&stage, way, &payment_no).await;
        let books = stage.market(way.channel()).books(payment_no.as_str());
        assert_eq!((books.given_back, books.taken), (most * EACH, 3 * UNIT), "{way:?}: {books:?}");
        let ledger = stage.store.ledger_of_orders(&stage.merchant, &[order]).await.unwrap();
        assert_eq!(invariant::check(&ledger), [], "{way:?}");
        let reserved = ledger.payments[0].allocations[0].refund_reserved.minor_units();
        assert_eq!(reserved, most * EACH, "{way:?}");
    }
    stage.finish().await;
}

/// The channel gives back, its answer is lost, and so are those to twenty repeats.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r17_f22_f24_a_refund_that_was_done_and_never_answered_is_done_once_after_20_repeats_at_any_channel()
{
    const DUE: &str = "UPDATE refund SET next_check_time = create_time WHERE next_check_time IS NOT NULL";
    let stage = Stage::set().await;
    for way in WAYS {
        let (history, order, payment_no) = paid(&stage, way).await;
        stage.market(way.channel()).silence(payment_no.as_str());
        let replica = stage.replicas.at(0).await;
        replica.wire.lose_answers(21);
        let command = refund(format!("R-{way:?}"), &payment_no, way, 40);
        replica.app.create_refund(history.caller(), command).await.unwrap();
        let settings = stage.replicas.config.jobs.settings;
        for repeat in 0..20 {
            // Longer than the breaker's pause, and less than an hour in all: then it would be asked about first.
            stage.pass(std::time::Duration::from_secs(40)).await;
            stage.observer.batch_execute(DUE).await.unwrap();
            let report = replica.app.run_job(Job::RefundSuccess, settings).await.unwrap();
            assert_eq!((report.claimed, report.failed), (1, 0), "{way:?}, repeat {repeat}");
        }
        assert_eq!(replica.wire.answers_to_lose(), 0, "{way:?}: sent each time");
        let books = stage.market(way.channel()).books(payment_no.as_str());
        assert_eq!(books.refunds.iter().map(|refund| refund.amount).collect::<Vec<_>>(), [40], "{way:?}");
        let ledger = stage.store.ledger_of_orders(&stage.merchant, &[order]).await.unwrap();
        let state = ledger.refunds[0].state;
        assert_eq!(
            state,
            payment_core::refund::state::RefundState::Pending,
            "{way:?}: unknown is not failure"
        );
        stage.heal().await;
        all_arrives(&stage, way, &payment_no).await;
        all_arrives(&stage, way, &payment_no).await;
        let books = stage.market(way.channel()).books(payment_no.as_str());
        assert_eq!((books.given_back, books.refunds.len()), (40, 1), "{way:?}");
    }
    stage.finish().await;
}
