//! The shop: a caller of the service over real gRPC, as any internal service is one.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use payment_proto::v1::{
    CapturePaymentRequest, ClientResult, ClosePaymentRequest, ConfirmPaymentRequest, CreatePaymentRequest,
    CreatePaymentResponse, CreateRefundRequest, GetOrderRequest, GetPaymentRequest, GetRefundRequest, Order,
    Payment, Refund, SyncPaymentRequest, WatchPaymentRequest, WatchPaymentResponse,
    order_service_client::OrderServiceClient, payment_service_client::PaymentServiceClient,
    refund_service_client::RefundServiceClient,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{RwLock, RwLockWriteGuard};
use tonic::{
    Code, Request, Status, Streaming,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

use super::promise::{Broken, Kept};
use crate::commands::Failure;

/// Longer than the server's own deadline for a call.
const DEADLINE: Duration = Duration::from_secs(40);

/// How many calls the connection may need to notice that the former server is gone.
const RECONNECTS: u32 = 10;

/// Puts the API key into each call.
#[derive(Clone)]
struct ApiKey(MetadataValue<Ascii>);

impl Interceptor for ApiKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A connected caller. Clones share the connection.
#[derive(Clone)]
pub(super) struct Shop {
    payments: PaymentServiceClient<InterceptedService<Channel, ApiKey>>,
    orders: OrderServiceClient<InterceptedService<Channel, ApiKey>>,
    refunds: RefundServiceClient<InterceptedService<Channel, ApiKey>>,
    /// Held for reading by each call, and for writing by whoever takes the server away for a while.
    server: Arc<RwLock<()>>,
}

impl Shop {
    /// Connects to the server.
    pub(super) async fn connect(server: SocketAddr, api_key: &SecretString) -> Result<Self, Failure> {
        let endpoint = Endpoint::from_shared(format!("http://{server}")).map_err(Failure::new)?;
        let channel = endpoint.timeout(DEADLINE).connect().await.map_err(Failure::at(server))?;
        let bearer = format!("Bearer {}", api_key.expose_secret()).parse().map_err(Failure::new)?;
        let key = ApiKey(bearer);
        Ok(Self {
            payments: PaymentServiceClient::with_interceptor(channel.clone(), key.clone()),
            orders: OrderServiceClient::with_interceptor(channel.clone(), key.clone()),
            refunds: RefundServiceClient::with_interceptor(channel, key),
            server: Arc::default(),
        })
    }

    /// `CreatePayment`, with the service's refusal as it comes.
    pub(super) async fn create(
        &self,
        request: &CreatePaymentRequest,
    ) -> Result<CreatePaymentResponse, Status> {
        let _up = self.server.read().await;
        Ok(self.payments.clone().create_payment(request.clone()).await?.into_inner())
    }

    /// `GetPayment`.
    pub(super) async fn payment(&self, payment_no: &str) -> Kept<Payment> {
        let _up = self.server.read().await;
        let request = GetPaymentRequest { payment_no: payment_no.to_owned() };
        let answer = self.payments.clone().get_payment(request).await.map_err(refused)?;
        present(answer.into_inner().payment)
    }

    /// `SyncPayment`.
    pub(super) async fn sync(&self, payment_no: &str) -> Kept<Payment> {
        let _up = self.server.read().await;
        let request = SyncPaymentRequest { payment_no: payment_no.to_owned() };
        let answer = self.payments.clone().sync_payment(request).await.map_err(refused)?;
        present(answer.into_inner().payment)
    }

    /// `ConfirmPayment` with what an app sends whose SDK says "paid".
    pub(super) async fn confirm_paid(&self, payment_no: &str, sdk_result: &[u8]) -> Kept<Payment> {
        let _up = self.server.read().await;
        let request = ConfirmPaymentRequest {
            payment_no: payment_no.to_owned(),
            result: ClientResult::Paid.into(),
            sdk_result: sdk_result.to_vec(),
        };
        let answer = self.payments.clone().confirm_payment(request).await.map_err(refused)?;
        present(answer.into_inner().payment)
    }

    /// `CapturePayment`.
    pub(super) async fn capture(&self, payment_no: &str) -> Kept<Payment> {
        let _up = self.server.read().await;
        let request = CapturePaymentRequest { payment_no: payment_no.to_owned() };
        let answer = self.payments.clone().capture_payment(request).await.map_err(refused)?;
        present(answer.into_inner().payment)
    }

    /// `ClosePayment`.
    pub(super) async fn close(&self, payment_no: &str) -> Kept<Payment> {
        let _up = self.server.read().await;
        let request = ClosePaymentRequest { payment_no: payment_no.to_owned() };
        let answer = self.payments.clone().close_payment(request).await.map_err(refused)?;
        present(answer.into_inner().payment)
    }

    /// `WatchPayment`.
    pub(super) async fn watch(&self, payment_no: &str) -> Kept<Streaming<WatchPaymentResponse>> {
        let _up = self.server.read().await;
        let request = WatchPaymentRequest { payment_no: payment_no.to_owned() };
        Ok(self.payments.clone().watch_payment(request).await.map_err(refused)?.into_inner())
    }

    /// `GetOrder`.
    pub(super) async fn order(&self, order_no: &str) -> Kept<Order> {
        let _up = self.server.read().await;
        let request = GetOrderRequest { order_no: order_no.to_owned() };
        let answer = self.orders.clone().get_order(request).await.map_err(refused)?;
        present(answer.into_inner().order)
    }

    /// `CreateRefund`, with the service's refusal as it comes.
    pub(super) async fn create_refund(
        &self,
        request: &CreateRefundRequest,
    ) -> Result<Option<Refund>, Status> {
        let _up = self.server.read().await;
        Ok(self.refunds.clone().create_refund(request.clone()).await?.into_inner().refund)
    }

    /// `GetRefund`.
    pub(super) async fn refund(&self, refund_no: &str) -> Kept<Refund> {
        let _up = self.server.read().await;
        let request = GetRefundRequest { refund_no: refund_no.to_owned() };
        let answer = self.refunds.clone().get_refund(request).await.map_err(refused)?;
        present(answer.into_inner().refund)
    }

    /// `CreateRefund`, while which the server may be taken away.
    pub(super) async fn create_refund_unsteadily(
        &self,
        request: &CreateRefundRequest,
    ) -> Result<Option<Refund>, Status> {
        Ok(self.refunds.clone().create_refund(request.clone()).await?.into_inner().refund)
    }

    /// Keeps every other call waiting until the server is back.
    pub(super) async fn without_server(&self) -> RwLockWriteGuard<'_, ()> {
        self.server.write().await
    }

    /// Calls until the connection to a server that was away is there again, and it says that it knows no such order.
    pub(super) async fn reconnected(&self, _away: RwLockWriteGuard<'_, ()>) -> Kept<()> {
        let request = GetOrderRequest { order_no: "none".to_owned() };
        let mut failure = None;
        for _ in 0..RECONNECTS {
            match self.orders.clone().get_order(request.clone()).await {
                Ok(_) => return Ok(()),
                Err(status) if status.code() == Code::NotFound => return Ok(()),
                Err(status) => failure = Some(status),
            }
        }
        Err(failure.map_or_else(|| Broken::new("nobody tried to connect again"), refused))
    }
}

/// Takes out of an answer what the contract says is always there.
pub(super) fn present<T>(field: Option<T>) -> Kept<T> {
    field.ok_or_else(|| Broken::new("an answer without the message that it is made for"))
}

/// A refusal where none was promised.
pub(super) fn refused(status: Status) -> Broken {
    Broken::new(format!("the service refused: {} {}: {}", status.code(), reason(&status), status.message()))
}

/// The machine-readable reason of a refusal.
pub(super) fn reason(status: &Status) -> String {
    status.get_details_error_info().map_or_else(|| "without a reason".to_owned(), |info| info.reason)
}
