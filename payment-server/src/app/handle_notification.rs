//! A notification's way: verified over its raw bytes, applied under locks, kept in the same transaction, and only then
//! acknowledged in the channel's exact words (R2, R3).

use std::sync::Arc;

use futures::FutureExt as _;
use payment_core::{
    case::CaseOpening,
    evidence::{Evidence, Source},
    gateway::{
        CallbackOutcome, ContestFinding, EventContent, Finding, GatewayError, RawCallback, RefundFinding,
        RefundQueryRequest, VerifiedEvent,
    },
    identifiers::{ChannelAccountId, ChannelName, PaymentNo},
    payment::{apply::Happening, state::PaymentState},
    refund::apply::RefundHappening,
};
use payment_store::{
    Delivery, Lane, NotificationRecord, Replay,
    refund::{ForeignRefund, ForeignRefundOutcome, RefundApplyRequest},
};
use time::OffsetDateTime;

use super::{
    App,
    crash_point::{self, CrashPoint},
    error::AppError,
};
use crate::{
    callback::{NotificationHandler, NotificationReply},
    channels::Account,
};

/// The application as the handler of notifications.
pub struct Notifications(pub Arc<App>);

#[async_trait::async_trait]
impl NotificationHandler for Notifications {
    fn expects(&self, channel: &ChannelName, account: &ChannelAccountId) -> bool {
        self.0.accounts.of_callback(channel.as_str(), account.as_str()).is_some()
    }

    async fn handle(&self, channel: &str, account: &str, callback: RawCallback) -> NotificationReply {
        let Some(account) = self.0.accounts.of_callback(channel, account) else {
            return NotificationReply::UnknownAccount;
        };
        let (app, receiving) = (Arc::clone(&self.0), Arc::clone(&account));
        let received = Lane::Background.take(async move {
            let now = app.now();
            app.receive(&receiving, callback, now, None).await
        });
        let outcome = self.0.detached(received).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a notification could not be kept; the channel will send it again");
            CallbackOutcome::NotRecorded
        });
        self.0.metrics.notification(&account.channel, &account.account_id, verdict(&outcome));
        NotificationReply::Handled(account.gateway.callback_reply(&outcome))
    }
}

/// The word that is counted.
const fn verdict(outcome: &CallbackOutcome) -> &'static str {
    match outcome {
        CallbackOutcome::Recorded => "RECORDED",
        CallbackOutcome::Rejected(rejection) => rejection.as_str(),
        CallbackOutcome::NotRecorded => "NOT_RECORDED",
    }
}

impl App {
    /// Handles what came from the channel at `received`, now or, as a replay, before. Must run detached.
    pub(super) async fn receive(
        self: &Arc<Self>,
        account: &Arc<Account>,
        callback: RawCallback,
        received: OffsetDateTime,
        replay: Option<Replay>,
    ) -> Result<CallbackOutcome, AppError> {
        let verified = account.gateway.verify_callback(&callback, received).await;
        let delivery = Delivery {
            merchant_id: account.merchant_id.clone(),
            channel: account.channel.clone(),
            channel_account: account.account_id.clone(),
            callback,
            receive_time: self.now(),
            replay,
        };
        match verified {
            Ok(event) => {
                crash_point::reach(CrashPoint::NotificationVerified);
                self.record(delivery, &event).await?;
                crash_point::reach(CrashPoint::NotificationRecorded);
                self.follow_up(account, &event);
                Ok(CallbackOutcome::Recorded)
            }
            Err(rejected) => {
                tracing::warn!(
                    channel.name = %account.channel, channel.account = %account.account_id, %rejected,
                    "a notification was refused"
                );
                self.store.notification_reject(&delivery, &rejected).await?;
                Ok(CallbackOutcome::Rejected(rejected.kind))
            }
        }
    }

    /// What was approved is taken or held after the channel has its acknowledgement, which must not wait for another call.
    fn follow_up(self: &Arc<Self>, account: &Arc<Account>, event: &VerifiedEvent) {
        let EventContent::Payment { payment_no, finding: found @ Finding::Approved(_) } = event.content()
        else {
            return;
        };
        let Ok(payment_no) = PaymentNo::parse(payment_no.as_str()) else { return };
        let (app, account, found) = (Arc::clone(self), Arc::clone(account), found.clone());
        self.lifecycle.tasks.spawn(Lane::current().take(async move {
            let carried_out = async {
                let payment = app.payment(&account.merchant_id, &payment_no).await?;
                app.carry_out(payment, &account, &found).await
            };
            if let Err(error) = carried_out.await {
                tracing::error!(payment.no = %payment_no, %error, "an approved payment is captured by the scheduler");
            }
        }));
    }

    async fn record(&self, delivery: Delivery, event: &VerifiedEvent) -> Result<(), AppError> {
        match event.content() {
            EventContent::Payment { payment_no, finding } => {
                self.record_payment_event(delivery, event, payment_no, finding).await
            }
            EventContent::Refund(refund) => self.record_refund_event(delivery, event, refund).await,
            EventContent::Contest(contest) => self.record_contest(delivery, event, contest).await,
            EventContent::Irrelevant { .. } => {
                Ok(self.store.notification_keep_irrelevant(&record(delivery, event, None)).await?)
            }
        }
    }

    /// Money that others than us took back or ask for. What was taken back had come: where our records do not say so yet,
    /// the channel is asked.
    async fn record_contest(
        &self,
        delivery: Delivery,
        event: &VerifiedEvent,
        contest: &ContestFinding,
    ) -> Result<(), AppError> {
        tracing::error!(payment.no = contest.payment_no, kind = ?contest.kind, "paid money is taken back or disputed: case open");
        let record = record(delivery, event, Some(contest.payment_no.clone()));
        if let Ok(ours) = PaymentNo::parse(contest.payment_no.as_str()) {
            let evidence = Evidence::of_channel(Source::Notification, event.evidence().clone());
            let happening = Happening::Contested(contest.clone());
            let merchant = record.delivery.merchant_id.clone();
            if let Some(applied) =
                self.apply(&merchant, &ours, happening, evidence, Some(record.clone())).await?
            {
                if applied.payment.state != PaymentState::Succeeded {
                    let account = self.account_of(&applied.payment)?;
                    self.ask(&applied.payment, &account).await?;
                }
                return Ok(());
            }
        }
        Ok(self.store.notification_open_case(&record, &CaseOpening::contest(contest)).await?)
    }

    /// A refund of ours, or one that somebody made at the channel's console (R18).
    async fn record_refund_event(
        &self,
        delivery: Delivery,
        event: &VerifiedEvent,
        finding: &RefundFinding,
    ) -> Result<(), AppError> {
        let notification = record(delivery, event, Some(finding.payment_no.to_string()));
        let evidence = Evidence::of_channel(Source::Notification, event.evidence().clone());
        let request = RefundApplyRequest {
            merchant_id: notification.delivery.merchant_id.clone(),
            number: finding.refund_no.clone(),
            happening: RefundHappening::Found(finding.clone()),
            evidence: evidence.clone(),
            notification: Some(notification.clone()),
            now: self.now(),
        };
        let span = tracing::info_span!(
            "refund notified",
            channel.name = %notification.delivery.channel,
            payment.no = %finding.payment_no,
            refund.no = %finding.refund_no
        );
        let applying = self.refund_applied(&finding.payment_no, &request).boxed();
        let applied = self.in_trace_of(&finding.payment_no, span, applying);
        if applied.await?.is_some() {
            return Ok(());
        }
        let finding = &self.with_amount(&notification.delivery, finding).await?;
        let foreign = ForeignRefund { finding: finding.clone(), notification, evidence };
        match self.record_foreign_refund(&foreign).await? {
            ForeignRefundOutcome::Recorded => {
                tracing::warn!(refund.no = %finding.refund_no, "a refund that we did not start is recorded");
                self.refund_applied(&finding.payment_no, &request).await?;
            }
            ForeignRefundOutcome::CaseOpened => {
                tracing::error!(refund.no = %finding.refund_no, "a refund that does not fit its payment: case open");
            }
            ForeignRefundOutcome::NothingGivenBack => {}
            ForeignRefundOutcome::PaymentNotFound => {
                tracing::error!(refund.no = %finding.refund_no, "a refund of a payment that is not in our records");
                let case = CaseOpening::unknown_refund(finding);
                self.store.notification_open_case(&foreign.notification, &case).await?;
            }
        }
        Ok(())
    }

    /// A refund that we did not start is recorded with its amount. Alipay's word is how much all refunds of a payment came to,
    /// so it is asked how much this one was; what cannot be asked is not kept, and comes again.
    async fn with_amount(
        &self,
        delivery: &Delivery,
        finding: &RefundFinding,
    ) -> Result<RefundFinding, AppError> {
        let account = self.accounts.of_merchant(&delivery.merchant_id, &delivery.channel_account);
        let (None, Some(account)) = (finding.amount, account) else { return Ok(finding.clone()) };
        let request = RefundQueryRequest {
            refund_no: finding.refund_no.clone(),
            payment_no: finding.payment_no.clone(),
            channel_refund_no: finding.channel_refund_no.clone(),
        };
        match account.gateway.query_refund(&request).await {
            Ok(answer) => Ok(RefundFinding { amount: answer.finding.amount, ..finding.clone() }),
            Err(GatewayError::Refused { .. }) => Ok(finding.clone()),
            Err(GatewayError::NotSent(_) | GatewayError::Unknown(_)) => Err(AppError::ChannelUnavailable {
                account: delivery.channel_account.clone(),
                payment_no: finding.payment_no.clone(),
            }),
        }
    }

    /// Money that is given back was paid: where our records do not say so yet, the channel is asked first.
    async fn record_foreign_refund(&self, foreign: &ForeignRefund) -> Result<ForeignRefundOutcome, AppError> {
        let outcome = self.store.refund_record_foreign(foreign).await?;
        let merchant = &foreign.notification.delivery.merchant_id;
        match (outcome, self.store.payment_get(merchant, &foreign.finding.payment_no).await?) {
            (ForeignRefundOutcome::PaymentNotFound, Some(payment)) => {
                let account = self.account_of(&payment)?;
                self.ask(&payment, &account).await?;
                Ok(self.store.refund_record_foreign(foreign).await?)
            }
            (outcome, _) => Ok(outcome),
        }
    }

    async fn record_payment_event(
        &self,
        delivery: Delivery,
        event: &VerifiedEvent,
        payment_no: &str,
        finding: &Finding,
    ) -> Result<(), AppError> {
        let record = record(delivery, event, Some(payment_no.to_owned()));
        if let Ok(ours) = PaymentNo::parse(payment_no) {
            let evidence = Evidence::of_channel(Source::Notification, event.evidence().clone());
            let happening = Happening::Found(finding.clone());
            let merchant = record.delivery.merchant_id.clone();
            let span = tracing::info_span!("payment notified", channel.name = %record.delivery.channel, payment.no = %ours);
            let applying = self.apply(&merchant, &ours, happening, evidence, Some(record.clone()));
            if self.in_trace_of(&ours, span, applying.boxed()).await?.is_some() {
                if let Finding::Paid(_) = finding {
                    self.metrics.success_told(&record.delivery.channel, &record.delivery.channel_account);
                }
                return Ok(());
            }
        }
        self.record_unknown_payment(&record, payment_no, finding).await
    }

    /// Money for a number that is not in our records is kept in sight before it is acknowledged (F4).
    async fn record_unknown_payment(
        &self,
        record: &NotificationRecord,
        payment_no: &str,
        finding: &Finding,
    ) -> Result<(), AppError> {
        match finding {
            Finding::Paid(paid) => {
                tracing::error!(
                    payment.no = payment_no,
                    "money for a payment that is not in our records: case open"
                );
                let case = CaseOpening::unknown_payment(payment_no, &paid.transaction_no, paid.amount);
                Ok(self.store.notification_open_case(record, &case).await?)
            }
            Finding::AwaitingPayer
            | Finding::Approved(_)
            | Finding::Held(_)
            | Finding::Pending
            | Finding::NotFound
            | Finding::Closed
            | Finding::Failed(_) => Ok(self.store.notification_keep_irrelevant(record).await?),
        }
    }
}

fn record(delivery: Delivery, event: &VerifiedEvent, payment_no: Option<String>) -> NotificationRecord {
    NotificationRecord {
        delivery,
        verified_by: event.evidence().verified_by.clone(),
        channel_notification_id: event.notification_id().clone(),
        payment_no,
    }
}
