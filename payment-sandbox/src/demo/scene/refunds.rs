//! The steps about money that goes back.

use payment_proto::v1::{
    CreatePaymentRequest, CreateRefundRequest, EarlierAttemptPolicy, Money, OrderToPay, Refund, RefundOrigin,
    RefundReason,
    create_refund_request::{Extent, Payment as Paid},
};
use payment_sandbox::wechat::{Fault, FaultRule, LedgerRefund, Operation};
use payment_server::telemetry::Stopwatch;

use super::{Attempt, Scene};
use crate::demo::{
    promise::{Broken, Kept, expect},
    report::{Actor, yuan},
    shop,
    words::{refund_line, refund_word},
};

impl Scene<'_> {
    /// A new request to give back so many fen of a payment.
    pub(crate) fn refund_request(&mut self, attempt: &Attempt, fen: i64) -> CreateRefundRequest {
        self.requests += 1;
        CreateRefundRequest {
            refund_no: format!("{}-refund-{}", self.run, self.requests),
            payment: Some(Paid::PaymentNo(attempt.payment_no.clone())),
            extent: Some(Extent::Amount(Money { currency_code: "CNY".to_owned(), minor_units: fen })),
            reason: RefundReason::Return.into(),
            description: "Demo refund".to_owned(),
        }
    }

    /// The shop gives money back.
    pub(crate) async fn refund(&self, request: &CreateRefundRequest) -> Kept<Refund> {
        let watch = Stopwatch::start();
        let refund = self.shop.create_refund(request).await.map_err(shop::refused)?;
        let refund = shop::present(refund)?;
        self.told(watch, Actor::Shop, &action(request), &refund_line(&refund));
        Ok(refund)
    }

    /// The shop wants to give back what it may not; gives the reason.
    pub(crate) async fn refund_refused(&self, request: &CreateRefundRequest) -> Kept<String> {
        let watch = Stopwatch::start();
        match self.shop.create_refund(request).await {
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
    pub(crate) async fn given_back_by_itself(&self, attempt: &Attempt) -> Kept<Refund> {
        let mut refunds = Vec::new();
        for order_no in &attempt.orders {
            let order = self.shop.order(order_no).await?;
            let of_attempt = |refund: &Refund| refund.payment_no == attempt.payment_no;
            refunds.extend(order.refunds.into_iter().filter(of_attempt));
        }
        let [refund] = refunds.as_slice() else {
            return Err(Broken::new(format!("promised one refund of the duplicate, seen {}", refunds.len())));
        };
        expect("who wants the refund", &RefundOrigin::Duplicate, &refund.origin())?;
        self.refund_arrives(&refund.refund_no).await
    }

    /// The refunds of a payment in WeChat's own books: number and amount.
    pub(crate) async fn refunds_there(&self, attempt: &Attempt) -> Kept<Vec<LedgerRefund>> {
        let watch = Stopwatch::start();
        let order = self.channel.order(&attempt.payment_no).await?;
        let seen = format!("{} back in {} refund(s)", yuan(order.given_back), order.refunds.len());
        self.told(watch, Actor::Channel, "has the refunds in its own books", &seen);
        Ok(order.refunds)
    }

    /// The money of a payment arrives after it was closed.
    pub(crate) async fn pay_late(&self, attempt: &Attempt) -> Kept<()> {
        let watch = Stopwatch::start();
        self.channel.pay_late(&attempt.payment_no).await?;
        let seen = format!("WeChat took {}", yuan(attempt.amount));
        self.told(watch, Actor::Payer, "had paid before the close; the bank answers only now", &seen);
        Ok(())
    }

    /// The next requests of an operation about this payment meet this fault.
    pub(crate) async fn fail(&self, operation: Operation, attempt: &Attempt, fault: Fault) -> Kept<()> {
        let payment_no = attempt.payment_no.clone();
        let rule =
            FaultRule { operation: Some(operation), out_trade_no: Some(payment_no), times: Some(1), fault };
        self.channel.add_fault(&rule).await
    }

    /// A request to pay orders that another payment may still pay, whatever its channel says or does not say.
    pub(crate) fn request_regardless(&mut self, orders: &[OrderToPay]) -> CreatePaymentRequest {
        let mut request = self.request(orders);
        request.set_earlier_attempt_policy(EarlierAttemptPolicy::Proceed);
        request
    }
}

/// A refund's state as a word.
pub(crate) fn state(refund: &Refund) -> &'static str {
    refund_word(refund.state())
}

pub(super) fn action(request: &CreateRefundRequest) -> String {
    match &request.extent {
        Some(Extent::Amount(amount)) => format!("CreateRefund {}", yuan(amount.minor_units)),
        Some(Extent::Everything(_) | Extent::Split(_)) | None => "CreateRefund".to_owned(),
    }
}
