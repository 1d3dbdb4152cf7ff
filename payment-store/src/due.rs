//! Due work, claimed row by row: a claim moves the row's due time to the end of its lease, so that one replica handles it
//! at a time, and a killed replica's rows come back by themselves. The cost of a claim grows with what is due, not with
//! history: partial indexes hold only rows that will be due.

use std::time::Duration;

use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{Array, BigInt, Integer, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use payment_core::identifiers::{ChannelAccountId, MerchantId, PaymentNo, RefundNo};
use time::OffsetDateTime;

use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    schema::{payment, refund},
};

/// Which payments are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuePayments {
    /// Those that may still be paid (R19), and those that ended and whose money may come all the same (R6).
    ToAsk,
    /// Those whose time is over and that are still open (R20).
    ToClose,
}

/// An account at a channel, which is named within its merchant.
pub type AccountOf = (MerchantId, ChannelAccountId);

/// What a claim may take.
#[derive(Debug, Clone, Copy)]
pub struct ClaimLimits<'a> {
    /// For how long this process may handle what it takes.
    pub lease: Duration,
    /// The most rows.
    pub rows: u16,
    /// Accounts whose rows are left where they are.
    pub except: &'a [AccountOf],
}

/// A row that this process may handle until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<Number> {
    /// Whose row.
    pub merchant_id: MerchantId,
    /// Through which account its channel is asked.
    pub channel_account: ChannelAccountId,
    /// Which row.
    pub number: Number,
    /// How often it was asked about before.
    pub checks: u32,
    /// When another process may take it. It also tells this claim from a later one.
    pub lease_end: OffsetDateTime,
}

/// When a row is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextCheck {
    /// When; `None` for never again, which only a payment that ended may be.
    pub time: Option<OffsetDateTime>,
    /// How often it was asked about by then.
    pub checks: u32,
}

/// A claimed refund.
pub type DueRefund = Claim<RefundNo>;

#[derive(QueryableByName)]
struct ClaimedRow {
    #[diesel(sql_type = Text)]
    merchant_id: String,
    #[diesel(sql_type = Text)]
    channel_account: String,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Integer)]
    checks: i32,
    #[diesel(sql_type = Timestamptz)]
    lease_end: OffsetDateTime,
}

#[derive(QueryableByName)]
struct PaymentOfRow {
    #[diesel(sql_type = Text)]
    merchant_id: String,
    #[diesel(sql_type = Text)]
    payment_no: String,
}

impl DuePayments {
    /// These rows, as PostgreSQL reads them after FROM, `$1` being now. The time of a payment whose money is held is over when
    /// the hold is.
    pub(crate) const fn rows(self) -> &'static str {
        match self {
            Self::ToAsk => {
                "payment LEFT JOIN payment_hold AS hold USING (payment_no) WHERE next_check_time <= $1 \
                 AND (coalesce(hold.expire_time, payment.expire_time) > $1 OR state IN ('CLOSED', 'FAILED'))"
            }
            Self::ToClose => {
                "payment LEFT JOIN payment_hold AS hold USING (payment_no) WHERE next_check_time <= $1 \
                 AND coalesce(hold.expire_time, payment.expire_time) <= $1 AND state NOT IN ('CLOSED', 'FAILED')"
            }
        }
    }

    fn claim(self) -> String {
        format!(
            "WITH due AS MATERIALIZED ( \
                 SELECT payment.payment_no FROM {} \
                 AND payment.merchant_id || ' ' || payment.channel_account <> ALL ($4) \
                 ORDER BY next_check_time LIMIT $3 FOR UPDATE OF payment SKIP LOCKED) \
             UPDATE payment SET next_check_time = $2 FROM due WHERE payment.payment_no = due.payment_no \
             RETURNING payment.merchant_id, payment.channel_account, payment.payment_no AS number, payment.checks, \
                 payment.next_check_time AS lease_end",
            self.rows()
        )
    }
}

// The claims as PostgreSQL reads them, `$1` being now, `$2` the lease's end, `$3` the most rows and `$4` the accounts that are
// left out. The rows are chosen in a CTE because the planner may run a subquery of FROM more than once, and then claim more
// than the limit.
const CLAIM_REFUNDS: &str = "\
    WITH due AS MATERIALIZED ( \
        SELECT merchant_id, refund_no FROM refund \
        WHERE next_check_time <= $1 AND merchant_id || ' ' || channel_account <> ALL ($4) \
        ORDER BY next_check_time LIMIT $3 FOR UPDATE SKIP LOCKED) \
    UPDATE refund SET next_check_time = $2 FROM due \
    WHERE refund.merchant_id = due.merchant_id AND refund.refund_no = due.refund_no \
    RETURNING refund.merchant_id, refund.channel_account, refund.refund_no AS number, refund.checks, \
        refund.next_check_time AS lease_end";
const FIND_DUPLICATES: &str = "\
    SELECT DISTINCT merchant_id, payment_no FROM allocation \
    WHERE state = 'DUPLICATE' AND refund_reserved < amount LIMIT $1";

impl Store {
    /// Claims payments that are due, the longest waiting first.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is claimed then.
    pub async fn payments_claim_due(
        &self,
        which: DuePayments,
        now: OffsetDateTime,
        limits: ClaimLimits<'_>,
    ) -> Result<Vec<Claim<PaymentNo>>, StoreError> {
        let rows = self.claim(&which.claim(), now, limits).await?;
        rows.into_iter()
            .map(|row| row.into_claim(|number| PaymentNo::parse(number).ok(), "payment"))
            .collect()
    }

    /// Claims refunds that are due, the longest waiting first.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is claimed then.
    pub async fn refunds_claim_due(
        &self,
        now: OffsetDateTime,
        limits: ClaimLimits<'_>,
    ) -> Result<Vec<DueRefund>, StoreError> {
        let rows = self.claim(CLAIM_REFUNDS, now, limits).await?;
        rows.into_iter().map(|row| row.into_claim(|number| RefundNo::parse(number).ok(), "refund")).collect()
    }

    /// Finds payments with a duplicate allocation that is not being given back (R21). There are none unless something
    /// went wrong: the transaction that finds a duplicate records its refund.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn duplicates_find(&self, limit: u16) -> Result<Vec<(MerchantId, PaymentNo)>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let find = diesel::sql_query(FIND_DUPLICATES).bind::<BigInt, _>(i64::from(limit));
        let rows: Vec<PaymentOfRow> = Cached(find).load(&mut connection).await?;
        let corrupt = |_| StoreError::Corrupt("allocation");
        let parse = |row: PaymentOfRow| {
            let merchant_id = MerchantId::parse(row.merchant_id).map_err(corrupt)?;
            Ok((merchant_id, PaymentNo::parse(row.payment_no).map_err(corrupt)?))
        };
        rows.into_iter().map(parse).collect()
    }

    async fn claim(
        &self,
        statement: &str,
        now: OffsetDateTime,
        limits: ClaimLimits<'_>,
    ) -> Result<Vec<ClaimedRow>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        // Neither name holds a blank, so the two are told apart.
        let name = |(merchant, account): &AccountOf| format!("{merchant} {account}");
        let claim = diesel::sql_query(statement)
            .bind::<Timestamptz, _>(now)
            .bind::<Timestamptz, _>(now + limits.lease)
            .bind::<BigInt, _>(i64::from(limits.rows))
            .bind::<Array<Text>, _>(limits.except.iter().map(name).collect::<Vec<_>>());
        Ok(Cached(claim).load(&mut connection).await?)
    }

    /// Says when a claimed payment is due again. Nothing happens if it changed meanwhile, which set its own time, or if
    /// the lease ran out and another process has it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn payment_reschedule(
        &self,
        claim: &Claim<PaymentNo>,
        next: NextCheck,
    ) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        let claimed = payment::table.filter(payment::payment_no.eq(claim.number.as_str()));
        let claimed = claimed.filter(payment::next_check_time.eq(claim.lease_end));
        let update = diesel::update(claimed)
            .set((payment::next_check_time.eq(next.time), payment::checks.eq(next.stored_checks())));
        Cached(update).execute(&mut connection).await?;
        Ok(())
    }

    /// Says when a claimed refund is due again, as [`Store::payment_reschedule`] does for a payment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refund_reschedule(&self, claim: &DueRefund, next: NextCheck) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        let of_number = refund::merchant_id
            .eq(claim.merchant_id.as_str())
            .and(refund::refund_no.eq(claim.number.as_str()));
        let claimed = refund::table.filter(of_number).filter(refund::next_check_time.eq(claim.lease_end));
        let update = diesel::update(claimed)
            .set((refund::next_check_time.eq(next.time), refund::checks.eq(next.stored_checks())));
        Cached(update).execute(&mut connection).await?;
        Ok(())
    }
}

impl NextCheck {
    fn stored_checks(self) -> i32 {
        i32::try_from(self.checks).unwrap_or(i32::MAX)
    }
}

impl ClaimedRow {
    fn into_claim<Number>(
        self,
        number: impl FnOnce(String) -> Option<Number>,
        table: &'static str,
    ) -> Result<Claim<Number>, StoreError> {
        let corrupt = || StoreError::Corrupt(table);
        Ok(Claim {
            merchant_id: MerchantId::parse(self.merchant_id).map_err(|_| corrupt())?,
            channel_account: ChannelAccountId::parse(self.channel_account).map_err(|_| corrupt())?,
            number: number(self.number).ok_or_else(corrupt)?,
            checks: u32::try_from(self.checks).map_err(|_| corrupt())?,
            lease_end: self.lease_end,
        })
    }
}
