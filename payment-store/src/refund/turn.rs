//! Turns: where a channel wants the refunds of a payment one after the other, one of them has the payment's turn, whichever
//! replica sends it. Claiming is one statement, so nobody waits for a lock while a channel is called.

use diesel::{
    QueryableByName,
    sql_types::{Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use payment_core::refund::Refund;
use time::{Duration, OffsetDateTime};

use crate::{Store, cached::Cached, error::StoreError};

/// How long a turn lasts that nobody ends, because its replica was killed: longer than a call to a channel may take.
const LEASE: Duration = Duration::seconds(90);

/// Takes the turn if it is free. A refund that is repeated is no other refund, so it may take its own turn again.
const TAKE: &str = "\
    INSERT INTO refund_turn (payment_no, refund_no, end_time) VALUES ($1, $2, $4) \
    ON CONFLICT (payment_no) DO UPDATE SET refund_no = $2, end_time = $4 \
    WHERE refund_turn.end_time <= $3 OR refund_turn.refund_no = $2 \
    RETURNING end_time";

/// Makes a refund due when its turn may come. One that arrived meanwhile has nothing to wait for.
const WAIT: &str = "\
    UPDATE refund SET next_check_time = least(refund.next_check_time, turn.end_time, $4) FROM refund_turn AS turn \
    WHERE refund.merchant_id = $1 AND refund.refund_no = $2 AND turn.payment_no = $3 \
    AND refund.next_check_time IS NOT NULL";

/// Whether a refund may be sent now.
#[derive(Debug)]
pub enum Turn {
    /// It may, and nobody else sends one of the same payment meanwhile.
    Taken(TakenTurn),
    /// Another refund of the payment has the turn; this one will be due when that may be over.
    Elsewhere,
}

/// The turn of a payment, to be ended by whoever took it.
#[derive(Debug)]
pub struct TakenTurn {
    payment_no: String,
    refund_no: String,
    lease_end: OffsetDateTime,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Timestamptz)]
    end_time: OffsetDateTime,
}

impl Store {
    /// Takes the turn of a refund's payment, or makes the refund due again within `apart`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refund_turn_take(
        &self,
        refund: &Refund,
        apart: Duration,
        now: OffsetDateTime,
    ) -> Result<Turn, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let take = diesel::sql_query(TAKE)
            .bind::<Text, _>(refund.payment_no.as_str())
            .bind::<Text, _>(refund.refund_no.as_str())
            .bind::<Timestamptz, _>(now)
            .bind::<Timestamptz, _>(now + LEASE);
        let taken: Vec<Taken> = Cached(take).load(&mut connection).await?;
        if let Some(Taken { end_time }) = taken.into_iter().next() {
            return Ok(Turn::Taken(TakenTurn {
                payment_no: refund.payment_no.to_string(),
                refund_no: refund.refund_no.to_string(),
                lease_end: end_time,
            }));
        }
        let wait = diesel::sql_query(WAIT)
            .bind::<Text, _>(refund.merchant_id.as_str())
            .bind::<Text, _>(refund.refund_no.as_str())
            .bind::<Text, _>(refund.payment_no.as_str())
            .bind::<Timestamptz, _>(now + apart);
        Cached(wait).execute(&mut connection).await?;
        Ok(Turn::Elsewhere)
    }

    /// Lets the next refund of the payment be sent from `free_time` on, if the turn is still this one.
    ///
    /// # Errors
    /// [`StoreError`]; the turn then ends by itself.
    pub async fn refund_turn_end(
        &self,
        turn: &TakenTurn,
        free_time: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        let end = diesel::sql_query(
            "UPDATE refund_turn SET end_time = $4 WHERE payment_no = $1 AND refund_no = $2 AND end_time = $3",
        )
        .bind::<Text, _>(&turn.payment_no)
        .bind::<Text, _>(&turn.refund_no)
        .bind::<Timestamptz, _>(turn.lease_end)
        .bind::<Timestamptz, _>(free_time);
        Cached(end).execute(&mut connection).await?;
        Ok(())
    }
}
