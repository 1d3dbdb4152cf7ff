//! Looks on during the storm: how long work was due while somebody could have done it, and whether more was ever given back
//! than was taken.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use time::OffsetDateTime;

use crate::{
    channels::RefundStage,
    pause::{instant, pause},
    stage::Stage,
};

/// What was seen.
#[derive(Default, Debug, Clone)]
pub(crate) struct Seen {
    /// The longest that a row was due while the database and a replica lived, by the machine's clock.
    pub(crate) overdue: Duration,
    /// How often it was looked.
    pub(crate) looks: u32,
    /// Payments of which more was given back, or on its way, than was taken.
    pub(crate) given_too_much: Vec<String>,
}

/// Looks while it storms.
#[derive(Default)]
pub(crate) struct Watch {
    seen: Mutex<Seen>,
}

impl Watch {
    /// Looks at rows twice a second and at the books every ten seconds, while it storms.
    pub(crate) async fn keep(self: Arc<Self>, stage: Arc<Stage>) {
        let mut turn = 0;
        while stage.weather.is_stormy() {
            pause(Duration::from_millis(500)).await;
            self.look_at_rows(&stage).await;
            turn += 1;
            if turn % 20 == 0 {
                self.look_at_books(&stage).await;
            }
        }
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    async fn look_at_rows(&self, stage: &Stage) {
        let Some(database) = stage.database.observer().await else { return };
        let oldest = "SELECT least((SELECT min(next_check_time) FROM payment), (SELECT min(next_check_time) FROM refund))";
        let Ok(row) = database.query_one(oldest, &[]).await else { return };
        let (due, ahead) = (row.get::<_, Option<OffsetDateTime>>(0), stage.slowest());
        let (Some(due), Some(ahead)) = (due, ahead) else { return };
        let late = stage.clock.now() + time::Duration::seconds(ahead) - due;
        let late = Duration::try_from(late / stage.speed).unwrap_or_default();
        let late = late.min(instant() - stage.undisturbed());
        let mut seen = self.seen.lock().unwrap();
        seen.overdue = seen.overdue.max(late);
        seen.looks += 1;
    }

    async fn look_at_books(&self, stage: &Stage) {
        for reached in stage.channels.iter() {
            for entry in reached.channel.books().await {
                let alive = entry.refunds.iter().filter(|refund| refund.stage != RefundStage::Dead);
                let back: i64 = alive.map(|refund| refund.amount).sum();
                if back > entry.taken {
                    let line = format!("{}: {back} of {}", entry.number, entry.taken);
                    self.seen.lock().unwrap().given_too_much.push(line);
                }
            }
        }
    }
}
