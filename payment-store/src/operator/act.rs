//! Operators' acts, appended in the transaction of what they do.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use payment_core::{identifiers::MerchantId, operator::Act};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Store, cached::Cached, error::StoreError, schema::operator_act, words::Word as _, writes::Write,
};

/// Something that an operator did.
#[derive(Debug, Clone)]
pub struct OperatorAct {
    /// Whose data it was about; none where it was about the whole service.
    pub merchant_id: Option<MerchantId>,
    /// Who, as `name/key`.
    pub actor: String,
    /// What.
    pub act: Act,
    /// Why, in their words; empty for what only reads or looks.
    pub reason: String,
    /// What it did, as a sentence.
    pub description: String,
    /// The payment number that it was about.
    pub payment_no: Option<String>,
    /// The refund that it was about.
    pub refund_no: Option<String>,
    /// The case that it was about.
    pub case_id: Option<Uuid>,
    /// The delivery that it was about.
    pub notification_id: Option<Uuid>,
    /// When.
    pub now: OffsetDateTime,
}

/// An act as it is recorded.
#[derive(Debug, Clone)]
pub struct ActRecord {
    /// Who, as `name/key`.
    pub actor: String,
    /// What.
    pub act: Act,
    /// Why.
    pub reason: String,
    /// What it did.
    pub description: String,
    /// The refund that it was about.
    pub refund_no: Option<String>,
    /// The case that it was about.
    pub case_id: Option<Uuid>,
    /// The delivery that it was about.
    pub notification_id: Option<Uuid>,
    /// When.
    pub time: OffsetDateTime,
}

/// A row of `operator_act`, as far as it is shown.
#[derive(Queryable, Selectable)]
#[diesel(table_name = operator_act, check_for_backend(diesel::pg::Pg))]
pub(super) struct ActRow {
    actor: String,
    act: String,
    reason: String,
    description: String,
    refund_no: Option<String>,
    case_id: Option<Uuid>,
    notification_id: Option<Uuid>,
    act_time: OffsetDateTime,
}

impl ActRow {
    pub(super) fn into_record(self) -> Result<ActRecord, StoreError> {
        Ok(ActRecord {
            actor: self.actor,
            act: Act::of_word(&self.act)?,
            reason: self.reason,
            description: self.description,
            refund_no: self.refund_no,
            case_id: self.case_id,
            notification_id: self.notification_id,
            time: self.act_time,
        })
    }
}

impl Store {
    /// Records an act that writes nothing else.
    ///
    /// # Errors
    /// [`StoreError`]; it is not recorded then.
    pub async fn operator_act_record(&self, act: &OperatorAct) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        Cached(act_insert(self, act)).execute(&mut connection).await?;
        Ok(())
    }
}

/// Appends an act, in the transaction of what it does.
pub(super) fn act_insert<'a>(store: &Store, act: &'a OperatorAct) -> impl Write + use<'a> {
    diesel::insert_into(operator_act::table).values((
        operator_act::act_id.eq(store.uuid(act.now)),
        operator_act::merchant_id.eq(act.merchant_id.as_ref().map(MerchantId::as_str)),
        operator_act::actor.eq(act.actor.as_str()),
        operator_act::act.eq(act.act.word()),
        operator_act::reason.eq(act.reason.as_str()),
        operator_act::description.eq(act.description.as_str()),
        operator_act::payment_no.eq(act.payment_no.as_deref()),
        operator_act::refund_no.eq(act.refund_no.as_deref()),
        operator_act::case_id.eq(act.case_id),
        operator_act::notification_id.eq(act.notification_id),
        operator_act::act_time.eq(act.now),
    ))
}
