//! The judge. It shares no code with the server: own SQL over the database, the channels' books as their control APIs tell
//! them, what callers were told, and what replicas wrote to their logs.

mod money;
mod records;
#[cfg(test)]
mod tests;
mod witnesses;

use std::collections::BTreeMap;

use crate::{
    channels::Entry,
    consumer::{Consumer, Heard},
    judge::records::Records,
    post_office::Deliveries,
    replica::{InUse, Replica},
    stage::Stage,
    told::{Memory, Told},
    watch::Seen,
};

/// One of the nine points, and what speaks against it.
pub(crate) struct Verdict {
    pub(crate) promise: &'static str,
    pub(crate) findings: Vec<String>,
}

/// Everything that there is to be judged.
pub(crate) struct Case {
    records: Records,
    books: BTreeMap<String, Entry>,
    /// Entries that stand twice in the books.
    booked_twice: Vec<String>,
    told: Memory,
    deliveries: Deliveries,
    heard: Vec<Heard>,
    seen: Seen,
    stuck: Vec<String>,
    /// How many times slower than it should be the machine may be.
    slack: u32,
    logs: Vec<String>,
    peak_memory: InUse,
}

impl Case {
    /// Hears all witnesses.
    pub(crate) async fn gather(
        stage: &Stage,
        told: &Told,
        consumer: &Consumer,
        seen: Seen,
        stuck: Vec<String>,
        slack: u32,
    ) -> Self {
        let database = stage.database.observer().await.expect("nothing stops it any more");
        let mut books = BTreeMap::new();
        let mut booked_twice = Vec::new();
        for reached in stage.channels.iter() {
            for entry in reached.channel.books().await {
                // PayPal has an order for each create whose answer was lost; only money counts.
                let known = books.get(&entry.number).is_some_and(|known: &Entry| known.taken > 0);
                if known && entry.taken > 0 {
                    booked_twice.push(entry.number.clone());
                }
                if !known {
                    books.insert(entry.number.clone(), entry);
                }
            }
        }
        Self {
            // What became due this moment is not stuck.
            records: Records::read(&database, stage.clock.now() - time::Duration::minutes(2)).await,
            books,
            booked_twice,
            told: std::mem::take(&mut *told.memory()),
            deliveries: stage.office.take_deliveries(),
            heard: consumer.heard(),
            seen,
            stuck,
            slack,
            logs: stage.replicas.iter().map(Replica::log).collect(),
            peak_memory: peak_memory(stage),
        }
    }

    /// How much there was to judge.
    pub(crate) fn figures(&self) -> Vec<(&'static str, u64)> {
        let count = |length: usize| u64::try_from(length).unwrap();
        let records = &self.records;
        let paid = records.payments.values().filter(|payment| payment.state == "SUCCEEDED").count();
        let duplicates = records.allocations.iter().filter(|part| part.state == "DUPLICATE").count();
        vec![
            ("payments", count(records.payments.len())),
            ("of them paid", count(paid)),
            ("duplicates", count(duplicates)),
            ("refunds", count(records.refunds.len())),
            ("cases", count(records.cases.len())),
            ("events", count(records.events.len())),
            ("callbacks acknowledged", count(self.deliveries.acknowledged.len())),
            ("forged callbacks refused by the office's count", count(self.deliveries.refused)),
            ("calls answered", self.told.answered),
            ("tries that got no answer", self.told.unanswered),
            ("looks at what is due", u64::from(self.seen.looks)),
            (
                "milliseconds that a row was overdue at most",
                u64::try_from(self.seen.overdue.as_millis()).unwrap(),
            ),
            ("rows that were due for longer than an interval", count(self.seen.slow.len())),
            ("MiB that a replica had in use at most", self.peak_memory.resident / 1024),
            ("MiB of its own that a replica was seen to have at most", self.peak_memory.own / 1024),
        ]
    }
}

/// The most that any replica had.
fn peak_memory(stage: &Stage) -> InUse {
    let peaks = stage.replicas.iter().map(Replica::peak_memory);
    peaks.fold(InUse::default(), |most, peak| InUse {
        resident: peak.resident.max(most.resident),
        own: peak.own.max(most.own),
    })
}

/// Judges all nine points.
pub(crate) fn judge(case: &Case) -> Vec<Verdict> {
    let verdict = |promise, findings| Verdict { promise, findings };
    vec![
        verdict(
            "each order is paid by one payment at most, and if and only if money for it is there",
            money::orders_are_paid_once(case),
        ),
        verdict(
            "each success at a channel is recorded, and what is too much went back once",
            money::successes_are_recorded(case),
        ),
        verdict(
            "refunds at the channels are those that are recorded, and none exceeds its payment",
            money::refunds_agree(case),
        ),
        verdict("nothing forged changed anything", witnesses::nothing_forged_counts(case)),
        verdict(
            "every acknowledged callback and every answered call survived",
            witnesses::what_was_answered_survived(case),
        ),
        verdict("each event was delivered, each payment's in order", witnesses::events_arrived(case)),
        verdict("every case is explained by a fault", witnesses::cases_are_explained(case)),
        verdict("nothing panicked, leaked or is stuck", witnesses::nothing_is_stuck(case)),
        verdict(
            "nothing was due for more than twice its interval while a replica lived",
            witnesses::nothing_was_late(case),
        ),
    ]
}
