//! Refunds as they are recorded.

use std::collections::HashMap;

use diesel::{dsl::exists, prelude::*};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    identifiers::{MerchantId, OrderNo, PaymentNo, RefundNo},
    refund::{Refund, state::RefundState},
};
use time::OffsetDateTime;

use super::row::{PaidRow, RefundPartRow, RefundRow};
use crate::{
    Store,
    among::among,
    error::StoreError,
    schema::{allocation, payment, refund, refund_number, refund_part},
    transaction::Abort,
    words::Word as _,
};

/// Which refunds to list.
#[derive(Debug, Clone)]
pub struct RefundFilter {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Only those of this payment.
    pub payment_no: Option<PaymentNo>,
    /// Only those that give something back for this order.
    pub order_no: Option<OrderNo>,
    /// Only those in one of these states; empty for all.
    pub states: Vec<RefundState>,
    /// Only those older than this one, by time of creation and number.
    pub below: Option<(OffsetDateTime, RefundNo)>,
    /// At most this many.
    pub limit: i64,
}

impl Store {
    /// A merchant's refund by its number. Another merchant's does not exist for it (R30).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refund_get(
        &self,
        merchant_id: &MerchantId,
        refund_no: &RefundNo,
    ) -> Result<Option<Refund>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let row: Option<RefundRow> = refund::table
            .find((merchant_id.as_str(), refund_no.as_str()))
            .select(RefundRow::as_select())
            .get_result(&mut connection)
            .await
            .optional()?;
        match row {
            None => Ok(None),
            Some(row) => {
                Ok(refunds_in_txn(&mut connection, vec![row]).await.map_err(Abort::into_store)?.pop())
            }
        }
    }

    /// Refunds, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refund_list(&self, filter: &RefundFilter) -> Result<Vec<Refund>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let mut query =
            refund::table.into_boxed().filter(refund::merchant_id.eq(filter.merchant_id.as_str()));
        if let Some(payment_no) = &filter.payment_no {
            query = query.filter(refund::payment_no.eq(payment_no.as_str()));
        }
        if let Some(order_no) = &filter.order_no {
            // Found by the payments that cover the order: no index leads from an order to its refunds.
            let covering = allocation::table
                .filter(allocation::merchant_id.eq(filter.merchant_id.as_str()))
                .filter(allocation::order_no.eq(order_no.as_str()))
                .select(allocation::payment_no);
            let of_order = refund_part::table
                .filter(refund_part::merchant_id.eq(refund::merchant_id))
                .filter(refund_part::refund_no.eq(refund::refund_no))
                .filter(refund_part::order_no.eq(order_no.as_str()));
            query = query.filter(refund::payment_no.eq_any(covering)).filter(exists(of_order));
        }
        if !filter.states.is_empty() {
            let words: Vec<_> = filter.states.iter().map(|state| state.word()).collect();
            query = query.filter(refund::state.eq_any(words));
        }
        if let Some((time, refund_no)) = &filter.below {
            let older = refund::create_time
                .lt(*time)
                .or(refund::create_time.eq(*time).and(refund::refund_no.lt(refund_no.as_str())));
            query = query.filter(older);
        }
        let rows: Vec<RefundRow> = query
            .order((refund::create_time.desc(), refund::refund_no.desc()))
            .limit(filter.limit)
            .select(RefundRow::as_select())
            .load(&mut connection)
            .await?;
        refunds_in_txn(&mut connection, rows).await.map_err(Abort::into_store)
    }
}

/// The refund that was ever sent under this number.
pub(crate) async fn refund_no_of_number(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    number: &RefundNo,
) -> Result<Option<String>, Abort> {
    let found = refund_number::table
        .find((merchant_id.as_str(), number.as_str()))
        .select(refund_number::refund_no)
        .get_result(connection)
        .await
        .optional()?;
    Ok(found)
}

/// Adds to rows their parts and what they take over from their payments, in the rows' order.
pub(crate) async fn refunds_in_txn(
    connection: &mut AsyncPgConnection,
    rows: Vec<RefundRow>,
) -> Result<Vec<Refund>, Abort> {
    let refund_nos = rows.iter().map(|row| row.refund_no.as_str());
    let merchants = rows.iter().map(|row| row.merchant_id.as_str());
    let of_refund =
        refund_part::merchant_id.eq(refund::merchant_id).and(refund_part::refund_no.eq(refund::refund_no));
    let parts: Vec<(RefundPartRow, PaidRow)> = refund::table
        .inner_join(refund_part::table.on(of_refund))
        .inner_join(payment::table.on(payment::payment_no.eq(refund::payment_no)))
        .filter(among(refund::merchant_id, merchants))
        .filter(among(refund::refund_no, refund_nos))
        .select((RefundPartRow::as_select(), PaidRow::as_select()))
        .load(connection)
        .await?;
    let mut by_refund: HashMap<(String, String), (Option<PaidRow>, Vec<RefundPartRow>)> = HashMap::new();
    for (part, paid) in parts {
        let of = by_refund.entry((part.merchant_id.clone(), part.refund_no.clone())).or_default();
        of.0 = Some(paid);
        of.1.push(part);
    }
    rows.into_iter()
        .map(|row| {
            let own = by_refund.remove(&(row.merchant_id.clone(), row.refund_no.clone()));
            let (paid, parts) = own.unwrap_or_default();
            Ok(row.into_domain(paid.ok_or(StoreError::Corrupt("refund"))?, parts)?)
        })
        .collect()
}
