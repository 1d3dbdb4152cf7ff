//! When a refund is driven next, by an operator's wish. It is never ended by that.

use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    identifiers::{MerchantId, RefundNo},
    operator::Act,
    refund::{Refund, state::RefundState},
};
use time::OffsetDateTime;

use super::act::{OperatorAct, act_insert};
use crate::{
    Store,
    error::StoreError,
    refund::refund_lock_in_txn,
    schema::refund,
    transaction::{self, Abort},
    writes::Writes,
};

/// When an operator wants a refund to be driven.
#[derive(Debug, Clone)]
pub struct RefundReschedule {
    /// Whose refund; another merchant's is not found.
    pub merchant_id: MerchantId,
    /// The refund, by any number that it was sent under.
    pub refund_no: RefundNo,
    /// Not before this time; the present one to have it driven now, with short steps again.
    pub due_time: OffsetDateTime,
    /// Why.
    pub reason: String,
    /// Who, as `name/key`.
    pub actor: String,
    /// The present instant.
    pub now: OffsetDateTime,
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum RescheduledRefund {
    /// It is driven then.
    Rescheduled(Box<Refund>),
    /// It has arrived, so nothing is left to be driven.
    Arrived(Box<Refund>),
    /// There is no such refund of this merchant.
    NotFound,
}

struct Rescheduling<'a> {
    store: &'a Store,
    wanted: &'a RefundReschedule,
}

impl Store {
    /// Says when a refund is driven next, whoever has claimed it now.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn refund_due_at(&self, wanted: &RefundReschedule) -> Result<RescheduledRefund, StoreError> {
        let rescheduling = Rescheduling { store: self, wanted };
        transaction::run(&self.connections, &rescheduling, reschedule_in_txn).await
    }
}

fn reschedule_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    rescheduling: &'c Rescheduling<'_>,
) -> BoxFuture<'c, Result<RescheduledRefund, Abort>> {
    async move {
        let wanted = rescheduling.wanted;
        let locked = refund_lock_in_txn(connection, &wanted.merchant_id, &wanted.refund_no).await?;
        let Some(found) = locked else { return Ok(RescheduledRefund::NotFound) };
        match found.state {
            RefundState::Succeeded => return Ok(RescheduledRefund::Arrived(Box::new(found))),
            RefundState::Pending | RefundState::Processing => {}
        }
        let key = (found.merchant_id.as_str(), found.refund_no.as_str());
        let update = diesel::update(refund::table.find(key))
            .set((refund::next_check_time.eq(wanted.due_time), refund::checks.eq(0)));
        let record = act(wanted, &found);
        let mut writes = Writes::default();
        writes.add(update);
        writes.add(act_insert(rescheduling.store, &record));
        writes.run(connection).await?;
        Ok(RescheduledRefund::Rescheduled(Box::new(found)))
    }
    .boxed()
}

fn act(wanted: &RefundReschedule, refund: &Refund) -> OperatorAct {
    let (act, description) = if wanted.due_time > wanted.now {
        (Act::RefundPostponed, format!("put the refund off until {}", wanted.due_time))
    } else {
        (Act::RefundRetried, "made the refund due now".to_owned())
    };
    OperatorAct {
        merchant_id: Some(wanted.merchant_id.clone()),
        actor: wanted.actor.clone(),
        act,
        reason: wanted.reason.clone(),
        description,
        payment_no: Some(refund.payment_no.to_string()),
        refund_no: Some(refund.refund_no.to_string()),
        case_id: None,
        notification_id: None,
        now: wanted.now,
    }
}
