//! Bad Pay: it never calls back, denies for a while to be paid, and loses answers. Its books are read where they are kept.

use std::{sync::Arc, time::Duration};

use channel_bad_pay::{Accident, Aim, BadPayApp, OrderState};
use payment_proto::v1::{PluginOptions, create_payment_request::ChannelOptions, payment_data::Kind};
use payment_sandbox::{clock::SimulatorClock, wechat::AttemptResult};
use payment_tests::{accounts::bad_pay_section_of, app::SharedClock};
use serde_json::json;

use super::{
    ACCOUNTS, BookedRefund, Channel, Claim, Entry, Landing, MERCHANT, Misbehaviour, RefundStage, Ticket,
    sections,
};

/// How often, and for how long, it denies to have been paid.
const DENIALS: u32 = 2;
const DENIED_FOR: Duration = Duration::from_secs(40);

pub(crate) struct BadPay {
    app: BadPayApp,
    /// Each with its key.
    shops: [(&'static str, String); ACCOUNTS.len()],
    clock: SimulatorClock,
}

impl BadPay {
    pub(crate) async fn open(clock: &SimulatorClock) -> Self {
        let app = BadPayApp::start(Arc::new(SharedClock(clock.clone()))).await;
        app.refund_at_once();
        let shops = ACCOUNTS.map(|shop| (shop, app.open_shop(shop)));
        Self { app, shops, clock: clock.clone() }
    }
}

#[async_trait::async_trait]
impl Channel for BadPay {
    fn name(&self) -> &'static str {
        "bad-pay"
    }

    fn sections(&self, base_url: &str) -> String {
        sections(self.name(), &self.shops, |account, (shop, key)| {
            bad_pay_section_of(MERCHANT, account, shop, key, base_url)
                + "request_timeout_milliseconds = 2000\n"
        })
    }

    fn own_url(&self) -> String {
        self.app.base_url().to_owned()
    }

    fn notified_at(&self, _: &str) {}

    fn currency(&self) -> &'static str {
        "CNY"
    }

    fn options(&self, _: u64) -> ChannelOptions {
        ChannelOptions::Plugin(PluginOptions { product: "app".to_owned(), options: None })
    }

    /// Its word that something is closed is true: nothing lands there late.
    fn pay(&self, ticket: &Ticket, _: Landing) {
        let Kind::SdkParameters(_) = &ticket.data else { return };
        let shop = ACCOUNTS[ticket.account];
        let _ = self.app.try_to_pay_and_deny(shop, &ticket.payment_no, DENIALS, DENIED_FOR);
    }

    fn misbehave(&self, how: Misbehaviour, chance: u64) {
        self.app.accident(match how {
            Misbehaviour::Fails => Accident::Broken,
            Misbehaviour::Throttles => Accident::Busy,
            Misbehaviour::AnswersHtml => Accident::Unsigned,
            Misbehaviour::IsSilent if chance.is_multiple_of(2) => Accident::BrokenOffAfterwards,
            Misbehaviour::IsSilent => Accident::BrokenOff,
        });
    }

    fn lie(&self, payment_no: &str, chance: u64) {
        let accident = match chance % 3 {
            0 => Accident::Lie("minor_units", json!(1)),
            1 => Accident::Lie("state", json!("unpaid")),
            _ => Accident::ForeignSignature,
        };
        self.app.accident_at(Aim::Query(payment_no.to_owned()), accident);
    }

    fn delay_callback(&self, _: u64) {}

    async fn claim(&self, _: &str, _: usize, _: Claim) -> bool {
        false
    }

    async fn forge(&self, _: &str, _: usize) -> Vec<AttemptResult> {
        Vec::new()
    }

    async fn rotate_keys(&self) -> bool {
        false
    }

    /// Each is met by somebody: those that hit any request by the next, the others once their payment is asked about.
    fn forget_troubles(&self) {}

    async fn books(&self) -> Vec<Entry> {
        let mut books = Vec::new();
        for shop in ACCOUNTS {
            for order in self.app.orders(shop) {
                let paid = order.state(self.clock.now()) == OrderState::Paid;
                let refunds = self.app.refunds(shop, order.number()).into_iter().map(|refund| BookedRefund {
                    number: refund.refund_no().to_owned(),
                    amount: refund.minor_units(),
                    stage: match refund.state {
                        "done" => RefundStage::Arrived,
                        "dead" => RefundStage::Dead,
                        _ => RefundStage::UnderWay,
                    },
                });
                books.push(Entry {
                    number: order.number().to_owned(),
                    taken: if paid { order.minor_units() } else { 0 },
                    refunds: refunds.collect(),
                    transactions: if paid { vec![format!("BAD{}", order.number())] } else { Vec::new() },
                });
            }
        }
        books
    }
}
