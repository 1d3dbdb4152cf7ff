//! The words that histories are made of, how chance draws them, and how a reader reads them.

use std::fmt::{self, Display, Formatter};

use payment_core::gateway::ClientResultHint;
use payment_server::jobs::Job;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::select,
    strategy::BoxedStrategy,
};

/// Replicas on every stage.
pub(crate) const REPLICAS: usize = 3;

/// The orders of a history, by number; each costs its number times [`super::stage::UNIT`].
pub(crate) const ORDERS: u8 = 3;

const MOST_STEPS: usize = 14;

const PICKS: u8 = 8;
const MISTAKEN: u8 = PICKS - 1;

/// One thing that happens, at one replica where that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) replica: usize,
    pub(crate) act: Act,
}

/// Something that happens. A [`Pick`] of what is not there does nothing, so that any step can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// A caller wants a payment.
    Create { first: u8, last: u8, way: Way, earlier: Earlier },
    /// A caller repeats a request.
    Repeat { request: Pick },
    /// A payer pays with what was handed out.
    Pay { payment: Pick, landing: Landing, notice: Notice },
    /// The payer's app says something.
    Report { payment: Pick, says: Hint },
    /// A caller has the channel asked.
    Ask { payment: Pick },
    /// A caller closes.
    Close { payment: Pick },
    /// A caller takes held money.
    Capture { payment: Pick },
    /// The channel has made up its mind about money that it had to look into.
    EndPayment { payment: Pick, ending: Ending },
    /// A caller gives money back, and repeats the request.
    Refund { payment: Pick, extent: Extent, held: bool },
    /// The channel ends a refund that is under way.
    EndRefund { refund: Pick, ending: Ending },
    /// Somebody gives so much back at the channel's own website, past the service.
    RefundInConsole { payment: Pick, amount: i64 },
    /// The merchant has no money at the channel of a payment to give back.
    EmptyPurse { payment: Pick },
    /// The channel sends its newest notification again, so many times at once.
    NotifyAgain { payment: Pick, copies: u32 },
    /// Time passes.
    Wait { seconds: u64 },
    /// A scheduler looks.
    Look { job: Job },
    /// Something happens to a call that the replica will make: the next one, or the one after it.
    Mishap { call: u32, mishap: Mishap },
    /// Two things at once, at two replicas.
    Together(Box<Act>, Box<Act>),
}

impl Act {
    /// Whether it, or one of the two that happen at once, is such a one.
    pub(crate) fn has(&self, is: impl Fn(&Self) -> bool) -> bool {
        if let Self::Together(one, other) = self { is(one) || is(other) } else { is(self) }
    }
}

/// One of those that are there, counted around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pick(pub(crate) u8);

impl Pick {
    pub(crate) fn of<T>(self, all: &[T]) -> Option<&T> {
        all.get(usize::from(self.0).checked_rem(all.len())?)
    }

    /// One for which this is likely, if there is such a one: but callers are wrong at times.
    pub(crate) fn of_likely<T>(self, all: &[T], likely: impl Fn(&T) -> bool) -> Option<&T> {
        let likely: Vec<_> = all.iter().filter(|one| likely(one)).collect();
        if self.0 == MISTAKEN { self.of(all) } else { self.of(&likely).copied().or_else(|| self.of(all)) }
    }
}

/// A product of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    WechatApp,
    WechatNative,
    AlipayApp,
    AlipayPrecreate,
    PaypalCheckout,
    /// Its money is held first, and taken when a caller says so.
    PaypalHold,
    BadPayApp,
}

/// What to do about an earlier attempt that cannot be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Earlier {
    Refuse,
    Proceed,
}

/// When the payer's money arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landing {
    /// While the payment can be paid.
    InTime,
    /// Begun in time, arrived after whatever closed it.
    Late,
    /// In time, but the channel has to look into it, and may say no. Where none does, in time.
    Doubtful,
}

/// What becomes of the notification of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It is heard.
    Heard,
    /// It comes to every replica at once, and twice to each.
    Doubled,
    /// It finds nobody so many times, and is heard when the channel repeats it: after others that were sent later.
    Late(u8),
    /// It is recorded, and the acknowledgement gets lost.
    Unacknowledged,
    /// The replica dies when it has recorded it and not yet acknowledged.
    Deadly,
    /// It never comes. A channel that never calls denies to be paid instead.
    Lost,
}

/// What the payer's app says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    Paid,
    Cancelled,
    Unclear,
}

/// How much is to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Everything,
    /// So many hundredths of a unit, for one order, whether or not the payment covers it.
    Part {
        order: u8,
        amount: i64,
    },
}

/// What becomes of money that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Arrives,
    /// It comes to nothing, and the channel says so.
    Dies,
    /// A person has to see to it, and does so in the end.
    Sticks,
}

/// What happens to a call on its way to a channel and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// No connection.
    NotSent,
    /// The channel never sees it.
    LostRequest,
    /// The channel acts, and its answer is lost.
    LostAnswer,
    /// The channel acts, and half of its answer arrives.
    CutShort,
    /// The channel acts, and a gateway on the way answers in its place.
    BadGateway,
    /// The replica dies before it calls.
    DeathBefore,
    /// The channel acts, and the replica dies.
    DeathAfter,
}

/// Histories of one to [`MOST_STEPS`] steps. The first is a create, or there would be nothing to fight over.
pub(crate) fn story() -> BoxedStrategy<Vec<Step>> {
    (step(create()), vec(step(act()), 1..MOST_STEPS))
        .prop_map(|(first, mut more)| {
            more.insert(0, first);
            more
        })
        .boxed()
}

fn step(act: impl Strategy<Value = Act>) -> impl Strategy<Value = Step> {
    (0..REPLICAS, act).prop_map(|(replica, act)| Step { replica, act })
}

/// The simplest first: towards them the shrinking goes.
fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => create(),
        6 => pay(),
        1 => close(),
        2 => capture(),
        4 => refund(),
        1 => (pick(), 1..60_i64).prop_map(|(payment, amount)| Act::RefundInConsole { payment, amount }),
        1 => pick().prop_map(|payment| Act::EmptyPurse { payment }),
        2 => (1..1500_u64).prop_map(|seconds| Act::Wait { seconds }),
        2 => look(),
        3 => (pick(), select(vec![Ending::Arrives, Ending::Dies, Ending::Sticks]))
            .prop_map(|(refund, ending)| Act::EndRefund { refund, ending }),
        1 => (pick(), select(vec![Ending::Arrives, Ending::Dies]))
            .prop_map(|(payment, ending)| Act::EndPayment { payment, ending }),
        1 => (pick(), select(vec![Hint::Paid, Hint::Cancelled, Hint::Unclear]))
            .prop_map(|(payment, says)| Act::Report { payment, says }),
        1 => pick().prop_map(|payment| Act::Ask { payment }),
        1 => pick().prop_map(|request| Act::Repeat { request }),
        1 => (pick(), 1..4_u32).prop_map(|(payment, copies)| Act::NotifyAgain { payment, copies }),
        4 => mishap(),
        3 => together(),
    ]
}

/// Whatever may meet: of two payers the second would be refused by the channel itself, so they do not.
fn together() -> impl Strategy<Value = Act> {
    prop_oneof![
        (create(), create()),
        (create(), pay()),
        (close(), pay()),
        (close(), create()),
        (capture(), close()),
        (capture(), create()),
        (capture(), look()),
        (refund(), refund()),
        (look(), pay()),
        (look(), look()),
        (look(), refund()),
    ]
    .prop_map(|(one, other)| Act::Together(Box::new(one), Box::new(other)))
}

fn pick() -> impl Strategy<Value = Pick> + Clone {
    (0..PICKS).prop_map(Pick)
}

fn create() -> BoxedStrategy<Act> {
    let way = select(vec![
        Way::WechatApp,
        Way::AlipayPrecreate,
        Way::PaypalCheckout,
        Way::BadPayApp,
        Way::AlipayApp,
        Way::WechatNative,
        Way::PaypalHold,
    ]);
    let earlier = select(vec![Earlier::Refuse, Earlier::Proceed]);
    (1..=ORDERS, 0..ORDERS, way, earlier)
        .prop_map(|(first, more, way, earlier)| Act::Create {
            first,
            last: (first + more).min(ORDERS),
            way,
            earlier,
        })
        .boxed()
}

fn pay() -> BoxedStrategy<Act> {
    let landing = select(vec![
        Landing::InTime,
        Landing::InTime,
        Landing::InTime,
        Landing::Late,
        Landing::Late,
        Landing::Doubtful,
    ]);
    let notice = prop_oneof![
        3 => Just(Notice::Heard),
        1 => Just(Notice::Doubled),
        1 => (1..3_u8).prop_map(Notice::Late),
        1 => Just(Notice::Unacknowledged),
        1 => Just(Notice::Lost),
        1 => Just(Notice::Deadly),
    ];
    (pick(), landing, notice)
        .prop_map(|(payment, landing, notice)| Act::Pay { payment, landing, notice })
        .boxed()
}

fn close() -> BoxedStrategy<Act> {
    pick().prop_map(|payment| Act::Close { payment }).boxed()
}

fn capture() -> BoxedStrategy<Act> {
    pick().prop_map(|payment| Act::Capture { payment }).boxed()
}

fn refund() -> BoxedStrategy<Act> {
    let part = (1..=ORDERS, 1..150_i64).prop_map(|(order, amount)| Extent::Part { order, amount });
    (pick(), prop_oneof![Just(Extent::Everything), part], any::<bool>())
        .prop_map(|(payment, extent, held)| Act::Refund { payment, extent, held })
        .boxed()
}

fn look() -> BoxedStrategy<Act> {
    select(Job::ALL.to_vec()).prop_map(|job| Act::Look { job }).boxed()
}

fn mishap() -> impl Strategy<Value = Act> {
    let mishap = select(vec![
        Mishap::NotSent,
        Mishap::LostRequest,
        Mishap::LostAnswer,
        Mishap::CutShort,
        Mishap::BadGateway,
        Mishap::DeathBefore,
        Mishap::DeathAfter,
    ]);
    (0..3_u32, mishap).prop_map(|(call, mishap)| Act::Mishap { call, mishap })
}

impl From<Hint> for ClientResultHint {
    fn from(hint: Hint) -> Self {
        match hint {
            Hint::Paid => Self::Paid,
            Hint::Cancelled => Self::Cancelled,
            Hint::Unclear => Self::Unclear,
        }
    }
}

impl Display for Step {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "at replica {}: {}", self.replica, self.act)
    }
}

impl Display for Act {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { first, last, way, earlier } => {
                let orders: Vec<_> = (*first..=*last).map(|order| order.to_string()).collect();
                write!(
                    formatter,
                    "{way:?} is wanted for order {} ({earlier:?} if an earlier attempt is in doubt)",
                    orders.join(" + ")
                )
            }
            Self::Repeat { request } => write!(formatter, "request {request} is repeated"),
            Self::Pay { payment, landing, notice } => {
                write!(formatter, "payment {payment} is paid {landing:?}, its notification is {notice:?}")
            }
            Self::Report { payment, says } => write!(formatter, "the app says {says:?} of payment {payment}"),
            Self::Ask { payment } => write!(formatter, "the channel is asked about payment {payment}"),
            Self::Close { payment } => write!(formatter, "payment {payment} is to be closed"),
            Self::Capture { payment } => {
                write!(formatter, "the held money of payment {payment} is to be taken")
            }
            Self::EndPayment { payment, ending } => {
                write!(formatter, "the doubtful money of payment {payment} {ending:?} at the channel")
            }
            Self::RefundInConsole { payment, amount } => {
                write!(formatter, "{amount} of payment {payment} are given back in the channel's console")
            }
            Self::EmptyPurse { payment } => {
                write!(formatter, "there is no money at the channel of payment {payment} to give back")
            }
            Self::Refund { payment, extent: Extent::Everything, held } => {
                write!(formatter, "payment {payment} is to be given back whole{}", held_back(*held))
            }
            Self::Refund { payment, extent: Extent::Part { order, amount }, held } => write!(
                formatter,
                "{amount} of payment {payment} are to be given back for order {order}{}",
                held_back(*held)
            ),
            Self::EndRefund { refund, ending } => {
                write!(formatter, "refund {refund} {ending:?} at the channel")
            }
            Self::NotifyAgain { payment, copies } => {
                write!(formatter, "{copies} more notifications about payment {payment}")
            }
            Self::Wait { seconds } => write!(formatter, "{seconds} s pass"),
            Self::Look { job } => write!(formatter, "{} looks", job.as_str()),
            Self::Mishap { call, mishap } => write!(formatter, "{mishap:?} awaits call {call} from now"),
            Self::Together(one, other) => {
                write!(formatter, "at once: {one}; and at the next replica: {other}")
            }
        }
    }
}

const fn held_back(held: bool) -> &'static str {
    if held { ", and the channel takes its time" } else { "" }
}

impl Display for Pick {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.0)
    }
}
