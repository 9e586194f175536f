//! What `deliverability` takes.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum DeliverabilityCommand {
    /// Show which share of the SMS of an hour was verified, and how soon: by operator and route. What happened within the
    /// last seconds may be missing.
    Show {
        /// Of all applications of this service, instead of one.
        #[arg(long)]
        all_applications: bool,
    },
}
