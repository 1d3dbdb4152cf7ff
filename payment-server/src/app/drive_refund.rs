//! Driving a refund one step: send it, ask about it, or send it again with the same number; never give up (R17).

use futures::FutureExt as _;
use payment_core::{
    evidence::{ChannelEvidence, Evidence, Source},
    gateway::{
        GatewayError, Reason, RefundAnswer, RefundFinding, RefundQueryRequest, RefundRequest, RefundStatus,
    },
    identifiers::PaymentNo,
    refund::{Refund, RefundOrigin, apply::RefundHappening, state::RefundState},
};
use payment_store::{
    NotificationRecord,
    payment::Effect,
    refund::{RefundApplied, RefundApplyRequest, Turn},
};
use url::Url;

use super::{
    App,
    command::ChannelContact,
    crash_point::{self, CrashPoint},
    error::AppError,
};
use crate::channels::Account;

/// From this age on a refund that was perhaps sent is asked about before it is sent again: channels keep the memory of a
/// number, but not all of them for ever (PayPal: 45 days).
const ASK_BEFORE_REPEATING: time::Duration = time::Duration::hours(1);

/// A refund after one step.
pub(super) struct Driven {
    /// The refund as it is now.
    pub(super) refund: Refund,
    /// Whether the channel answered; `None` if there was nothing to ask it.
    pub(super) contact: Option<ChannelContact>,
}

impl App {
    /// Takes one step. Must run detached.
    pub(super) async fn drive_refund(&self, refund: Refund) -> Result<Driven, AppError> {
        let Some(account) = self.accounts.of_merchant(&refund.merchant_id, &refund.channel_account) else {
            return Ok(Driven { refund, contact: None });
        };
        match refund.state {
            RefundState::Succeeded => Ok(Driven { refund, contact: None }),
            // What somebody made at the channel's console is never sent by us, only asked about (R18).
            RefundState::Pending if refund.origin == RefundOrigin::Channel => {
                self.ask_about_refund(refund, &account).await
            }
            RefundState::Pending if self.now() < refund.times.create + ASK_BEFORE_REPEATING => {
                self.send_refund(refund, &account).await
            }
            RefundState::Pending | RefundState::Processing => self.ask_about_refund(refund, &account).await,
        }
    }

    /// Sends it under its present number: after any unknown outcome the same one again (F24). Where the channel wants a
    /// payment's refunds one after the other, it waits for its turn.
    async fn send_refund(&self, refund: Refund, account: &Account) -> Result<Driven, AppError> {
        if self.now() > refund.paid_time + account.gateway.capabilities().refund.window {
            return self.too_late_to_send(refund).await;
        }
        let Some(apart) = account.gateway.capabilities().refund.apart else {
            return self.send_refund_now(refund, account).await;
        };
        match self.store.refund_turn_take(&refund, apart, self.now()).await? {
            Turn::Taken(turn) => {
                let driven = self.send_refund_now(refund, account).await;
                if let Err(error) = self.store.refund_turn_end(&turn, self.now() + apart).await {
                    tracing::warn!(%error, "the turn of a payment's refunds ends by itself");
                }
                driven
            }
            // It was made due again.
            Turn::Elsewhere => Ok(Driven { refund, contact: None }),
        }
    }

    async fn send_refund_now(&self, refund: Refund, account: &Account) -> Result<Driven, AppError> {
        let notify_url = self.notify_url_of(&refund, account).await?;
        let sent = account.gateway.refund(&refund_request(&refund, notify_url)).await;
        crash_point::reach(CrashPoint::RefundAnswered);
        self.record_refund_answer(refund, sent, Source::RefundAnswer).await
    }

    /// The channel declares that it gives nothing back any more, so it is not asked to; what is owed goes on being owed,
    /// and a person has to find another way.
    async fn too_late_to_send(&self, refund: Refund) -> Result<Driven, AppError> {
        let evidence = Evidence { source: Source::ChannelLimit, caller: None, channel: None };
        let happening = RefundHappening::Refused(Reason::ForbiddenByChannel);
        let applied = self.apply_refund(&refund, happening, evidence, None).await?;
        let refund = applied.map_or(refund, |applied| applied.refund);
        Ok(Driven { refund, contact: None })
    }

    /// What a repeat must name too is on record before it is sent first (R17).
    async fn notify_url_of(&self, refund: &Refund, account: &Account) -> Result<Url, AppError> {
        match &refund.notify_url {
            Some(kept) => Ok(kept.clone()),
            None => {
                let (merchant_id, refund_no) = (&refund.merchant_id, &refund.refund_no);
                let today = &account.notify_url;
                Ok(self.store.refund_keep_notify_url(merchant_id, refund_no, today).await?)
            }
        }
    }

    async fn ask_about_refund(&self, refund: Refund, account: &Account) -> Result<Driven, AppError> {
        let request = RefundQueryRequest {
            refund_no: refund.sent_as.clone(),
            payment_no: refund.payment_no.clone(),
            channel_refund_no: refund.channel_refund_no.clone(),
        };
        let answer = account.gateway.query_refund(&request).await;
        match answer {
            // The channel does not know it (any more, or yet): the same number cannot give back twice.
            Ok(RefundAnswer { finding: RefundFinding { status: RefundStatus::NotFound, .. }, .. })
                if refund.origin != RefundOrigin::Channel =>
            {
                self.send_refund(refund, account).await
            }
            answer => self.record_refund_answer(refund, answer, Source::QueryAnswer).await,
        }
    }

    async fn record_refund_answer(
        &self,
        refund: Refund,
        answer: Result<RefundAnswer, GatewayError>,
        source: Source,
    ) -> Result<Driven, AppError> {
        let (happening, words) = match answer {
            Ok(answer) => (RefundHappening::Found(answer.finding), answer.evidence),
            Err(GatewayError::Refused { reason, channel_code }) => {
                tracing::warn!(refund.no = %refund.refund_no, ?reason, channel_code, "the channel refused a refund for now");
                let words = ChannelEvidence { bytes: channel_code.into_bytes(), verified_by: None };
                (RefundHappening::Refused(reason), words)
            }
            Err(error @ (GatewayError::NotSent(_) | GatewayError::Unknown(_))) => {
                tracing::warn!(refund.no = %refund.refund_no, %error, "the channel gave no answer about a refund");
                return Ok(Driven { refund, contact: Some(ChannelContact::NotReached) });
            }
        };
        let evidence = Evidence::of_channel(source, words);
        let applied = self.apply_refund(&refund, happening, evidence, None).await?;
        crash_point::reach(CrashPoint::RefundRecorded);
        let refund = applied.map_or(refund, |applied| applied.refund);
        Ok(Driven { refund, contact: Some(ChannelContact::Answered) })
    }

    /// The one way in which anything that happened reaches a refund (R25).
    async fn apply_refund(
        &self,
        refund: &Refund,
        happening: RefundHappening,
        evidence: Evidence,
        notification: Option<NotificationRecord>,
    ) -> Result<Option<RefundApplied>, AppError> {
        let request = RefundApplyRequest {
            merchant_id: refund.merchant_id.clone(),
            number: refund.sent_as.clone(),
            happening,
            evidence,
            notification,
            now: self.now(),
        };
        self.refund_applied(&refund.payment_no, &request).await
    }

    pub(super) async fn refund_applied(
        &self,
        payment_no: &PaymentNo,
        request: &RefundApplyRequest,
    ) -> Result<Option<RefundApplied>, AppError> {
        let applied = self.turns.take(payment_no, self.store.refund_apply(request).boxed()).await??;
        if let Some(RefundApplied { refund, effect: Effect::Changed }) = &applied {
            tracing::info!(
                refund.no = %refund.refund_no, refund.state = refund.state.as_str(),
                refund.attention = refund.attention.map(|reason| reason.as_str()), "refund changed"
            );
        }
        Ok(applied)
    }
}

/// The request as it was first sent: every value comes from the record.
fn refund_request(refund: &Refund, notify_url: Url) -> RefundRequest {
    RefundRequest {
        refund_no: refund.sent_as.clone(),
        payment_no: refund.payment_no.clone(),
        channel_transaction_no: Some(refund.channel_transaction_no.clone()),
        amount: refund.amount,
        paid_amount: refund.paid_amount,
        reason: Some(refund.description.clone()).filter(|text| !text.is_empty()),
        notify_url,
    }
}
