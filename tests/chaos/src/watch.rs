//! Looks on during the storm: how long work was due while somebody could have done it, and whether more was ever given back
//! than was taken.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio_postgres::Client;

use crate::{
    channels::RefundStage,
    pause::{instant, pause},
    replica::Replica,
    stage::Stage,
    vigil::{DueRow, Look, Vigil},
};

/// How often it looks at what is due: so much a row's wait may be told too long.
const LOOK: Duration = Duration::from_millis(100);

/// After how many of these looks it looks at the books.
const BOOKS: u32 = 100;

const DUE: &str = "SELECT 'payment ' || payment_no || ' at ' || channel_account, next_check_time FROM payment WHERE next_check_time <= $1 \
     UNION ALL SELECT 'refund ' || refund_no || ' at ' || channel_account, next_check_time FROM refund WHERE next_check_time <= $1";

/// What was seen.
#[derive(Default, Debug, Clone)]
pub(crate) struct Seen {
    /// The longest that a row was due while the database and a replica lived, by the machine's clock.
    pub(crate) overdue: Duration,
    /// Rows that were due for longer than the interval at which jobs look.
    pub(crate) slow: BTreeMap<String, Duration>,
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
    /// Looks at rows ten times a second and at the books every ten seconds, while it storms.
    pub(crate) async fn keep(self: Arc<Self>, stage: Arc<Stage>) {
        tokio::join!(self.look_at_all_rows(&stage), self.look_at_all_books(&stage));
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    async fn look_at_all_rows(&self, stage: &Stage) {
        let (mut vigil, mut database) = (Vigil::new(stage.speed), None);
        while stage.weather.is_stormy() {
            pause(LOOK).await;
            stage.replicas.iter().for_each(Replica::note_memory);
            if let Some(look) = look_at_rows(stage, &mut database).await {
                vigil.learn(look);
                let mut seen = self.seen.lock().unwrap();
                seen.overdue = vigil.longest;
                seen.slow.clone_from(&vigil.slow);
                seen.looks += 1;
            } else {
                // It went away, or was not there.
                database = None;
            }
        }
    }

    async fn look_at_all_books(&self, stage: &Stage) {
        while stage.weather.is_stormy() {
            pause(LOOK * BOOKS).await;
            self.look_at_books(stage).await;
        }
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

/// What is due by the clock of some replica, if the database is there from beginning to end.
async fn look_at_rows(stage: &Stage, database: &mut Option<Client>) -> Option<Look> {
    if database.is_none() {
        *database = stage.database.observer().await;
    }
    let database = database.as_ref()?;
    let (at, now, database_since) = (instant(), stage.clock.now(), stage.database.there_since()?);
    let clocks: Vec<_> = stage.replicas.iter().flat_map(Replica::clock).collect();
    let ahead = clocks.iter().map(|clock| clock.ahead).max()?;
    let rows = database.query(DUE, &[&(now + time::Duration::seconds(ahead))]).await.ok()?;
    let rows = rows.iter().map(|row| DueRow { name: row.get(0), due: row.get(1) }).collect();
    Some(Look { at, now, clocks, database_since, rows })
}
