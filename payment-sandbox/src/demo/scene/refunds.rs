//! The steps about money that goes back.

use payment_proto::v1::{
    CreateRefundRequest, Money, Refund, RefundOrigin, RefundReason,
    create_refund_request::{Extent, Payment as Paid},
};
use payment_server::telemetry::Stopwatch;

use super::{Attempt, Scene};
use crate::demo::{
    promise::{Broken, Kept, expect},
    report::Actor,
    shop,
    words::{amount, refund_line, refund_word},
};

impl Scene<'_> {
    /// A new request to give back so many minor units of a payment.
    pub(crate) fn refund_request(&mut self, attempt: &Attempt<'_>, minor_units: i64) -> CreateRefundRequest {
        let currency_code = attempt.channel.currency().to_owned();
        CreateRefundRequest {
            refund_no: self.next_name(),
            payment: Some(Paid::PaymentNo(attempt.payment_no.clone())),
            extent: Some(Extent::Amount(Money { currency_code, minor_units })),
            reason: RefundReason::Return.into(),
            description: "Demo refund".to_owned(),
        }
    }

    /// The shop gives money back.
    pub(crate) async fn refund(&self, request: &CreateRefundRequest) -> Kept<Refund> {
        let watch = Stopwatch::start();
        let refund = self.cast.shop.create_refund(request).await.map_err(shop::refused)?;
        let refund = shop::present(refund)?;
        self.told(watch, Actor::Shop, &action(request), &refund_line(&refund));
        Ok(refund)
    }

    /// The shop wants to give back what it may not; gives the reason.
    pub(crate) async fn refund_refused(&self, request: &CreateRefundRequest) -> Kept<String> {
        let watch = Stopwatch::start();
        match self.cast.shop.create_refund(request).await {
            Ok(_) => {
                Err(Broken::new(format!("{}: promised a refusal, and it was accepted", action(request))))
            }
            Err(status) => {
                let reason = shop::reason(&status);
                self.told(watch, Actor::Shop, &action(request), &format!("refused: {reason}"));
                Ok(reason)
            }
        }
    }

    /// The refund that the service made by itself for the only duplicate of a payment, once it has arrived.
    pub(crate) async fn given_back_by_itself(&self, attempt: &Attempt<'_>) -> Kept<Refund> {
        let mut refunds = Vec::new();
        for order_no in &attempt.orders {
            let order = self.cast.shop.order(order_no).await?;
            let of_attempt = |refund: &Refund| refund.payment_no == attempt.payment_no;
            refunds.extend(order.refunds.into_iter().filter(of_attempt));
        }
        let [refund] = refunds.as_slice() else {
            return Err(Broken::new(format!("promised one refund of the duplicate, seen {}", refunds.len())));
        };
        expect("who wants the refund", &RefundOrigin::Duplicate, &refund.origin())?;
        self.refund_arrives(&refund.refund_no).await
    }
}

/// A refund's state as a word.
pub(crate) fn state(refund: &Refund) -> &'static str {
    refund_word(refund.state())
}

pub(super) fn action(request: &CreateRefundRequest) -> String {
    match &request.extent {
        Some(Extent::Amount(part)) => format!("CreateRefund {}", amount(Some(part))),
        Some(Extent::Everything(_) | Extent::Split(_)) | None => "CreateRefund".to_owned(),
    }
}
