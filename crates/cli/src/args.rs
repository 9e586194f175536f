//! What the command line takes. Its help is the reference of the commands.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod conduct;
mod deliverability;
mod examples;
mod gateways;
mod messages;
mod statistics;
mod webhooks;

pub(crate) use conduct::{
    BlockCommand, BlockSubjectArgs, InvalidNumbersCommand, LimitCommand, LimitSubjectArgs,
};
pub(crate) use deliverability::DeliverabilityCommand;
pub(crate) use gateways::{GatewayCommand, RouteCommand};
pub(crate) use messages::{AppHashArgs, MessageCommand, PreviewArgs};
pub(crate) use statistics::StatisticsCommand;
pub(crate) use webhooks::{DeliveryStatusArg, ReplayArgs, WebhookCommand};

/// Phone verification by SMS, self-hosted.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 110, after_help = EXAMPLES)]
pub struct Arguments {
    /// A configuration file, TOML or JSON; of several, later ones win. Variables such as
    /// `SPARROW_VERIFY__SERVER__LISTEN` win over files.
    #[arg(long, global = true, value_name = "FILE", env = "SPARROW_VERIFY_CONFIG")]
    pub(crate) config: Vec<PathBuf>,
    /// The application that the command is about, by its id.
    #[arg(
        long,
        global = true,
        value_name = "ID",
        default_value = "default",
        env = "SPARROW_VERIFY_APPLICATION"
    )]
    pub(crate) application: String,
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "Examples:
  sparrow-verify demo                                     try it, with a simulated phone
  sparrow-verify --config verify.toml config check        find every fault of a configuration
  sparrow-verify --config verify.toml serve               run it
  sparrow-verify --config verify.toml key issue           make a key for your application's server

Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 not found or refused.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try it: the service with a simulated phone, no real SMS.
    Demo(DemoArgs),
    /// Run the service.
    #[command(after_help = examples::SERVE)]
    Serve(ServeArgs),
    /// Run the Sparrow SMS simulator alone, for tests of your own.
    #[command(after_help = examples::SIMULATOR)]
    Simulator(SimulatorArgs),
    /// Look at the configuration.
    #[command(subcommand, after_help = examples::CONFIG)]
    Config(ConfigCommand),
    /// Look after the database.
    #[command(subcommand, after_help = examples::DB)]
    Db(DbCommand),
    /// Applications: what is configured for each.
    #[command(subcommand, after_help = examples::APPLICATION)]
    Application(ApplicationCommand),
    /// Accounts: the users of your application.
    #[command(subcommand, after_help = examples::ACCOUNT)]
    Account(AccountCommand),
    /// User tokens: each acts for one account.
    #[command(subcommand, after_help = examples::TOKEN)]
    Token(TokenCommand),
    /// Keys: for your application's server.
    #[command(subcommand, after_help = examples::KEY)]
    Key(KeyCommand),
    /// Keys of proofs: what signs the approvals that other services check.
    #[command(subcommand, after_help = examples::PROOF_KEY)]
    ProofKey(ProofKeyCommand),
    /// Verifications: what was sent and what came of it.
    #[command(subcommand, after_help = examples::VERIFICATION)]
    Verification(VerificationCommand),
    /// Deliveries: what the gateway said of each SMS.
    #[command(subcommand, after_help = examples::DELIVERY)]
    Delivery(DeliveryCommand),
    /// Gateways: what carries the SMS.
    #[command(subcommand, after_help = examples::GATEWAY)]
    Gateway(GatewayCommand),
    /// Routes: by which gateways the SMS go.
    #[command(subcommand, after_help = examples::ROUTE)]
    Route(RouteCommand),
    /// Events: what happened, and webhooks are told.
    #[command(subcommand, after_help = examples::EVENT)]
    Event(EventCommand),
    /// Webhooks: who is told of events, and what came of it.
    #[command(subcommand, after_help = examples::WEBHOOK)]
    Webhook(WebhookCommand),
    /// Blocks and allow-lists: whom no SMS is sent to, and who is let through in spite of it.
    #[command(subcommand, after_help = examples::BLOCK)]
    Block(BlockCommand),
    /// Statistics: what happened, added up by day.
    #[command(subcommand, after_help = examples::STATISTICS)]
    Statistics(StatisticsCommand),
    /// Deliverability: what becomes of the SMS, by operator and route.
    #[command(subcommand, after_help = examples::DELIVERABILITY)]
    Deliverability(DeliverabilityCommand),
    /// Messages: what an SMS says, and what it costs.
    #[command(subcommand, after_help = examples::MESSAGE)]
    Message(MessageCommand),
    /// Compute the hash by which Android's SMS Retriever finds your app, for `app_hashes`.
    ///
    /// It is made of the app's name and of the certificate that signs it. With Play App Signing that is Google's, which the
    /// Play Console gives you; builds that are signed otherwise (debug, upload) have hashes of their own.
    #[command(after_help = examples::APP_HASH)]
    AppHash(AppHashArgs),
    /// Limits: which there are, how full they are for somebody, and emptying them.
    #[command(subcommand, after_help = examples::LIMIT)]
    Limit(LimitCommand),
    /// Invalid numbers: how many gateways have refused, and whether new ones have to wait because of it.
    #[command(subcommand, after_help = examples::INVALID_NUMBERS)]
    InvalidNumbers(InvalidNumbersCommand),
    /// Print the API document (OpenAPI).
    Openapi,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where to keep the demo's files. Default: a directory under your data directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Refuse to start when the database's schema is behind, instead of bringing it up to date.
    #[arg(long)]
    pub(crate) no_migrate: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulatorArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    pub(crate) listen: SocketAddr,
    /// The token that it accepts.
    #[arg(long, default_value = "simulator-token")]
    pub(crate) token: String,
    /// The sender identity that it accepts.
    #[arg(long, default_value = "SIMULATOR")]
    pub(crate) identity: String,
    /// How many credits the simulated account has.
    #[arg(long, default_value_t = 1000)]
    pub(crate) credits: u64,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read the configuration and say everything that is wrong with it.
    Check,
    /// Print the configuration as it takes effect, secrets masked.
    Show,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ProofKeyCommand {
    /// Make a new private key and print it (PEM), for `secrets.proof_key_file`.
    ///
    /// Nothing is stored: redirect it into a file that only you can read (`umask 077`). It is what `openssl genpkey
    /// -algorithm ed25519` prints.
    New,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Bring the schema up to date.
    Migrate,
    /// Show which migrations are applied.
    Status,
    /// Write all rows into a file, for `db import` into another database.
    ///
    /// Phones stay sealed, and there is no code and no secret in it; the counters of limits stay behind. What is
    /// written to the database meanwhile is not in it: stop the service first. A file that is there already is not
    /// overwritten.
    Export {
        /// The file, which is made for you only; `-` is standard output.
        file: PathBuf,
    },
    /// Fill an empty database with the rows of an export: with all of them, or none.
    ///
    /// The schema is brought up to date first. `secrets.phone_key` must be that of the database that was exported, and
    /// for codes that are on their way the pepper as well. The counters of limits begin anew.
    Import {
        /// The file; `-` is standard input.
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ApplicationCommand {
    /// List the applications.
    List,
    /// Show the one that --application names.
    Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Add an account; one that exists is left as it is.
    Add {
        /// Its name in your application; upper and lower case differ.
        username: String,
    },
    /// Show an account.
    Show {
        /// Its name.
        username: String,
    },
    /// Take the phone from an account; another may verify it then.
    Unlink {
        /// The account's name.
        username: String,
    },
    /// Give an account a phone that was proved elsewhere, without a code.
    ///
    /// For moving from another system. A phone that another account holds stays there.
    SetPhone {
        /// The account's name.
        username: String,
        /// The phone, in any usual spelling.
        phone: String,
        /// When it was proved, such as 2026-01-15T08:00:00Z; now without this.
        #[arg(long, value_name = "INSTANT")]
        verified_at: Option<String>,
    },
    /// List accounts, the youngest first.
    List(PageArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue a user token; it is shown once.
    Issue {
        /// The account's name.
        username: String,
        #[command(flatten)]
        terms: TermsArgs,
    },
    /// List user tokens, the youngest first.
    List {
        /// Only those of this account.
        #[arg(long, value_name = "USERNAME")]
        account: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Revoke a user token at once.
    Revoke {
        /// Its id, from `token list`.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Issue a key; it is shown once.
    Issue {
        /// What it may do.
        #[arg(long, value_enum, default_value = "verify")]
        scope: ScopeArg,
        #[command(flatten)]
        terms: TermsArgs,
    },
    /// List keys, the youngest first.
    List(PageArgs),
    /// Show a key, without its secret.
    Show {
        /// Its id, from `key list`.
        id: String,
    },
    /// Revoke a key at once.
    Revoke {
        /// Its id, from `key list`.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum VerificationCommand {
    /// List verifications, the youngest first.
    List {
        /// Only those with this status.
        #[arg(long, value_enum)]
        status: Option<StatusArg>,
        /// Only those of this account.
        #[arg(long, value_name = "USERNAME")]
        account: Option<String>,
        /// Only those of this phone.
        #[arg(long)]
        phone: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show a verification.
    Show {
        /// Its id.
        id: String,
    },
    /// Call a live verification off.
    Cancel {
        /// Its id.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeliveryCommand {
    /// List deliveries, the youngest first.
    List {
        /// Only those of this verification.
        #[arg(long, value_name = "ID")]
        verification: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// List events, the youngest first.
    List {
        /// Only those of this type, such as `verification.approved`.
        #[arg(long, value_name = "TYPE")]
        kind: Option<String>,
        /// Only those about this verification.
        #[arg(long, value_name = "ID")]
        verification: Option<String>,
        /// Only those about this account, by its username or its id: its history.
        #[arg(long, value_name = "USERNAME")]
        account: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show an event.
    Show {
        /// Its id.
        id: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PageArgs {
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
    /// Only what is older than this id.
    #[arg(long, value_name = "ID")]
    pub(crate) before: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct TermsArgs {
    /// What you call it, to tell it from others: up to 60 characters.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// How many days it lives; without this, until it is revoked.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) days: Option<u16>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ScopeArg {
    /// Start and check verifications.
    Verify,
    /// Look on and administer.
    Admin,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StatusArg {
    Pending,
    Approved,
    Expired,
    Canceled,
    Locked,
}
