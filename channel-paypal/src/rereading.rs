//! Reads of orders, captures and refunds by API: what queries answer, and what webhooks are believed by (R7).

use payment_core::{
    evidence::ChannelEvidence,
    gateway::{
        Contest, ContestFinding, EventContent, Finding, GatewayError, PaymentAnswer, RefundAnswer,
        RefundFinding, RefundStatus,
    },
    identifiers::{ChannelTransactionNo, PaymentNo, RefundNo},
    money::Money,
};

use crate::{
    callback::{Claim, Subject, Taken},
    codes::Meaning,
    handle::ResourceId,
    order::{Authorization, Capture, Order},
    refund::Refund,
    request::{self, Call},
    response::{self, Unreadable},
    transport::{Answer, Transport, Words},
};
use payment_core::gateway::Reason;

/// A payment as PayPal's API tells it.
pub(crate) struct Told {
    /// Our number of it; foreign payments may have none.
    pub(crate) payment_no: Option<String>,
    /// What was found.
    pub(crate) answer: PaymentAnswer,
}

/// A read that PayPal answered.
pub(crate) enum Read<T> {
    /// It is there.
    There(T),
    /// PayPal does not know it: expired, foreign, or so fresh that it is not to be read yet.
    NotFound(ChannelEvidence),
}

impl<T> Read<T> {
    /// What is there, where its absence leaves everything open.
    pub(crate) fn there(self) -> Result<T, GatewayError> {
        match self {
            Self::There(value) => Ok(value),
            Self::NotFound(_) => {
                Err(GatewayError::Unknown("PayPal does not know the resource now".to_owned()))
            }
        }
    }
}

impl Transport {
    pub(crate) async fn read_words(&self, call: &Call) -> Result<Read<Words>, GatewayError> {
        match self.call(call).await? {
            Answer::Done(words) => Ok(Read::There(words)),
            Answer::Error(error) if error.meaning == Meaning::Refused(Reason::NotFound) => {
                Ok(Read::NotFound(error.into_evidence()))
            }
            Answer::Error(error) => Err(error.into_error()),
        }
    }

    /// An order with the words that told it.
    pub(crate) async fn read_order(&self, id: &ResourceId) -> Result<Read<(Order, Words)>, GatewayError> {
        match self.read_words(&request::order(id)).await? {
            Read::There(words) => {
                let order: Order = response::json(&words.body)?;
                require_same(&order.id, id)?;
                Ok(Read::There((order, words)))
            }
            Read::NotFound(evidence) => Ok(Read::NotFound(evidence)),
        }
    }

    /// A capture with the words that told it.
    pub(crate) async fn read_capture(&self, id: &ResourceId) -> Result<Read<(Capture, Words)>, GatewayError> {
        match self.read_words(&request::read_capture(id)).await? {
            Read::There(words) => {
                let capture: Capture = response::json(&words.body)?;
                require_same(&capture.id, id)?;
                Ok(Read::There((capture, words)))
            }
            Read::NotFound(evidence) => Ok(Read::NotFound(evidence)),
        }
    }

    /// The payment of an order.
    pub(crate) async fn told_by_order(&self, id: &ResourceId) -> Result<Read<Told>, GatewayError> {
        match self.read_order(id).await? {
            Read::There((order, words)) => Ok(Read::There(told(&order, words)?)),
            Read::NotFound(evidence) => Ok(Read::NotFound(evidence)),
        }
    }

    /// The payment of a capture. A paid one with all its figures speaks for itself; for all others the order decides,
    /// because a declined capture need not be the last word.
    pub(crate) async fn told_by_capture(&self, id: &ResourceId) -> Result<Read<Told>, GatewayError> {
        let (capture, words) = match self.read_capture(id).await? {
            Read::There(there) => there,
            Read::NotFound(evidence) => return Ok(Read::NotFound(evidence)),
        };
        let own = capture.finding();
        let whole = capture.is_paid() && own.is_ok() && capture.custom_id.is_some();
        if let Some(order_id) = capture.order_id().filter(|_| !whole) {
            match self.told_by_order(&order_id).await? {
                Read::There(told) => return Ok(Read::There(told)),
                Read::NotFound(_) => {}
            }
        }
        let answer = PaymentAnswer { finding: own?, evidence: words.into_evidence() };
        Ok(Read::There(Told { payment_no: capture.custom_id, answer }))
    }

    /// What a webhook that PayPal sent is about, as the API tells it.
    pub(crate) async fn content_of(&self, claim: Claim) -> Result<EventContent, GatewayError> {
        let told = match claim.subject {
            Subject::None => return Ok(EventContent::Irrelevant { event_type: claim.event_type }),
            Subject::Refund(id) => return self.refund_content(&id, claim.event_type).await,
            Subject::Reversal(taken) => return self.reversal_content(&taken, claim.event_type).await,
            Subject::Dispute(taken) => {
                let (capture, _) = self.read_capture(&taken.capture_id).await?.there()?;
                return contest(Contest::Disputed, &taken, capture, None, claim.event_type);
            }
            Subject::Order(id) => self.told_by_order(&id).await?.there()?,
            Subject::Capture(id) => self.told_by_capture(&id).await?.there()?,
            Subject::Authorization(id) => self.told_by_authorization(&id).await?,
        };
        Ok(match told.payment_no {
            Some(payment_no) => EventContent::Payment { payment_no, finding: told.answer.finding },
            // An order without our mark, made by another system of the same app.
            None => EventContent::Irrelevant { event_type: claim.event_type },
        })
    }

    async fn told_by_authorization(&self, id: &ResourceId) -> Result<Told, GatewayError> {
        let words = self.read_words(&request::read_authorization(id)).await?.there()?;
        let authorization: Authorization = response::json(&words.body)?;
        require_same(&authorization.id, id)?;
        let order_id =
            authorization.order_id().ok_or_else(|| response::unreadable("authorization.order_id"))?;
        self.told_by_order(&order_id).await?.there()
    }

    /// A refund and the payment that its capture belongs to. One under a number that is none of ours was begun elsewhere, in
    /// PayPal's console perhaps, where the payment's own number is repeated in it: it goes by PayPal's number (R18).
    async fn refund_content(
        &self,
        id: &ResourceId,
        event_type: String,
    ) -> Result<EventContent, GatewayError> {
        let words = self.read_words(&request::read_refund(id)).await?.there()?;
        let refund: Refund = response::json(&words.body)?;
        require_same(refund.id(), id)?;
        let capture_id = refund.capture_id().ok_or_else(|| response::unreadable("refund.links[up]"))?;
        let (capture, _) = self.read_capture(&capture_id).await?.there()?;
        let payment_no = capture.custom_id.as_deref().and_then(|text| PaymentNo::parse(text).ok());
        let Some(payment_no) = payment_no else { return Ok(EventContent::Irrelevant { event_type }) };
        let refund_no = match own_no(&refund, &capture) {
            Some(refund_no) => refund_no,
            None => refund.foreign_no()?,
        };
        Ok(EventContent::Refund(refund.finding(refund_no, payment_no)?))
    }

    /// Money that was taken back. Whether PayPal lets it be read as a refund, its documents do not say: where it does, that
    /// proves how much it was; and one that turns out to be a refund of ours is told as such.
    async fn reversal_content(
        &self,
        taken: &Taken,
        event_type: String,
    ) -> Result<EventContent, GatewayError> {
        let id =
            ResourceId::parse(taken.reference.as_str()).ok_or_else(|| response::unreadable("resource.id"))?;
        let words = match self.read_words(&request::read_refund(&id)).await? {
            Read::There(words) => words,
            Read::NotFound(_) => {
                let (capture, _) = self.read_capture(&taken.capture_id).await?.there()?;
                return contest(Contest::Reversed, taken, capture, None, event_type);
            }
        };
        let refund: Refund = response::json(&words.body)?;
        require_same(refund.id(), &id)?;
        let capture_id = refund.capture_id().unwrap_or_else(|| taken.capture_id.clone());
        let (capture, _) = self.read_capture(&capture_id).await?.there()?;
        if own_no(&refund, &capture).is_some() {
            return self.refund_content(&id, event_type).await;
        }
        contest(Contest::Reversed, taken, capture, refund.amount()?, event_type)
    }
}

/// What was done to a capture that PayPal's API shows to be one of ours. It moves nothing: somebody has to look.
fn contest(
    kind: Contest,
    taken: &Taken,
    capture: Capture,
    amount: Option<Money>,
    event_type: String,
) -> Result<EventContent, GatewayError> {
    let Some(payment_no) = capture.custom_id else { return Ok(EventContent::Irrelevant { event_type }) };
    let transaction_no =
        ChannelTransactionNo::parse(capture.id.as_str()).map_err(|_| response::unreadable("capture.id"))?;
    let reference = taken.reference.clone();
    Ok(EventContent::Contest(ContestFinding { kind, payment_no, transaction_no, reference, amount }))
}

/// Our number of a refund, if it is one of ours. The console repeats the payment's number.
fn own_no(refund: &Refund, capture: &Capture) -> Option<RefundNo> {
    let named = refund.custom_id().filter(|text| Some(*text) != capture.custom_id.as_deref())?;
    RefundNo::parse(named).ok()
}

/// An order as the payment that it stands for.
pub(crate) fn told(order: &Order, words: Words) -> Result<Told, Unreadable> {
    let finding = order.finding()?;
    let payment_no = order.payment_no()?.map(str::to_owned);
    Ok(Told { payment_no, answer: PaymentAnswer { finding, evidence: words.into_evidence() } })
}

impl Told {
    /// The answer, if it is about the payment that was asked about.
    pub(crate) fn about(self, payment_no: &PaymentNo) -> Result<PaymentAnswer, Unreadable> {
        if self.payment_no.as_deref() == Some(payment_no.as_str()) {
            Ok(self.answer)
        } else {
            Err(Unreadable("custom_id is another than was asked about".to_owned()))
        }
    }
}

/// PayPal does not know the payment now, which ends nothing.
pub(crate) fn not_found(evidence: ChannelEvidence) -> PaymentAnswer {
    PaymentAnswer { finding: Finding::NotFound, evidence }
}

/// PayPal does not know the refund now: it is to be sent again with the same number.
pub(crate) fn refund_not_found(
    refund_no: RefundNo,
    payment_no: PaymentNo,
    evidence: ChannelEvidence,
) -> RefundAnswer {
    let finding = RefundFinding {
        refund_no,
        payment_no,
        channel_refund_no: None,
        amount: None,
        status: RefundStatus::NotFound,
        refunded_time: None,
    };
    RefundAnswer { finding, evidence }
}

pub(crate) fn require_same(told: &ResourceId, asked: &ResourceId) -> Result<(), Unreadable> {
    if told == asked { Ok(()) } else { Err(Unreadable("id is another than was asked about".to_owned())) }
}
