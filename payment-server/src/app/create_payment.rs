//! `CreatePayment`: one live attempt for an order, whoever asks and however often.

use std::sync::Arc;

use futures::FutureExt as _;
use payment_core::{
    gateway::{Capabilities, CreateCapability},
    identifiers::{MerchantId, PaymentNo},
    money::{Money, MoneyError},
    payment::{
        Allocation, ChannelHandle, Payment, PaymentTimes,
        allocation::AllocationState,
        create::{CreateContent, OrderAmount},
        state::PaymentState,
    },
    violation::Violation,
};
use payment_store::payment::{CreateOutcome, NewPayment};

use super::{
    App,
    command::{AccountChoice, Caller, CreatePayment, CreatedPayment},
    crash_point::{self, CrashPoint},
    earlier_attempts::Patience,
    error::AppError,
    hand_out::create_request,
    not_enabled,
};
use crate::channels::Account;

/// How often other requests may change the same orders between our look and our write.
const ROUNDS: usize = 8;

impl App {
    /// Makes an attempt to pay, or answers with one that is the same (R10, R11, R14).
    ///
    /// # Errors
    /// As the table of `docs/errors.md` says for `CreatePayment`.
    pub async fn create_payment(
        self: &Arc<Self>,
        caller: &Caller,
        command: CreatePayment,
    ) -> Result<CreatedPayment, AppError> {
        let account = self.choose_account(&caller.merchant_id, &command.account)?;
        let draft = self.draft(caller, &account, &command)?;
        let (app, caller) = (Arc::clone(self), caller.clone());
        self.detached(async move { app.create(&caller, &command, draft, &account).await }).await
    }

    async fn create(
        self: &Arc<Self>,
        caller: &Caller,
        command: &CreatePayment,
        draft: Payment,
        account: &Account,
    ) -> Result<CreatedPayment, AppError> {
        let policy = command.earlier_attempt_policy.unwrap_or(self.policy.earlier_attempt_policy);
        let signed_locally = sign_locally(&draft, account).await;
        let created_by = caller.api_key_id.clone();
        let trace_parent = command.trace_parent.clone();
        let mut new =
            NewPayment { payment: draft, created_by, signed_locally, trace_parent, verdicts: Vec::new() };
        let mut patience = Patience::of(self.policy.earlier_attempts_deadline);
        for _ in 0..ROUNDS {
            match self.store.payment_create(&new).await? {
                CreateOutcome::Created(payment) => {
                    crash_point::reach(CrashPoint::CreateIntended);
                    return match new.signed_locally {
                        Some(_) => self.payment_data(payment, account),
                        None => self.announce(payment, account).boxed().await,
                    };
                }
                CreateOutcome::Known(payment) => {
                    same_content(&payment, &new.payment, command)?;
                    return self.resume(payment, account).boxed().await;
                }
                CreateOutcome::Reused(payment) => return self.resume(payment, account).boxed().await,
                CreateOutcome::OrderPaid { order_no, payment_no } => {
                    return Err(AppError::OrderAlreadyPaid { order_no, payment_no });
                }
                CreateOutcome::EarlierAttempts(attempts) => {
                    let (wanted, deadline) = (CreateContent::of(&new.payment), patience.deadline());
                    let settled = self.settle_earlier_attempts(attempts, &wanted, policy, deadline).await?;
                    new.verdicts.extend(settled);
                }
            }
        }
        Err(AppError::LostRace)
    }

    fn choose_account(
        &self,
        merchant: &MerchantId,
        choice: &AccountChoice,
    ) -> Result<Arc<Account>, AppError> {
        match choice {
            AccountChoice::Named { account: name, channel } => {
                let account = self.accounts.of_merchant(merchant, name).ok_or_else(|| not_enabled(name))?;
                match channel {
                    Some(channel) if *channel != account.channel => {
                        let problem =
                            format!("is an account at {}, the options are for {channel}", account.channel);
                        Err(AppError::InvalidFields(vec![Violation::new("channel_account", problem)]))
                    }
                    Some(_) | None => Ok(account),
                }
            }
            AccountChoice::OnlyOneAt(channel) => {
                let of_merchant =
                    |account: &Arc<Account>| account.merchant_id == *merchant && account.channel == *channel;
                let mut accounts = self.accounts.iter().filter(of_merchant);
                match (accounts.next(), accounts.next()) {
                    (None, _) => Err(AppError::ChannelNotEnabled(channel.to_string())),
                    (Some(account), None) => Ok(account),
                    (Some(_), Some(_)) => {
                        let problem = format!("is required: there are several accounts at {channel}");
                        Err(AppError::InvalidFields(vec![Violation::new("channel_account", problem)]))
                    }
                }
            }
        }
    }

    /// The payment as it would be recorded, checked as far as that goes without asking anybody.
    fn draft(
        &self,
        caller: &Caller,
        account: &Account,
        command: &CreatePayment,
    ) -> Result<Payment, AppError> {
        let capabilities = account.gateway.capabilities();
        if capabilities.product(&command.product).is_none() {
            return Err(AppError::CapabilityUnsupported {
                channel: account.channel.clone(),
                capability: format!("pay by product {}", command.product),
            });
        }
        let now = self.now();
        let time_to_pay = command.time_to_pay.unwrap_or(self.policy.time_to_pay);
        let amount = sum(&command.orders)?;
        let mut violations = outside_of_capabilities(capabilities, amount, time_to_pay);
        let mut random = [0; PaymentNo::RANDOM_BYTES];
        self.randomness.fill(&mut random);
        let payment = Payment {
            payment_no: PaymentNo::generate(now, 0, random),
            merchant_id: caller.merchant_id.clone(),
            request_id: command.request_id.clone(),
            channel: account.channel.clone(),
            channel_account: account.account_id.clone(),
            product: command.product.clone(),
            payee: account.gateway.payee(&command.product),
            amount,
            description: command.description.clone(),
            options: command.options.clone(),
            payer_client_ip: command.payer_client_ip,
            state: PaymentState::Initiating,
            revision: 0,
            allocations: allocations(&command.orders),
            channel_transaction_no: None,
            handle: None,
            failure: None,
            notify_url: Some(account.notify_url.clone()),
            hold_intend_time: None,
            hold: None,
            capture_intend_time: None,
            times: PaymentTimes {
                create: now,
                expire: now + time_to_pay,
                update: now,
                client_report: None,
                succeed: None,
                end: None,
            },
        };
        violations.extend(account.gateway.check_create(&create_request(&payment, account)));
        if violations.is_empty() { Ok(payment) } else { Err(AppError::InvalidFields(violations)) }
    }
}

fn sum(orders: &[OrderAmount]) -> Result<Money, AppError> {
    Money::sum(orders.iter().map(|order| order.amount)).map_err(|error| {
        let field = match error {
            MoneyError::CurrencyMismatch => "orders[].amount.currency_code",
            MoneyError::Currency
            | MoneyError::NotPositive
            | MoneyError::Decimal
            | MoneyError::OutOfRange
            | MoneyError::Empty => "orders",
        };
        AppError::InvalidFields(vec![Violation::new(field, error.to_string())])
    })
}

fn allocations(orders: &[OrderAmount]) -> Vec<Allocation> {
    let pending = |order: &OrderAmount| Allocation {
        order_no: order.order_no.clone(),
        amount: order.amount,
        state: AllocationState::Pending,
        refund_reserved: Money::new(order.amount.currency(), 0),
    };
    let mut allocations: Vec<_> = orders.iter().map(pending).collect();
    allocations.sort_by(|one, other| one.order_no.cmp(&other.order_no));
    allocations
}

/// Signs payment data before the intent is recorded, where that needs no channel: intent and handle are then one commit.
/// A signature that fails is tried again, and told about, when the payment is announced.
async fn sign_locally(draft: &Payment, account: &Account) -> Option<ChannelHandle> {
    let product = account.gateway.capabilities().product(&draft.product)?;
    match product.create {
        CreateCapability::CallsChannel => None,
        CreateCapability::SignsLocally => {
            account.gateway.create(&create_request(draft, account)).await.ok().map(|created| created.handle)
        }
    }
}

fn outside_of_capabilities(
    capabilities: &Capabilities,
    amount: Money,
    time_to_pay: time::Duration,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    if !capabilities.currencies.contains(&amount.currency()) {
        let taken: Vec<_> = capabilities.currencies.iter().map(ToString::to_string).collect();
        let problem = format!("must be one that {} takes: {}", capabilities.channel, taken.join(", "));
        violations.push(Violation::new("orders[0].amount.currency_code", problem));
    }
    if !capabilities.time_to_pay.contains(&time_to_pay) {
        let (shortest, longest) = (capabilities.time_to_pay.start(), capabilities.time_to_pay.end());
        let problem = format!("must be {} to {} seconds", shortest.whole_seconds(), longest.whole_seconds());
        violations.push(Violation::new("time_to_pay", problem));
    }
    violations
}

/// A repeat must ask for the same (R14). Where it leaves the time to the service, a changed default is no difference.
fn same_content(known: &Payment, draft: &Payment, command: &CreatePayment) -> Result<(), AppError> {
    let (known_content, mut wanted) = (CreateContent::of(known), CreateContent::of(draft));
    if command.time_to_pay.is_none() {
        wanted.time_to_pay = known_content.time_to_pay;
    }
    match known_content.differing_field(&wanted) {
        None => Ok(()),
        Some(differing_field) => {
            Err(AppError::RequestIdReused { differing_field, payment_no: known.payment_no.clone() })
        }
    }
}
