//! What `webhook` takes.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::PageArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// List webhooks.
    List,
    /// List what webhooks were told and are to be told, the youngest first.
    Deliveries {
        /// Only those to this webhook.
        #[arg(long, value_name = "NAME")]
        webhook: Option<String>,
        /// Only those that stand so.
        #[arg(long, value_enum)]
        status: Option<DeliveryStatusArg>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show a delivery with its attempts.
    Show {
        /// Its id, from `webhook deliveries`.
        delivery: String,
    },
    /// Tell a webhook of an event again, or of all that were given up.
    Replay(ReplayArgs),
    /// Send a webhook a signed message of the type `test.ping`, and tell what came of it.
    Test {
        /// Its name.
        name: String,
    },
    /// Make a secret for a webhook; the receiver gets the same.
    Secret,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["event", "failed"])))]
pub(crate) struct ReplayArgs {
    /// The event's id.
    pub(crate) event: Option<String>,
    /// The webhook's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) webhook: String,
    /// All events that were given up and not delivered by a replay since; at most 10000 at a time, the youngest.
    #[arg(long, requires = "since")]
    pub(crate) failed: bool,
    /// With --failed: those whose delivery began at or after this instant, such as 2026-01-15T08:00:00Z.
    #[arg(long, value_name = "INSTANT", requires = "failed")]
    pub(crate) since: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DeliveryStatusArg {
    /// It is tried, now or later.
    Pending,
    /// The receiver has taken it.
    Delivered,
    /// It was tried as often as it is.
    GivenUp,
}
