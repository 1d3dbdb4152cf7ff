//! What gateways ask, so that hostile answers reach every reader of answers.

use payment_core::{
    gateway::{
        CaptureRequest, CloseRequest, CreateRequest, Gateway, GatewayError, HoldRequest, QueryRequest,
        RefundQueryRequest, RefundRequest, ReleaseRequest, TransactionReference,
    },
    identifiers::{ChannelTransactionNo, PaymentNo, Product, RefundNo},
    money::Money,
    payment::ChannelHandle,
};
use serde_json::Value;
use time::Duration;

use crate::world::{NOW, done};

/// The payment that is asked about.
pub(crate) const PAYMENT_NO: &str = "P202701050000000000000000000000";

/// A question, by the letter that stands for it in an input.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    Create,
    Query,
    QueryTransaction,
    Close,
    Refund,
    QueryRefund,
    Hold,
    Capture,
    Release,
}

impl Question {
    /// The question of a letter; letters that stand for none ask where the payment is.
    pub(crate) fn of(letter: u8) -> Self {
        match letter {
            b'c' => Self::Create,
            b't' => Self::QueryTransaction,
            b'x' => Self::Close,
            b'r' => Self::Refund,
            b'R' => Self::QueryRefund,
            b'h' => Self::Hold,
            b'p' => Self::Capture,
            b'l' => Self::Release,
            _ => Self::Query,
        }
    }
}

/// About which payment a channel is asked.
pub(crate) struct Subject {
    /// The way of paying.
    pub(crate) product: &'static str,
    /// Its options at the create.
    pub(crate) options: Value,
    /// What is paid.
    pub(crate) amount: Money,
    /// The channel's number of the transaction.
    pub(crate) transaction_no: &'static str,
    /// What the channel gave at the create, where later questions need it.
    pub(crate) handle: String,
}

impl Subject {
    fn handle(&self) -> ChannelHandle {
        ChannelHandle { value: self.handle.clone(), expire_time: NOW + Duration::HOUR }
    }

    fn product(&self) -> Product {
        Product::parse(self.product).expect("a product")
    }

    fn query(&self, reference: TransactionReference) -> QueryRequest {
        QueryRequest { reference, product: self.product(), handle: Some(self.handle()) }
    }

    fn transaction_no(&self) -> ChannelTransactionNo {
        ChannelTransactionNo::parse(self.transaction_no).expect("a number")
    }

    fn create(&self) -> CreateRequest {
        CreateRequest {
            payment_no: payment_no(),
            product: self.product(),
            amount: self.amount,
            description: "A plan".to_owned(),
            expire_time: NOW + Duration::HOUR,
            notify_url: "https://gw.example/v1/callbacks/channel/main".parse().expect("a URL"),
            options: self.options.clone(),
            payer_ip: None,
        }
    }

    fn refund(&self) -> RefundRequest {
        RefundRequest {
            refund_no: refund_no(),
            payment_no: payment_no(),
            channel_transaction_no: Some(self.transaction_no()),
            amount: Money::new(self.amount.currency(), 40),
            paid_amount: self.amount,
            reason: None,
            notify_url: "https://gw.example/v1/callbacks/channel/main".parse().expect("a URL"),
        }
    }

    fn query_refund(&self) -> RefundQueryRequest {
        RefundQueryRequest { refund_no: refund_no(), payment_no: payment_no(), channel_refund_no: None }
    }

    fn capture(&self) -> CaptureRequest {
        CaptureRequest {
            payment_no: payment_no(),
            product: self.product(),
            handle: self.handle(),
            amount: self.amount,
            intend_time: NOW,
        }
    }

    fn hold(&self) -> HoldRequest {
        HoldRequest { payment_no: payment_no(), product: self.product(), handle: self.handle() }
    }

    fn release(&self) -> ReleaseRequest {
        ReleaseRequest { payment_no: payment_no(), product: self.product(), handle: self.handle() }
    }

    fn close(&self) -> CloseRequest {
        CloseRequest { payment_no: payment_no(), product: self.product(), handle: Some(self.handle()) }
    }
}

fn payment_no() -> PaymentNo {
    PaymentNo::parse(PAYMENT_NO).expect("a number")
}

fn refund_no() -> RefundNo {
    RefundNo::parse("R-1").expect("a number")
}

/// Asks a gateway. What it makes of the answers is its own; that it makes something of them is what is tried.
pub(crate) fn ask(gateway: &dyn Gateway, subject: &Subject, question: Question) -> Result<(), GatewayError> {
    done(async {
        match question {
            Question::Create => {
                let created = gateway.create(&subject.create()).await?;
                gateway.payment_data(&subject.product(), &created.handle).map(drop)
            }
            Question::Query => {
                let number = TransactionReference::PaymentNo(payment_no());
                gateway.query(&subject.query(number)).await.map(drop)
            }
            Question::QueryTransaction => {
                let number = TransactionReference::ChannelTransactionNo(subject.transaction_no());
                gateway.query(&subject.query(number)).await.map(drop)
            }
            Question::Close => gateway.close(&subject.close()).await.map(drop),
            Question::Refund => gateway.refund(&subject.refund()).await.map(drop),
            Question::QueryRefund => gateway.query_refund(&subject.query_refund()).await.map(drop),
            Question::Hold => gateway.hold(&subject.hold()).await.map(drop),
            Question::Capture => gateway.capture(&subject.capture()).await.map(drop),
            Question::Release => gateway.release(&subject.release()).await.map(drop),
        }
    })
}
