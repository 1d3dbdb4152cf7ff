//! `ConfirmPayment`: what the payer's app says is kept as a hint, and the channel is asked at once (R1).

use std::sync::Arc;

use payment_core::{
    evidence::{ChannelEvidence, Evidence, Source},
    gateway::ClientResultHint,
    payment::{Payment, apply::Happening},
    violation::Violation,
};

use super::{
    App,
    command::{Caller, ConfirmPayment, SyncedPayment},
    crash_point::{self, CrashPoint},
    error::AppError,
};
use crate::channels::Account;

impl App {
    /// Records the client's result and asks the channel.
    ///
    /// # Errors
    /// [`AppError::InvalidFields`] for an SDK result that the channel does not define, else as
    /// [`App::sync_payment`].
    pub async fn confirm_payment(
        self: &Arc<Self>,
        caller: &Caller,
        confirm: ConfirmPayment,
    ) -> Result<SyncedPayment, AppError> {
        let payment = self.payment(&caller.merchant_id, &confirm.payment_no).await?;
        let account = self.account_of(&payment)?;
        let hint = hint(&confirm, &account)?;
        let (app, caller) = (Arc::clone(self), caller.clone());
        self.detached(async move {
            let payment = app.record_client_result(payment, &caller, &confirm, hint).await?;
            crash_point::reach(CrashPoint::ClientResultRecorded);
            app.ask(&payment, &account).await
        })
        .await
    }

    async fn record_client_result(
        &self,
        payment: Payment,
        caller: &Caller,
        confirm: &ConfirmPayment,
        hint: ClientResultHint,
    ) -> Result<Payment, AppError> {
        match hint {
            // A payer who gave up may try again: nothing changes.
            ClientResultHint::Cancelled | ClientResultHint::Unclear => Ok(payment),
            ClientResultHint::Paid => {
                let evidence = Evidence {
                    source: Source::ClientResult,
                    caller: Some(caller.api_key_id.clone()),
                    channel: Some(ChannelEvidence { bytes: confirm.sdk_result.clone(), verified_by: None }),
                };
                let applied = self
                    .apply(
                        &payment.merchant_id,
                        &payment.payment_no,
                        Happening::ClientReported,
                        evidence,
                        None,
                    )
                    .await?;
                Ok(applied.map_or(payment, |applied| applied.payment))
            }
        }
    }
}

/// The SDK's own words say more than what the app makes of them.
fn hint(confirm: &ConfirmPayment, account: &Account) -> Result<ClientResultHint, AppError> {
    if !confirm.sdk_result.is_empty() {
        return account.gateway.read_client_result(&confirm.sdk_result).map_err(AppError::InvalidFields);
    }
    confirm.hint.ok_or_else(|| {
        let missing =
            Violation::new("result", "is required unless sdk_result is given: CLIENT_RESULT_PAID, ...");
        AppError::InvalidFields(vec![missing])
    })
}
