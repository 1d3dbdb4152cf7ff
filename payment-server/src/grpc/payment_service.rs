//! `PaymentService`: decode, use case, encode.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _, stream, stream::BoxStream};
use payment_core::payment::Payment;
use payment_proto::v1::{self, payment_service_server::PaymentService};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{
    call::Call,
    call_log::CallNotes,
    convert,
    status::{self, EdgeRefusal},
};
use crate::app::{App, error::AppError};

/// How long one watch may last, so that callers come back to whichever server has room.
const LONGEST_WATCH: Duration = Duration::from_secs(60 * 60);

/// The payments of the caller's merchant.
pub(super) struct Payments {
    app: Arc<App>,
    draining: CancellationToken,
}

impl Payments {
    /// Streams end once `draining` is cancelled.
    pub(super) const fn new(app: Arc<App>, draining: CancellationToken) -> Self {
        Self { app, draining }
    }
}

#[tonic::async_trait]
impl PaymentService for Payments {
    type WatchPaymentStream = BoxStream<'static, Result<v1::WatchPaymentResponse, Status>>;

    async fn create_payment(
        &self,
        request: Request<v1::CreatePaymentRequest>,
    ) -> Result<Response<v1::CreatePaymentResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let command = convert::create_payment(request)?;
            let created = self.app.create_payment(&call.caller, command).await?;
            call.notes.payment_no(&created.payment.payment_no);
            Ok(v1::CreatePaymentResponse {
                payment: Some(convert::payment(created.payment)),
                payment_data: created.payment_data.map(convert::payment_data),
            })
        };
        call.answer(use_case).await
    }

    async fn get_payment(
        &self,
        request: Request<v1::GetPaymentRequest>,
    ) -> Result<Response<v1::GetPaymentResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let payment_no = convert::payment_no(request.payment_no)?;
            call.notes.payment_no(&payment_no);
            let payment = self.app.get_payment(&call.caller, &payment_no).await?;
            Ok(v1::GetPaymentResponse { payment: Some(convert::payment(payment)) })
        };
        call.answer(use_case).await
    }

    async fn list_payments(
        &self,
        request: Request<v1::ListPaymentsRequest>,
    ) -> Result<Response<v1::ListPaymentsResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let command = convert::list_payments(&call.caller, request)?;
            let page = self.app.list_payments(&call.caller, command.clone()).await?;
            let next_page_token = convert::next_page_token(&call.caller.merchant_id, &command, &page);
            let payments = page.payments.into_iter().map(convert::payment).collect();
            Ok(v1::ListPaymentsResponse { payments, next_page_token })
        };
        call.answer(use_case).await
    }

    async fn confirm_payment(
        &self,
        request: Request<v1::ConfirmPaymentRequest>,
    ) -> Result<Response<v1::ConfirmPaymentResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let command = convert::confirm_payment(request)?;
            call.notes.payment_no(&command.payment_no);
            let synced = self.app.confirm_payment(&call.caller, command).await?;
            Ok(v1::ConfirmPaymentResponse { payment: Some(convert::payment(synced.payment)) })
        };
        call.answer(use_case).await
    }

    async fn sync_payment(
        &self,
        request: Request<v1::SyncPaymentRequest>,
    ) -> Result<Response<v1::SyncPaymentResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let payment_no = convert::payment_no(request.payment_no)?;
            call.notes.payment_no(&payment_no);
            let synced = self.app.sync_payment(&call.caller, &payment_no).await?;
            Ok(v1::SyncPaymentResponse {
                payment: Some(convert::payment(synced.payment)),
                channel_contact: convert::channel_contact(synced.contact).into(),
            })
        };
        call.answer(use_case).await
    }

    async fn close_payment(
        &self,
        request: Request<v1::ClosePaymentRequest>,
    ) -> Result<Response<v1::ClosePaymentResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let payment_no = convert::payment_no(request.payment_no)?;
            call.notes.payment_no(&payment_no);
            let synced = self.app.close_payment(&call.caller, &payment_no).await?;
            Ok(v1::ClosePaymentResponse { payment: Some(convert::payment(synced.payment)) })
        };
        call.answer(use_case).await
    }

    async fn watch_payment(
        &self,
        request: Request<v1::WatchPaymentRequest>,
    ) -> Result<Response<Self::WatchPaymentStream>, Status> {
        let (call, request) = Call::of(request)?;
        let deadline = Instant::now() + call.granted.unwrap_or(LONGEST_WATCH).min(LONGEST_WATCH);
        let use_case = async {
            let payment_no = convert::payment_no(request.payment_no)?;
            call.notes.payment_no(&payment_no);
            self.app.watch_payment(&call.caller, &payment_no).await
        };
        let payments = call.answer(use_case).await?.into_inner();
        let limits = WatchLimits { deadline, draining: self.draining.clone(), notes: call.notes };
        Ok(Response::new(watched(payments, limits).boxed()))
    }
}

/// What ends a watch before its payment is decided.
struct WatchLimits {
    deadline: Instant,
    draining: CancellationToken,
    notes: CallNotes,
}

/// The answers of a watch; the first refusal is the last of them.
fn watched(
    payments: impl Stream<Item = Result<Payment, AppError>> + Send + 'static,
    limits: WatchLimits,
) -> impl Stream<Item = Result<v1::WatchPaymentResponse, Status>> + Send + 'static {
    stream::unfold(Some((Box::pin(payments), limits)), async |watch| {
        let (mut payments, limits) = watch?;
        match limits.next(&mut payments).await? {
            Ok(payment) => {
                let answer = v1::WatchPaymentResponse { payment: Some(convert::payment(payment)) };
                Some((Ok(answer), Some((payments, limits))))
            }
            Err(refused) => Some((Err(refused), None)),
        }
    })
}

impl WatchLimits {
    /// The next payment, or what ends the watch; `None` at its own end.
    async fn next(
        &self,
        payments: &mut (impl Stream<Item = Result<Payment, AppError>> + Unpin),
    ) -> Option<Result<Payment, Status>> {
        match timeout_at(self.deadline, self.draining.run_until_cancelled(payments.next())).await {
            Ok(Some(next)) => next.map(|payment| payment.map_err(|error| self.notes.refuse(&error))),
            Ok(None) => Some(Err(status::of_edge(EdgeRefusal::Stopping))),
            Err(_) => Some(Err(status::of_edge(EdgeRefusal::DeadlineExceeded))),
        }
    }
}
