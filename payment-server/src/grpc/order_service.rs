//! `OrderService`: decode, use case, encode.

use std::sync::Arc;

use payment_proto::v1::{self, order_service_server::OrderService};
use tonic::{Request, Response, Status};

use super::{call::Call, convert};
use crate::app::App;

/// The orders of the caller's merchant.
pub(super) struct Orders {
    app: Arc<App>,
}

impl Orders {
    /// Orders as `app` knows them.
    pub(super) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl OrderService for Orders {
    async fn get_order(
        &self,
        request: Request<v1::GetOrderRequest>,
    ) -> Result<Response<v1::GetOrderResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let order_no = convert::order_no(request.order_no)?;
            let order = self.app.get_order(&call.caller, &order_no).await?;
            Ok(v1::GetOrderResponse { order: Some(convert::order(order)) })
        };
        call.answer(use_case).await
    }
}
