//! Recording a payment that the channel proves and that our records lost, such as after an older copy of the database was
//! put back. What it is worth is decided by `payment_apply`, as for every payment.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::payment::Payment;

use crate::{
    Store,
    error::StoreError,
    payment::{
        NewPayment,
        create::{Context, order_nos, payment_insert},
        lock::orders_lock_in_txn,
        payments_in_txn,
    },
    schema::payment,
    transaction::{self, Abort},
    writes::Writes,
};

/// What became of it.
#[derive(Debug, Clone)]
pub enum RecoverOutcome {
    /// It is in the records, now or since before.
    Recorded(Box<Payment>),
    /// Another merchant has a payment of this number.
    Taken,
}

impl Store {
    /// Records a lost payment as initiating, beside whatever else its orders have: its money is there, whether the order is
    /// paid or not, and a second success is a duplicate.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn payment_recover(&self, lost: &NewPayment) -> Result<RecoverOutcome, StoreError> {
        let context = Context { store: self, new: lost };
        transaction::run(&self.connections, &context, recover_in_txn).await
    }
}

fn recover_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    context: &'c Context<'_>,
) -> BoxFuture<'c, Result<RecoverOutcome, Abort>> {
    async move {
        let wanted = &context.new.payment;
        orders_lock_in_txn(connection, &wanted.merchant_id, &order_nos(wanted), wanted.times.create).await?;
        let owner: Option<String> = payment::table
            .find(wanted.payment_no.as_str())
            .select(payment::merchant_id)
            .get_result(connection)
            .await
            .optional()?;
        match owner {
            None => {
                let mut writes = Writes::default();
                payment_insert(&mut writes, context, wanted);
                writes.run(connection).await?;
                Ok(RecoverOutcome::Recorded(Box::new(wanted.clone())))
            }
            Some(owner) if owner == wanted.merchant_id.as_str() => {
                let known = payments_in_txn(connection, &[wanted.payment_no.to_string()]).await?.pop();
                let known = known.ok_or(StoreError::Corrupt("payment"))?;
                Ok(RecoverOutcome::Recorded(Box::new(known)))
            }
            Some(_) => Ok(RecoverOutcome::Taken),
        }
    }
    .boxed()
}
