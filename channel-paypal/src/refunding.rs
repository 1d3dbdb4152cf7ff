//! Giving money back, once for each refund number, for ever.
//!
//! PayPal remembers a refund's request id for 45 days; the same refund sent later would pay again. So a refund whose
//! request id may have been forgotten is looked for first. How old the first sending may be is bounded by the age of
//! the capture: a refund cannot be older than the payment that it is of.

use payment_core::{
    evidence::ChannelEvidence,
    gateway::{GatewayError, RefundAnswer, RefundQueryRequest, RefundRequest},
    identifiers::PaymentNo,
};
use time::Duration;

use crate::{
    codes::Meaning,
    handle::ResourceId,
    order::Capture,
    refund::{Refund, of_foreign_no},
    request,
    rereading::{Read, refund_not_found, require_same},
    response::{self, Unreadable},
    transport::{Answer, Transport},
};

/// A day less than PayPal remembers request ids for, because clocks differ and retries take time.
const REMEMBERED_FOR: Duration = Duration::days(44);

/// What a search for a refund brought.
enum Search {
    /// It was made.
    Made(RefundAnswer),
    /// The order is there and holds no such refund.
    NotMade,
}

impl Transport {
    /// Refunds.
    pub(crate) async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        let capture_id =
            request.channel_transaction_no.as_ref().and_then(|number| ResourceId::parse(number.as_str()));
        let capture_id = capture_id.ok_or_else(|| {
            GatewayError::NotSent(
                "PayPal refunds by the number of its capture, which is not known".to_owned(),
            )
        })?;
        let capture = match self.read_capture(&capture_id).await? {
            Read::There((capture, _)) => capture,
            Read::NotFound(_) => {
                return Err(GatewayError::Unknown("PayPal does not know the capture now".to_owned()));
            }
        };
        require_payment(&capture, &request.payment_no)?;
        let oldest = capture.create_time.map(|created| self.now() - created);
        if oldest.is_none_or(|age| age >= REMEMBERED_FOR) {
            match self.search(&capture, request).await? {
                Search::Made(answer) => return Ok(answer),
                Search::NotMade => {}
            }
        }
        self.send_refund(&capture, request).await
    }

    async fn send_refund(
        &self,
        capture: &Capture,
        request: &RefundRequest,
    ) -> Result<RefundAnswer, GatewayError> {
        match self.call(&request::refund(&capture.id, request)?).await? {
            Answer::Done(words) => {
                let refund: Refund = response::json(&words.body)?;
                let finding = refund.finding(request.refund_no.clone(), request.payment_no.clone())?;
                Ok(RefundAnswer { finding, evidence: words.into_evidence() })
            }
            // The invoice id is made of this refund's number, so it is this refund that was made before.
            Answer::Error(error) if error.meaning == Meaning::InvoiceIdUsed => {
                match self.search(capture, request).await? {
                    Search::Made(answer) => Ok(answer),
                    Search::NotMade => Err(GatewayError::Unknown(
                        "PayPal has a refund with this invoice id, and the order does not show it".to_owned(),
                    )),
                }
            }
            Answer::Error(error) => Err(error.into_error()),
        }
    }

    /// Looks for the refund among those of the capture's order. Whatever keeps it from being looked for leaves open
    /// whether it was made, so nothing is sent then.
    async fn search(&self, capture: &Capture, request: &RefundRequest) -> Result<Search, GatewayError> {
        let unknown = || {
            GatewayError::Unknown(
                "whether this refund was made before cannot be read from PayPal any more; it was not sent again"
                    .to_owned(),
            )
        };
        let order_id = capture.order_id().ok_or_else(unknown)?;
        let Read::There((order, words)) = self.read_order(&order_id).await? else { return Err(unknown()) };
        match order.refund(|refund| refund.custom_id() == Some(request.refund_no.as_str()))? {
            Some(refund) => {
                let finding = refund.finding(request.refund_no.clone(), request.payment_no.clone())?;
                Ok(Search::Made(RefundAnswer { finding, evidence: words.into_evidence() }))
            }
            None => Ok(Search::NotMade),
        }
    }

    /// Asks where a refund is. PayPal knows refunds by its own number only; without it the answer is "send it again",
    /// which [`Transport::refund`] makes harmless.
    pub(crate) async fn query_refund(
        &self,
        request: &RefundQueryRequest,
    ) -> Result<RefundAnswer, GatewayError> {
        let (refund_no, payment_no) = (request.refund_no.clone(), request.payment_no.clone());
        let number = request.channel_refund_no.as_ref().and_then(|number| ResourceId::parse(number.as_str()));
        let number = number.or_else(|| of_foreign_no(&refund_no));
        let Some(id) = number else {
            let nothing_asked = ChannelEvidence { bytes: Vec::new(), verified_by: None };
            return Ok(refund_not_found(refund_no, payment_no, nothing_asked));
        };
        match self.read_words(&request::read_refund(&id)).await? {
            Read::There(words) => {
                let refund: Refund = response::json(&words.body)?;
                require_same(refund.id(), &id)?;
                let finding = refund.finding(refund_no, payment_no)?;
                Ok(RefundAnswer { finding, evidence: words.into_evidence() })
            }
            Read::NotFound(evidence) => Ok(refund_not_found(refund_no, payment_no, evidence)),
        }
    }
}

/// Money is given back from the capture of this payment only.
fn require_payment(capture: &Capture, payment_no: &PaymentNo) -> Result<(), Unreadable> {
    if capture.custom_id.as_deref() == Some(payment_no.as_str()) {
        Ok(())
    } else {
        Err(Unreadable("the capture's custom_id is not this payment's number".to_owned()))
    }
}
