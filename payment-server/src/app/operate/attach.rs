//! Carrying out what was decided about a case's money. Nobody's word makes money true here: the channel is asked again, and
//! what it proves goes through `payment_apply` like every answer of its (R1, R25).

use std::sync::Arc;

use payment_core::{
    case::resolution::Case,
    evidence::{Evidence, Source},
    gateway::{Finding, PaidFinding, PaymentAnswer, QueryRequest, TransactionReference},
    identifiers::{OrderNo, PaymentNo, Product, RefundNo, RequestId},
    money::Money,
    payment::{
        Allocation, Payment, PaymentTimes, allocation::AllocationState, apply::Happening, state::PaymentState,
    },
    refund::{
        RefundReason,
        reserve::{RefundContent, Split},
    },
};
use payment_store::{
    operator::{CaseVerdict, RecoverOutcome},
    payment::NewPayment,
    refund::NewRefund,
};

use super::super::{App, error::AppError, principal::Operator};
use crate::channels::Account;

const NO_SUCH_NUMBER: &str = "the channel's number is not of this service's form, so the money is another system's; use the channel's portal";

/// Why money cannot be taken up, as a sentence, or the payment that has taken it up.
type TakenUp = Result<Payment, String>;

impl App {
    /// Attaches a case's money to the payment that the channel names, by the channel's proof of this moment.
    pub(super) async fn attach(
        self: &Arc<Self>,
        operator: &Operator,
        case: &Case,
        order_no: Option<OrderNo>,
    ) -> Result<CaseVerdict, AppError> {
        let Ok(payment_no) = PaymentNo::parse(case.payment_no.as_str()) else {
            return Ok(CaseVerdict::Failed(NO_SUCH_NUMBER.to_owned()));
        };
        let taken_up = match (self.store.payment_get(&case.merchant_id, &payment_no).await?, order_no) {
            (Some(payment), _) => self.ask_again(&payment).await?,
            (None, Some(order_no)) => self.recover(operator, case, payment_no, order_no).await?,
            (None, None) => {
                Err("the payment is not in the records; say by order_no what it was for".to_owned())
            }
        };
        Ok(match taken_up.and_then(|payment| holds_money_of(payment, case)) {
            Ok(_) => CaseVerdict::CarriedOut(None),
            Err(why) => CaseVerdict::Failed(why),
        })
    }

    /// Gives a case's money back: it is recorded for an order of its own, by the channel's proof, and then refunded like
    /// every payment's, until it has arrived.
    pub(super) async fn give_back(
        self: &Arc<Self>,
        operator: &Operator,
        case: &Case,
    ) -> Result<CaseVerdict, AppError> {
        let Ok(payment_no) = PaymentNo::parse(case.payment_no.as_str()) else {
            return Ok(CaseVerdict::Failed(NO_SUCH_NUMBER.to_owned()));
        };
        let name = own_name(case);
        let (Ok(order_no), Ok(refund_no)) = (OrderNo::parse(name.as_str()), RefundNo::parse(name.as_str()))
        else {
            return Err(AppError::Internal(format!("{name} names no order")));
        };
        let known = self.store.payment_get(&case.merchant_id, &payment_no).await?;
        let taken_up = match known.filter(|known| known.state == PaymentState::Succeeded) {
            Some(known) => Ok(known),
            None => self.recover(operator, case, payment_no, order_no.clone()).await?,
        };
        let payment = match taken_up.and_then(|payment| holds_money_of(payment, case)) {
            Ok(payment) if payment.allocations.iter().all(|part| part.order_no == order_no) => payment,
            Ok(payment) => {
                let why = format!("payment {} is in the records by now: refund it there", payment.payment_no);
                return Ok(CaseVerdict::Failed(why));
            }
            Err(why) => return Ok(CaseVerdict::Failed(why)),
        };
        let account = self.account_of(&payment)?;
        let new = NewRefund {
            merchant_id: case.merchant_id.clone(),
            refund_no: refund_no.clone(),
            content: RefundContent {
                payment_no: payment.payment_no.clone(),
                split: Split::Everything,
                reason: RefundReason::Other,
                description: String::new(),
            },
            created_by: operator.api_key_id.clone(),
            most_parts: account.gateway.capabilities().refund.parts,
            notify_url: Some(account.notify_url.clone()),
            now: self.now(),
        };
        self.record_and_send(new).await?;
        Ok(CaseVerdict::CarriedOut(Some(refund_no)))
    }

    async fn ask_again(self: &Arc<Self>, payment: &Payment) -> Result<TakenUp, AppError> {
        let account = self.account_of(payment)?;
        Ok(Ok(self.ask(payment, &account).await?.payment))
    }

    /// Records a payment that our records lost, as the channel proves it at this moment.
    async fn recover(
        self: &Arc<Self>,
        operator: &Operator,
        case: &Case,
        payment_no: PaymentNo,
        order_no: OrderNo,
    ) -> Result<TakenUp, AppError> {
        let account = self.accounts.of_merchant(&case.merchant_id, &case.channel_account);
        let Some(account) = account else {
            return Err(AppError::ChannelNotEnabled(case.channel_account.to_string()));
        };
        let (answer, draft) = match self.proof_of_lost(case, &account, &payment_no, order_no).await {
            Ok(proven) => proven,
            Err(why) => return Ok(Err(why)),
        };
        let lost = NewPayment {
            payment: draft,
            created_by: operator.api_key_id.clone(),
            signed_locally: None,
            trace_parent: None,
            verdicts: Vec::new(),
        };
        match self.store.payment_recover(&lost).await? {
            RecoverOutcome::Taken => Ok(Err("the number is another merchant's payment".to_owned())),
            RecoverOutcome::Recorded(payment) => {
                let evidence = Evidence {
                    source: Source::QueryAnswer,
                    caller: Some(operator.api_key_id.clone()),
                    channel: Some(answer.evidence),
                };
                let happening = Happening::Found(answer.finding);
                let merchant = &payment.merchant_id;
                let applied = self.apply(merchant, &payment.payment_no, happening, evidence, None).await?;
                Ok(Ok(applied.map_or(*payment, |applied| applied.payment)))
            }
        }
    }

    /// The channel's proof that the case's money is there, and the payment that it was for.
    async fn proof_of_lost(
        &self,
        case: &Case,
        account: &Account,
        payment_no: &PaymentNo,
        order_no: OrderNo,
    ) -> Result<(PaymentAnswer, Payment), String> {
        let products: Vec<_> =
            account.gateway.capabilities().products.iter().map(|known| known.product.clone()).collect();
        let first = products.first().cloned().ok_or("the account has no product")?;
        let reference = TransactionReference::PaymentNo(payment_no.clone());
        let request = QueryRequest { reference, product: first, handle: None };
        let answer = account.gateway.query(&request).await.map_err(|error| error.to_string())?;
        let Finding::Paid(paid) = &answer.finding else {
            return Err("the channel does not prove that it is paid".to_owned());
        };
        if Some(paid.amount) != case.amount
            || Some(&paid.transaction_no) != case.channel_transaction_no.as_ref()
        {
            let (amount, transaction) = (paid.amount, &paid.transaction_no);
            return Err(format!(
                "the channel proves {amount} by transaction {transaction}, which is not the case's"
            ));
        }
        let product = products.into_iter().find(|product| account.gateway.payee(product) == paid.payee);
        let product =
            product.ok_or_else(|| format!("the money went to {}, which is not this account", paid.payee))?;
        let draft = self.draft_of_lost(case, account, payment_no, (product, order_no), paid);
        let draft = draft.ok_or("the case's id names no request")?;
        Ok((answer, draft))
    }

    fn draft_of_lost(
        &self,
        case: &Case,
        account: &Account,
        payment_no: &PaymentNo,
        (product, order_no): (Product, OrderNo),
        paid: &PaidFinding,
    ) -> Option<Payment> {
        let now = self.now();
        let allocation = Allocation {
            order_no,
            amount: paid.amount,
            state: AllocationState::Pending,
            refund_reserved: Money::new(paid.amount.currency(), 0),
        };
        Some(Payment {
            payment_no: payment_no.clone(),
            merchant_id: case.merchant_id.clone(),
            request_id: RequestId::parse(own_name(case)).ok()?,
            channel: account.channel.clone(),
            channel_account: account.account_id.clone(),
            product,
            payee: paid.payee.clone(),
            amount: paid.amount,
            description: format!("Recovered from case {}", case.case_id),
            options: serde_json::json!({}),
            payer_client_ip: None,
            state: PaymentState::Initiating,
            revision: 0,
            allocations: vec![allocation],
            channel_transaction_no: None,
            handle: None,
            failure: None,
            hold_intend_time: None,
            hold: None,
            capture_intend_time: None,
            notify_url: Some(account.notify_url.clone()),
            times: PaymentTimes {
                create: now,
                expire: now + self.policy.time_to_pay,
                update: now,
                client_report: None,
                succeed: None,
                end: None,
            },
        })
    }
}

/// The name of a case's own order, request and refund.
fn own_name(case: &Case) -> String {
    format!("case-{}", case.case_id)
}

/// Whether the payment took up the case's money, and no other.
fn holds_money_of(payment: Payment, case: &Case) -> TakenUp {
    if payment.channel_transaction_no.is_some()
        && payment.channel_transaction_no == case.channel_transaction_no
    {
        return Ok(payment);
    }
    Err(match &payment.channel_transaction_no {
        Some(other) => {
            format!("payment {} is paid by transaction {other}, not by the case's", payment.payment_no)
        }
        None => format!(
            "the channel does not prove that payment {} is paid; it is {}",
            payment.payment_no,
            payment.state.as_str()
        ),
    })
}
