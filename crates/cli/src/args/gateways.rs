//! What `gateway` and `route` take.

use clap::Subcommand;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// List the gateways, and how often each has said what within a day.
    ///
    /// Whether a breaker is open, and how many calls are under way, each replica of the service knows for itself: `GET
    /// /v1/admin/gateways` tells it of the one that answers.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// List the routes of all applications, in the order in which they are tried.
    List,
    /// Say by which routes an SMS of the application to this phone would go; nothing is sent, and no database is needed.
    ///
    /// Those with the same number are tried in an order that is drawn for each SMS: the share is how often one is the first of
    /// them. Each gateway is tried once at most.
    Test {
        /// The phone, in any usual spelling.
        #[arg(long)]
        phone: String,
    },
}
