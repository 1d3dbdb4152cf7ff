//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::words::{PaymentStateWord, RefundReasonWord, ResolutionWord, ScopeWord, VerdictWord};

/// The payment service from a terminal.
///
/// Exit codes: 0 done, 1 failed, 2 wrong command line, profile or field, 3 refused with a reason, 4 not found, 5 the key is
/// not known, 6 not reachable or to be tried again.
#[derive(Debug, Parser)]
#[command(name = "paymentctl", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Where the service is, and with which key it is called.
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Answer in proto3 JSON, refusals too.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the service is, and with which key it is called. Flags come before the environment, that before the profile. The
/// key itself is taken from a file or from PAYMENTCTL_KEY, never from the command line.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// http:// or https://, host and port [env: PAYMENTCTL_ADDRESS] [default: http://127.0.0.1:50051].
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) address: Option<String>,
    /// A file that holds the API key [env: PAYMENTCTL_KEY_FILE].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Whose data is meant; needed of keys that see several merchants [env: PAYMENTCTL_MERCHANT].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) merchant: Option<String>,
    /// Which profile to take [env: PAYMENTCTL_PROFILE] [default: default].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The file of profiles [env: PAYMENTCTL_PROFILES] [default: ~/.config/paymentctl/profiles.toml].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) profiles: Option<PathBuf>,
    /// Certificates to trust, PEM; the system's by default [env: PAYMENTCTL_TLS_CA_FILE].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_ca_file: Option<PathBuf>,
    /// Our certificate, PEM, where the service asks for one [env: PAYMENTCTL_TLS_CERTIFICATE_FILE].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_certificate_file: Option<PathBuf>,
    /// The key of our certificate, PEM [env: PAYMENTCTL_TLS_KEY_FILE].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_key_file: Option<PathBuf>,
    /// The name in the service's certificate, if it is not the address's [env: PAYMENTCTL_TLS_SERVER_NAME].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) tls_server_name: Option<String>,
    /// How long a call may take, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub(crate) timeout: u64,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell everything about a payment, or about every attempt to pay an order, as a story.
    Explain(Explain),
    /// Payments: as recorded, asked about, closed.
    #[command(subcommand)]
    Payment(PaymentCommand),
    /// Orders: paid, and by what.
    #[command(subcommand)]
    Order(OrderCommand),
    /// Refunds: asked for, read, driven.
    #[command(subcommand)]
    Refund(RefundCommand),
    /// Cases: what fits nowhere, and what is done about it.
    #[command(subcommand)]
    Case(CaseCommand),
    /// Deliveries of channels' notifications.
    #[command(subcommand)]
    Notification(NotificationCommand),
    /// Jobs that look for due work.
    #[command(subcommand)]
    Job(JobCommand),
    /// Channel accounts.
    #[command(subcommand)]
    Channel(ChannelCommand),
    /// What callers are told.
    #[command(subcommand)]
    Event(EventCommand),
    /// Endpoints that get a merchant's events.
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// API keys of a merchant.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Print what a shell needs to complete this command line.
    Completion {
        /// The shell.
        shell: Shell,
    },
}

impl Command {
    /// Whether it goes on until somebody ends it, so that no time limit holds for it.
    pub(crate) const fn follows(&self) -> bool {
        matches!(self, Self::Event(EventCommand::Follow { .. }))
    }
}

/// What to explain.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The payment's number.
    #[arg(value_name = "PAYMENT_NO", required_unless_present = "order")]
    pub(crate) payment_no: Option<String>,
    /// Every attempt to pay this order instead.
    #[arg(long, value_name = "ORDER_NO", conflicts_with = "payment_no")]
    pub(crate) order: Option<String>,
    /// Show the facts with who said what and what proves it, beside the story.
    #[arg(long)]
    pub(crate) facts: bool,
    /// With --json: the raw words of channels and apps too, which may name payers. That they were shown is recorded.
    #[arg(long)]
    pub(crate) evidence: bool,
}

/// What to do about payments.
#[derive(Debug, Subcommand)]
pub(crate) enum PaymentCommand {
    /// Show a payment as it is recorded.
    Get {
        /// Its number.
        payment_no: String,
    },
    /// List payments, newest first.
    List {
        /// Only those that cover this order.
        #[arg(long, value_name = "ORDER_NO")]
        order: Option<String>,
        /// Only those in one of these states.
        #[arg(long, value_name = "STATE", value_enum, value_delimiter = ',')]
        state: Vec<PaymentStateWord>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Ask the channel where a payment is, now.
    Sync {
        /// Its number.
        payment_no: String,
    },
    /// Close a payment at the channel.
    Close {
        /// Its number.
        payment_no: String,
    },
    /// Tell everything about a payment as a story: the same as `paymentctl explain`.
    Explain(Explain),
}

/// What to do about orders.
#[derive(Debug, Subcommand)]
pub(crate) enum OrderCommand {
    /// Show whether an order is paid, by what, every attempt and every refund.
    Get {
        /// Its number.
        order_no: String,
    },
}

/// What to do about refunds.
#[derive(Debug, Subcommand)]
pub(crate) enum RefundCommand {
    /// Give money back.
    Create(CreateRefund),
    /// Show a refund as it is recorded.
    Get {
        /// Its number.
        refund_no: String,
    },
    /// List refunds, newest first.
    List {
        /// Only those of this payment.
        #[arg(long, value_name = "PAYMENT_NO")]
        payment: Option<String>,
        /// Only those that give something back for this order.
        #[arg(long, value_name = "ORDER_NO")]
        order: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Make a refund due now.
    Retry {
        /// Its number.
        refund_no: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Put a refund off. It goes on after that.
    Postpone {
        /// Its number.
        refund_no: String,
        /// Until this time, RFC 3339 such as 2026-11-27T18:00:00Z.
        #[arg(long, value_name = "TIME", required_unless_present = "hours")]
        until: Option<String>,
        /// For so many hours from now instead.
        #[arg(long, conflicts_with = "until", value_parser = clap::value_parser!(i64).range(1..=720))]
        hours: Option<i64>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Money to give back.
#[derive(Debug, Args)]
pub(crate) struct CreateRefund {
    /// The business's own number of it; repeat with the same one after any failure.
    pub(crate) refund_no: String,
    /// Of this payment.
    #[arg(long, value_name = "PAYMENT_NO", required_unless_present = "order")]
    pub(crate) payment: Option<String>,
    /// Of the payment that paid this order, for this order only.
    #[arg(long, value_name = "ORDER_NO", conflicts_with = "payment")]
    pub(crate) order: Option<String>,
    /// So much, in minor units; with --currency.
    #[arg(long, value_name = "MINOR_UNITS", requires = "currency", required_unless_present = "everything")]
    pub(crate) amount: Option<i64>,
    /// The currency of the amount, such as CNY.
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,
    /// Everything that is left.
    #[arg(long, conflicts_with = "amount")]
    pub(crate) everything: bool,
    /// Why.
    #[arg(long, value_enum)]
    pub(crate) reason: RefundReasonWord,
    /// What the payer reads.
    #[arg(long, default_value = "")]
    pub(crate) description: String,
}

/// What to do about cases.
#[derive(Debug, Subcommand)]
pub(crate) enum CaseCommand {
    /// List cases that are not resolved, the longest open first.
    List {
        /// Those that are resolved too.
        #[arg(long)]
        all: bool,
        /// Only those about this payment number.
        #[arg(long, value_name = "PAYMENT_NO")]
        payment: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show a case.
    Show {
        /// Its id.
        case_id: String,
    },
    /// Resolve a case, or propose that where a second person must approve.
    Resolve {
        /// Its id.
        case_id: String,
        /// What to do: attach the money to its payment by the channel's proof, give it back, or nothing.
        #[arg(long = "as", value_enum)]
        resolution: ResolutionWord,
        /// Why.
        #[arg(long)]
        reason: String,
        /// To attach: the order that the money is for, where the payment is missing in the records.
        #[arg(long, value_name = "ORDER_NO")]
        order: Option<String>,
    },
    /// Agree to what another person proposed, and carry it out.
    Approve {
        /// Its id.
        case_id: String,
    },
    /// Take back what was proposed.
    Reject {
        /// Its id.
        case_id: String,
    },
}

/// What to do about deliveries.
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationCommand {
    /// List deliveries, newest first.
    List {
        /// Only those that name this payment number.
        #[arg(long, value_name = "PAYMENT_NO")]
        payment: Option<String>,
        /// Only those to this channel account.
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Only those with one of these verdicts.
        #[arg(long, value_enum, value_delimiter = ',')]
        verdict: Vec<VerdictWord>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show a delivery.
    Show {
        /// Its id.
        notification_id: String,
        /// Its headers and body too, which may name payers. That they were shown is recorded.
        #[arg(long)]
        evidence: bool,
    },
    /// Handle a delivery again.
    Replay {
        /// Its id.
        notification_id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// What to do about jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Show what is due, and the last look of the process that answers.
    List,
    /// Look once, now.
    Run {
        /// The job's name, such as payment-success.
        name: String,
    },
}

/// What to do about channel accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum ChannelCommand {
    /// Show callbacks lost and late, queries that lied, errors and the breaker of each account.
    Health {
        /// How many minutes to look back.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=10_080))]
        minutes: i64,
    },
}

/// What to do about events.
#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// List events, oldest first.
    List {
        /// Only those after this cursor.
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// Only those about this payment and its refunds.
        #[arg(long, value_name = "PAYMENT_NO")]
        payment: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show events as they become true, one a line, until it is ended.
    Follow {
        /// Only those after this cursor; from the oldest that is kept by default.
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// Only those from now on.
        #[arg(long, conflicts_with = "after")]
        now: bool,
        /// Only those about this payment and its refunds.
        #[arg(long, value_name = "PAYMENT_NO")]
        payment: Option<String>,
    },
}

/// What to do about webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Show how each endpoint does: paused, behind, failing.
    Endpoints,
    /// List what an endpoint got or is to get, the latest events first.
    Deliveries {
        /// The endpoint's name.
        endpoint: String,
        /// Only events about this payment.
        #[arg(long, value_name = "PAYMENT_NO")]
        payment: Option<String>,
        /// Only what it has not taken yet.
        #[arg(long)]
        undelivered: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Deliver events again.
    Replay(ReplayWebhooks),
    /// Send an endpoint nothing more until it is resumed.
    Pause {
        /// The endpoint's name.
        endpoint: String,
    },
    /// Send an endpoint everything that waits, at once.
    Resume {
        /// The endpoint's name.
        endpoint: String,
    },
}

/// Which events to deliver again.
#[derive(Debug, Args)]
pub(crate) struct ReplayWebhooks {
    /// The endpoint's name.
    pub(crate) endpoint: String,
    /// These events, by their ids.
    #[arg(long, value_name = "EVENT_ID", value_delimiter = ',', required_unless_present_any = ["from_sequence", "since"])]
    pub(crate) event: Vec<String>,
    /// From this sequence on; with --to-sequence.
    #[arg(long, value_name = "SEQUENCE", requires = "to_sequence", conflicts_with = "event")]
    pub(crate) from_sequence: Option<i64>,
    /// To this sequence.
    #[arg(long, value_name = "SEQUENCE", requires = "from_sequence")]
    pub(crate) to_sequence: Option<i64>,
    /// From this time on, RFC 3339; with --before.
    #[arg(long, value_name = "TIME", requires = "before", conflicts_with_all = ["event", "from_sequence"])]
    pub(crate) since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME", requires = "since")]
    pub(crate) before: Option<String>,
}

/// What to do about API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key. It is shown once and kept nowhere.
    Create {
        /// Its name, 1 to 64 of [a-z0-9_-], one that the merchant never had before.
        api_key_id: String,
        /// What it may be used for.
        #[arg(long, value_enum, value_delimiter = ',', required = true)]
        scope: Vec<ScopeWord>,
        /// From when on it is refused, RFC 3339; never by default.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List the merchant's keys, revoked and expired ones too.
    List {
        /// The keys of this operator instead.
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
    },
    /// Revoke a key, at once where this is asked and within ten seconds at every replica.
    Revoke {
        /// Its name.
        api_key_id: String,
        /// The operator whose key it is, instead of the merchant's.
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
    },
}
