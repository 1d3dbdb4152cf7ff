//! `kill -9` from outside, again and again, in the middle of a load. The moments come from a seed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::future::join_all;
use nix::sys::signal::Signal;
use payment_core::merchant_event::MerchantEvent;
use payment_proto::v1::{
    ClientResult, ConfirmPaymentRequest, CreatePaymentResponse, PaymentState, SyncPaymentRequest,
};
use payment_tests::{
    app::Payments,
    requests::{app_payment, payment_no},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::sync::Notify;
use tonic::{Code, Status};

use crate::{
    process::Death,
    world::{World, told},
};

const SEED: u64 = 20_261_123;
const ROUNDS: usize = 20;
/// Orders that begin in each round, beside those that the last death interrupted.
const NEW_ORDERS: usize = 6;

/// One order on its way, as far as its caller knows.
enum Order {
    /// To be created.
    Wanted(usize),
    /// Payment data came.
    Created(Box<CreatePaymentResponse>),
    /// The payer paid; the service has not said so.
    Paid(String),
    /// The service says that it is paid.
    Done,
}

/// Counts steps that orders took, and tells when there were enough for this round.
struct Countdown {
    left: AtomicUsize,
    over: Notify,
}

impl Countdown {
    fn count(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.over.notify_one();
        }
    }
}

/// The server died under the call; anything else is an answer, and none may be wrong.
fn is_broken_off(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled)
}

/// Goes as far as the server lives.
async fn drive(world: &World, mut caller: Payments, mut order: Order, countdown: &Countdown) -> Order {
    loop {
        order = match step(world, &mut caller, order).await {
            Ok(next) => next,
            Err(interrupted) => return interrupted,
        };
        countdown.count();
        if matches!(order, Order::Done) {
            return order;
        }
    }
}

async fn step(world: &World, caller: &mut Payments, order: Order) -> Result<Order, Order> {
    match order {
        Order::Wanted(number) => {
            let request = app_payment(&format!("r-{number}"), &format!("order-{number}"), 100);
            match caller.create_payment(request).await {
                Ok(created) => Ok(Order::Created(Box::new(created.into_inner()))),
                Err(status) if is_broken_off(&status) => Err(Order::Wanted(number)),
                Err(status) => panic!("order {number}: {status:?}"),
            }
        }
        Order::Created(created) => {
            world.pay(&created);
            Ok(Order::Paid(payment_no(&created)))
        }
        Order::Paid(payment_no) => {
            let mut request = ConfirmPaymentRequest { payment_no: payment_no.clone(), ..Default::default() };
            request.set_result(ClientResult::Paid);
            match caller.confirm_payment(request).await {
                Ok(answer) => {
                    assert_eq!(answer.into_inner().payment.unwrap().state(), PaymentState::Succeeded);
                    Ok(Order::Done)
                }
                Err(status) if is_broken_off(&status) => Err(Order::Paid(payment_no)),
                Err(status) => panic!("{payment_no}: {status:?}"),
            }
        }
        Order::Done => Ok(order),
    }
}

/// Lets orders go on side by side until the server is killed after so many steps, in the middle of all others.
async fn round(world: &Arc<World>, orders: Vec<Order>, steps: usize) -> Vec<Order> {
    let server = world.server(None).await;
    let countdown = Arc::new(Countdown { left: AtomicUsize::new(steps), over: Notify::new() });
    let caller = world.caller(&server).await;
    let tasks = orders.into_iter().map(|order| {
        let (world, countdown, caller) = (Arc::clone(world), Arc::clone(&countdown), caller.clone());
        tokio::spawn(async move { drive(&world, caller, order, &countdown).await })
    });
    let all = join_all(tasks.collect::<Vec<_>>());
    countdown.over.notified().await;
    server.kill();
    let ended = all.await.into_iter().map(Result::unwrap).filter(|order| !matches!(order, Order::Done));
    let interrupted = ended.collect();
    let (death, _) = server.death().await;
    assert_eq!(death, Death::Signal(Signal::SIGKILL));
    interrupted
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_every_order_is_paid_once_and_told_once() {
    let world = Arc::new(World::new().await);
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut orders = Vec::new();
    for round_number in 0..ROUNDS {
        orders.extend((0..NEW_ORDERS).map(|index| Order::Wanted(round_number * NEW_ORDERS + index)));
        // A new order takes three steps, an interrupted one at least one more: so many surely come.
        let steps = NEW_ORDERS * 3 + orders.len() - NEW_ORDERS;
        let moment = chance.random_range(1..steps);
        orders = round(&world, orders, moment).await;
    }
    let interrupted = orders.len();

    let server = world.server(None).await;
    let caller = world.caller(&server).await;
    let never = Countdown { left: AtomicUsize::new(usize::MAX), over: Notify::new() };
    let finished =
        join_all(orders.into_iter().map(|order| drive(&world, caller.clone(), order, &never))).await;
    assert!(finished.iter().all(|order| matches!(order, Order::Done)));
    ask_about_what_was_never_paid(&world, caller).await;
    world.end(server).await;

    let ledger = world.audit().await;
    let all = ROUNDS * NEW_ORDERS;
    assert_eq!(told(&ledger, MerchantEvent::PaymentSucceeded), all);
    let taken: i64 = world.wechat().ledger().orders.iter().map(|line| line.taken).sum();
    assert_eq!(usize::try_from(taken).unwrap(), all * 100);
    eprintln!(
        "{ROUNDS} deaths, {all} orders, {interrupted} of them interrupted by the last one; seed {SEED}"
    );
}

/// A payment whose creator died may be open still; asking the channel must not find money that we miss.
async fn ask_about_what_was_never_paid(world: &World, mut caller: Payments) {
    for payment in world.store.ledger().await.unwrap().payments {
        if payment.state.is_open() {
            let request = SyncPaymentRequest { payment_no: payment.payment_no.to_string() };
            caller.sync_payment(request).await.unwrap();
        }
    }
}
