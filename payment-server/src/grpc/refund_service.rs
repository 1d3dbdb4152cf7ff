//! `RefundService`: decode, use case, encode.

use std::sync::Arc;

use payment_proto::v1::{self, refund_service_server::RefundService};
use tonic::{Request, Response, Status};

use super::{call::Call, convert};
use crate::app::App;

/// The refunds of the caller's merchant.
pub(super) struct Refunds {
    app: Arc<App>,
}

impl Refunds {
    /// Refunds as `app` knows them.
    pub(super) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl RefundService for Refunds {
    async fn create_refund(
        &self,
        request: Request<v1::CreateRefundRequest>,
    ) -> Result<Response<v1::CreateRefundResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let command = convert::create_refund(request)?;
            let refund = self.app.create_refund(&call.caller, command).await?;
            call.notes.payment_no(&refund.payment_no);
            Ok(v1::CreateRefundResponse { refund: Some(convert::refund(refund)) })
        };
        call.answer(use_case).await
    }

    async fn get_refund(
        &self,
        request: Request<v1::GetRefundRequest>,
    ) -> Result<Response<v1::GetRefundResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let refund_no = convert::refund_no(request.refund_no)?;
            let refund = self.app.get_refund(&call.caller, &refund_no).await?;
            call.notes.payment_no(&refund.payment_no);
            Ok(v1::GetRefundResponse { refund: Some(convert::refund(refund)) })
        };
        call.answer(use_case).await
    }

    async fn list_refunds(
        &self,
        request: Request<v1::ListRefundsRequest>,
    ) -> Result<Response<v1::ListRefundsResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let command = convert::list_refunds(&call.caller, request)?;
            let page = self.app.list_refunds(&call.caller, command.clone()).await?;
            let next_page_token = convert::next_refund_page_token(&call.caller.merchant_id, &command, &page);
            let refunds = page.refunds.into_iter().map(convert::refund).collect();
            Ok(v1::ListRefundsResponse { refunds, next_page_token })
        };
        call.answer(use_case).await
    }
}
