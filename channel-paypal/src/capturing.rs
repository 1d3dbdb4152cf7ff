//! Taking the money of an approved order: capture, or authorize and capture; and letting held money go.
//!
//! The order itself is the guard against taking it twice: PayPal captures an order once, whatever request ids say.

use payment_core::{
    gateway::{
        CaptureRequest, Closed, Finding, GatewayError, HoldRequest, PaymentAnswer, Reason, ReleaseRequest,
    },
    identifiers::PaymentNo,
};

use crate::{
    codes::Meaning,
    handle::{Handle, Intent, ResourceId},
    order::Order,
    request::{self, Attempt},
    rereading::{Read, not_found, told},
    response,
    transport::{Answer, ErrorAnswer, Transport, Words},
};

/// How one try ended.
enum Tried {
    /// With an answer.
    Answered(PaymentAnswer),
    /// The source of money was declined, in PayPal's words.
    Declined(ErrorAnswer),
}

impl Transport {
    /// Takes the money: of an approved order, or what an order of the intent AUTHORIZE holds.
    pub(crate) async fn capture(&self, request: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        let handle = Handle::read(&request.handle)?;
        match handle.intent {
            Intent::Capture => self.approved(&handle, &request.payment_no).await,
            Intent::Authorize => self.capture_held(&handle.order_id, request).await,
        }
    }

    /// Holds the money of an approved order of the intent AUTHORIZE, and takes nothing.
    pub(crate) async fn hold(&self, request: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        let handle = Handle::read(&request.handle)?;
        match handle.intent {
            Intent::Authorize => self.approved(&handle, &request.payment_no).await,
            Intent::Capture => {
                Err(GatewayError::NotSent("the order was created to be captured, not to be held".to_owned()))
            }
        }
    }

    /// Carries out an approved order's intent. A declined source of money is tried again only if PayPal says that the
    /// payer has approved the order again meanwhile, and under the next request id: the old one may be answered with the
    /// old decline.
    async fn approved(&self, handle: &Handle, payment_no: &PaymentNo) -> Result<PaymentAnswer, GatewayError> {
        let mut last = None;
        for attempt in Attempt::ALL {
            match self.try_once(handle, payment_no, attempt).await? {
                Tried::Answered(answer) => return Ok(answer),
                Tried::Declined(error) => last = Some(error),
            }
            let order = self.answer_of_order(&handle.order_id, payment_no).await?;
            if !matches!(order.finding, Finding::Approved(_)) {
                return Ok(order);
            }
        }
        let evidence = last.map(ErrorAnswer::into_evidence);
        let evidence = evidence.ok_or_else(|| GatewayError::Unknown("no attempt was made".to_owned()))?;
        Ok(PaymentAnswer { finding: Finding::AwaitingPayer, evidence })
    }

    async fn try_once(
        &self,
        handle: &Handle,
        payment_no: &PaymentNo,
        attempt: Attempt,
    ) -> Result<Tried, GatewayError> {
        let order_id = &handle.order_id;
        let call = match handle.intent {
            Intent::Capture => request::capture(order_id, payment_no, attempt)?,
            Intent::Authorize => request::authorize(order_id, payment_no, attempt)?,
        };
        match self.call(&call).await? {
            Answer::Done(words) => self.carried_out(order_id, payment_no, words).await.map(Tried::Answered),
            Answer::Error(error) if error.meaning == Meaning::SourceDeclined => Ok(Tried::Declined(error)),
            Answer::Error(error) => {
                self.not_carried_out(order_id, payment_no, error).await.map(Tried::Answered)
            }
        }
    }

    /// PayPal's answer, or the order itself where the answer is a short one without the figures.
    async fn carried_out(
        &self,
        order_id: &ResourceId,
        payment_no: &PaymentNo,
        words: Words,
    ) -> Result<PaymentAnswer, GatewayError> {
        let answered: Option<PaymentAnswer> = response::json::<Order>(&words.body)
            .ok()
            .filter(|order| order.id == *order_id)
            .and_then(|order| told(&order, words).ok()?.about(payment_no).ok());
        match answered {
            Some(answer) => Ok(answer),
            None => self.answer_of_order(order_id, payment_no).await,
        }
    }

    /// F38: what was done earlier is read, and taken for what it is.
    async fn not_carried_out(
        &self,
        order_id: &ResourceId,
        payment_no: &PaymentNo,
        error: ErrorAnswer,
    ) -> Result<PaymentAnswer, GatewayError> {
        match error.meaning {
            Meaning::AlreadyDone => self.answer_of_order(order_id, payment_no).await,
            Meaning::PayerMustAct => {
                Ok(PaymentAnswer { finding: Finding::AwaitingPayer, evidence: error.into_evidence() })
            }
            Meaning::Refused(Reason::NotFound) => Ok(not_found(error.into_evidence())),
            Meaning::Refused(_)
            | Meaning::InvoiceIdUsed
            | Meaning::NotActed
            | Meaning::SourceDeclined
            | Meaning::Unknown => Err(error.into_error()),
        }
    }

    async fn answer_of_order(
        &self,
        order_id: &ResourceId,
        payment_no: &PaymentNo,
    ) -> Result<PaymentAnswer, GatewayError> {
        match self.told_by_order(order_id).await? {
            Read::There(told) => Ok(told.about(payment_no)?),
            Read::NotFound(evidence) => Ok(not_found(evidence)),
        }
    }

    /// Captures held money. PayPal remembers this request id for 45 days, and holds money for 29 at most.
    async fn capture_held(
        &self,
        order_id: &ResourceId,
        request: &CaptureRequest,
    ) -> Result<PaymentAnswer, GatewayError> {
        let (order, words) = match self.read_order(order_id).await? {
            Read::There(there) => there,
            Read::NotFound(evidence) => return Ok(not_found(evidence)),
        };
        let Some(authorization) = order.open_authorization()? else {
            return Ok(told(&order, words)?.about(&request.payment_no)?);
        };
        let call = request::capture_authorization(&authorization.id, request)?;
        match self.call(&call).await? {
            Answer::Done(_) => {}
            Answer::Error(error) if error.meaning == Meaning::AlreadyDone => {}
            Answer::Error(error) => return Err(error.into_error()),
        }
        self.answer_of_order(order_id, &request.payment_no).await
    }

    /// Lets held money go.
    pub(crate) async fn release(&self, request: &ReleaseRequest) -> Result<Closed, GatewayError> {
        let handle = Handle::read(&request.handle)?;
        let (order, words) = self.read_order(&handle.order_id).await?.there()?;
        let authorization = order.open_authorization()?.map(|authorization| authorization.id.clone());
        let told = told(&order, words)?.about(&request.payment_no)?;
        match (told.finding, authorization) {
            (Finding::Paid(_), _) => Err(refused(Reason::AlreadyPaid, "CAPTURED")),
            (Finding::Closed, _) => Ok(Closed { evidence: told.evidence }),
            (_, Some(authorization)) => {
                self.void_authorization(&handle.order_id, &authorization, &request.payment_no).await
            }
            (_, None) => Err(refused(Reason::NotFound, "NOT_AUTHORIZED")),
        }
    }

    /// The void's own answer may be empty, so the order is what proves it.
    async fn void_authorization(
        &self,
        order_id: &ResourceId,
        authorization: &ResourceId,
        payment_no: &PaymentNo,
    ) -> Result<Closed, GatewayError> {
        match self.call(&request::void(authorization, payment_no)?).await? {
            Answer::Done(_) => {}
            Answer::Error(error) if error.meaning == Meaning::AlreadyDone => {}
            Answer::Error(error) => return Err(error.into_error()),
        }
        let answer = self.answer_of_order(order_id, payment_no).await?;
        match answer.finding {
            Finding::Closed => Ok(Closed { evidence: answer.evidence }),
            Finding::Paid(_) => Err(refused(Reason::AlreadyPaid, "CAPTURED")),
            Finding::AwaitingPayer
            | Finding::Approved(_)
            | Finding::Held(_)
            | Finding::Pending
            | Finding::NotFound
            | Finding::Failed(_) => {
                Err(GatewayError::Unknown("the order does not show that its money was let go".to_owned()))
            }
        }
    }
}

fn refused(reason: Reason, code: &str) -> GatewayError {
    GatewayError::Refused { reason, channel_code: code.to_owned() }
}
