//! Cases: opened once, however often their evidence comes.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    case::CaseOpening,
    evidence::{Evidence, Source},
    identifiers::{ChannelAccountId, ChannelName, MerchantId},
    merchant_event::MerchantEvent,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Store, outbox::Telling, schema::payment_case, snapshot::CaseSnapshot, words::Word as _, writes::Writes,
};

/// Where a case comes from.
pub(crate) struct CaseOrigin<'a> {
    pub(crate) merchant_id: &'a MerchantId,
    pub(crate) channel: &'a ChannelName,
    pub(crate) channel_account: &'a ChannelAccountId,
    pub(crate) evidence: &'a Evidence,
    pub(crate) notification: Option<Uuid>,
    pub(crate) now: OffsetDateTime,
}

/// Opens those of the cases that are not known, and gives what is to be told of them. A case names the delivery that it comes
/// from, so what is to be written goes first.
pub(crate) async fn cases_open(
    connection: &mut AsyncPgConnection,
    store: &Store,
    writes: &mut Writes<'_>,
    cases: &[CaseOpening],
    origin: &CaseOrigin<'_>,
) -> QueryResult<Vec<Telling>> {
    let mut opened = Vec::new();
    if !cases.is_empty() {
        writes.flush(connection).await?;
    }
    for case in cases {
        opened.extend(case_open(connection, store.uuid(origin.now), case, origin).await?);
    }
    Ok(opened)
}

/// Opens a case unless it is known.
async fn case_open(
    connection: &mut AsyncPgConnection,
    case_id: Uuid,
    case: &CaseOpening,
    origin: &CaseOrigin<'_>,
) -> QueryResult<Option<Telling>> {
    let channel = origin.evidence.channel.as_ref();
    let bytes = channel
        .filter(|_| origin.evidence.source != Source::Notification)
        .map(|words| words.bytes.as_slice());
    let inserted = diesel::insert_into(payment_case::table)
        .values((
            payment_case::case_id.eq(case_id),
            payment_case::merchant_id.eq(origin.merchant_id.as_str()),
            payment_case::kind.eq(case.kind.word()),
            payment_case::channel.eq(origin.channel.as_str()),
            payment_case::channel_account.eq(origin.channel_account.as_str()),
            payment_case::payment_no.eq(case.payment_no.as_str()),
            payment_case::refund_no.eq(case.refund_no.as_ref().map(|no| no.as_str())),
            payment_case::order_no.eq(case.order_no.as_ref().map(|no| no.as_str())),
            payment_case::channel_transaction_no
                .eq(case.channel_transaction_no.as_ref().map(|no| no.as_str())),
            payment_case::currency.eq(case.amount.map(|amount| amount.currency().to_string())),
            payment_case::amount.eq(case.amount.map(|amount| amount.minor_units())),
            payment_case::description.eq(case.description.as_str()),
            payment_case::source.eq(origin.evidence.source.word()),
            payment_case::notification_id.eq(origin.notification),
            payment_case::evidence.eq(bytes),
            payment_case::verified_by
                .eq(channel.and_then(|words| words.verified_by.as_ref()).map(|key| key.as_str())),
            payment_case::open_time.eq(origin.now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    if inserted == 0 {
        return Ok(None);
    }
    let opened = CaseSnapshot::opened(case_id, case, origin);
    Ok(Some(Telling::of_case(MerchantEvent::CaseOpened, case_id, opened)))
}
