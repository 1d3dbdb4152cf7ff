//! `PaymentService`: decode, use case, encode.

use std::sync::Arc;

use futures::{StreamExt as _, stream::BoxStream};
use payment_proto::v1::{self, payment_service_server::PaymentService};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert,
    stream_limits::{LONGEST_STREAM, StreamLimits, limited},
};
use crate::app::{App, command::CreatePayment};

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
            let command = CreatePayment { trace_parent: call.trace_parent.clone(), ..command };
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

    async fn capture_payment(
        &self,
        request: Request<v1::CapturePaymentRequest>,
    ) -> Result<Response<v1::CapturePaymentResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let payment_no = convert::payment_no(request.payment_no)?;
            call.notes.payment_no(&payment_no);
            let synced = self.app.capture_payment(&call.caller, &payment_no).await?;
            Ok(v1::CapturePaymentResponse {
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
        let deadline = Instant::now() + call.granted.unwrap_or(LONGEST_STREAM).min(LONGEST_STREAM);
        let use_case = async {
            let payment_no = convert::payment_no(request.payment_no)?;
            call.notes.payment_no(&payment_no);
            self.app.watch_payment(&call.caller, &payment_no).await
        };
        let payments = call.answer(use_case).await?.into_inner();
        let limits = StreamLimits { deadline, draining: self.draining.clone(), notes: call.notes };
        let answer = |payment| v1::WatchPaymentResponse { payment: Some(convert::payment(payment)) };
        Ok(Response::new(limited(payments, limits, answer).boxed()))
    }
}
