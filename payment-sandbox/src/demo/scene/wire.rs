//! The steps of the payer, of the channel and of strangers: everything that the service does not decide.

use payment_server::telemetry::Stopwatch;
use tokio::time::{interval, timeout};

use super::{Attempt, PATIENCE, Scene};
use crate::demo::{
    channels::Entry,
    processes::LOOK,
    promise::{Broken, Kept, expect},
    report::Actor,
    words::{listed_statuses, money},
};

impl Scene<'_> {
    /// The payer opens the payment in the channel's app and does not pay.
    pub(crate) fn open(&self, attempt: &Attempt<'_>) -> Kept<()> {
        let watch = Stopwatch::start();
        attempt.channel.open(attempt)?;
        self.told(watch, Actor::Payer, "opens the payment and does not pay", "nothing moved");
        Ok(())
    }

    /// The payer pays with exactly the payment data that the answer carried.
    pub(crate) fn pay(&self, attempt: &Attempt<'_>) -> Kept<()> {
        let watch = Stopwatch::start();
        let how = attempt.channel.pay(attempt)?;
        let seen = format!("{} for {}", attempt.amount_text(), attempt.channel());
        self.told(watch, Actor::Payer, how, &seen);
        Ok(())
    }

    /// The money of a payment arrives after it was closed.
    pub(crate) fn pay_late(&self, attempt: &Attempt<'_>) -> Kept<()> {
        let watch = Stopwatch::start();
        attempt.channel.pay_late(&attempt.payment_no)?;
        let seen = format!("{} took {}", attempt.channel(), attempt.amount_text());
        self.told(watch, Actor::Payer, "had paid before the close; the bank answers only now", &seen);
        Ok(())
    }

    /// From now on no notification about this payment leaves the channel by itself.
    pub(crate) fn lose_callbacks(&self, attempt: &Attempt<'_>) {
        attempt.channel.lose_callbacks(&attempt.payment_no);
    }

    /// The next question about this payment finds the channel out of order.
    pub(crate) fn lose_next_question(&self, attempt: &Attempt<'_>) {
        attempt.channel.lose_next_question(&attempt.payment_no);
    }

    /// The next question about this payment is answered with a lie: not paid.
    pub(crate) fn deny_next_question(&self, attempt: &Attempt<'_>) {
        attempt.channel.deny_next_question(&attempt.payment_no);
    }

    /// The next refund of this payment finds too little money at the channel.
    pub(crate) fn refuse_next_refund(&self, attempt: &Attempt<'_>) {
        attempt.channel.refuse_next_refund(&attempt.payment_no);
    }

    /// Waits until the channel's own notification was answered, and gives the HTTP statuses.
    pub(crate) async fn callbacks(&self, attempt: &Attempt<'_>) -> Kept<Vec<u16>> {
        let watch = Stopwatch::start();
        let answered = timeout(PATIENCE, wait_for_answer(attempt)).await;
        let statuses = answered.map_err(|_| Broken::new("the channel's notification got no answer"))??;
        let action = "called back and was answered";
        self.told(watch, Actor::Channel(attempt.channel()), action, &listed_statuses(&statuses));
        Ok(statuses)
    }

    /// The channel's own notification, if it sends any, was acknowledged each time.
    pub(crate) async fn acknowledged(&self, attempt: &Attempt<'_>) -> Kept<()> {
        if !self.is_called_back() {
            return Ok(());
        }
        let statuses = self.callbacks(attempt).await?;
        expect("answers to the channel", &vec![200; statuses.len()], &statuses)
    }

    /// The channel sends its newest notification so many times at once; gives the HTTP statuses.
    pub(crate) async fn call_back(&self, attempt: &Attempt<'_>, copies: u32) -> Kept<Vec<u16>> {
        let watch = Stopwatch::start();
        let statuses = attempt.channel.call_back(&attempt.payment_no, copies).await?;
        let action = match copies {
            1 => "calls back".to_owned(),
            _ => format!("calls back {copies} times at once"),
        };
        self.told(watch, Actor::Channel(attempt.channel()), &action, &listed_statuses(&statuses));
        Ok(statuses)
    }

    /// The next genuine notification arrives with a signature that is wrong.
    pub(crate) async fn pay_with_spoilt_callback(&self, attempt: &Attempt<'_>) -> Kept<Vec<u16>> {
        let what = attempt.channel.spoil_next_callback(&attempt.payment_no);
        self.pay(attempt)?;
        let watch = Stopwatch::start();
        let answered = timeout(PATIENCE, wait_for_answer(attempt)).await;
        let statuses = answered.map_err(|_| Broken::new("the spoilt notification got no answer"))??;
        self.told(watch, Actor::Channel(attempt.channel()), what, &listed_statuses(&statuses));
        Ok(statuses)
    }

    /// Strangers say that the payment is paid.
    pub(crate) async fn forge(&self, attempt: &Attempt<'_>) -> Kept<()> {
        let watch = Stopwatch::start();
        for forged in attempt.channel.forge(&attempt.payment_no).await? {
            let seen = listed_statuses(&[forged.status]);
            self.steps.done(watch.elapsed(), Actor::Forger, forged.what, &seen);
        }
        Ok(())
    }

    /// The channel says another amount than was paid: by a notification, or to the shop's question.
    pub(crate) async fn hear_wrong_amount(&self, attempt: &Attempt<'_>) -> Kept<()> {
        let watch = Stopwatch::start();
        match attempt.channel.claim_wrong_amount(&attempt.payment_no).await? {
            Some(status) => {
                let what = format!("calls back, rightly signed: {} was paid", money("CNY", 1));
                self.told(watch, Actor::Channel(attempt.channel()), &what, &listed_statuses(&[status]));
            }
            None => {
                let what = format!("will answer that {} was paid", money(attempt.channel.currency(), 1));
                self.told(watch, Actor::Channel(attempt.channel()), &what, "when it is asked");
                self.sync(attempt).await?;
            }
        }
        Ok(())
    }

    /// The payment in the channel's own books.
    pub(crate) fn books(&self, attempt: &Attempt<'_>) -> Entry {
        let watch = Stopwatch::start();
        let entry = attempt.channel.entry(&attempt.payment_no);
        let amount = |minor| money(attempt.channel.currency(), minor);
        let (taken, back) = (amount(entry.taken), amount(entry.given_back));
        let held = if entry.held == 0 { String::new() } else { format!("holds {}, ", amount(entry.held)) };
        let seen = format!("{held}took {taken}, gave back {back} in {} refund(s)", entry.refunds.len());
        self.told(watch, Actor::Channel(attempt.channel()), "by its own books", &seen);
        entry
    }
}

async fn wait_for_answer(attempt: &Attempt<'_>) -> Kept<Vec<u16>> {
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        let statuses = attempt.channel.answers(&attempt.payment_no)?;
        if !statuses.is_empty() {
            return Ok(statuses);
        }
    }
}
