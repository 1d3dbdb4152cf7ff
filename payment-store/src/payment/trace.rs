//! The trace that a payment belongs to. No decision reads it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use payment_core::{identifiers::PaymentNo, trace::TraceParent};

use crate::{Store, error::StoreError, schema::payment_trace, writes::Write};

impl Store {
    /// The trace that a payment belongs to, where its caller said so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn payment_trace_parent(
        &self,
        payment_no: &PaymentNo,
    ) -> Result<Option<TraceParent>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let parent: Option<String> = payment_trace::table
            .find(payment_no.as_str())
            .select(payment_trace::trace_parent)
            .get_result(&mut connection)
            .await
            .optional()?;
        let corrupt = |_| StoreError::Corrupt("payment_trace");
        parent.map(|text| TraceParent::parse(text).map_err(corrupt)).transpose()
    }
}

pub(super) fn trace_insert<'a>(payment_no: &'a PaymentNo, parent: &'a TraceParent) -> impl Write + 'a {
    diesel::insert_into(payment_trace::table).values((
        payment_trace::payment_no.eq(payment_no.as_str()),
        payment_trace::trace_parent.eq(parent.as_str()),
    ))
}
