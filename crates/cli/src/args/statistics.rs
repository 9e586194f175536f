//! What `statistics` takes.

use clap::{Subcommand, ValueEnum};
use domain::statistic::StatisticBy;

#[derive(Debug, Subcommand)]
pub(crate) enum StatisticsCommand {
    /// Show what happened: beginnings, SMS, approvals, refusals. What happened within the last seconds may be missing.
    Show {
        /// How many days back (UTC), today included: 1 to 92.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=92))]
        days: u16,
        /// What is put together.
        #[arg(long, value_enum, default_value = "day")]
        by: StatisticByArg,
        /// Of all applications of this service, instead of one.
        #[arg(long)]
        all_applications: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StatisticByArg {
    Day,
    Operator,
    Purpose,
    Gateway,
    Application,
}

impl From<StatisticByArg> for StatisticBy {
    fn from(by: StatisticByArg) -> Self {
        match by {
            StatisticByArg::Day => Self::Day,
            StatisticByArg::Operator => Self::Operator,
            StatisticByArg::Purpose => Self::Purpose,
            StatisticByArg::Gateway => Self::Gateway,
            StatisticByArg::Application => Self::Application,
        }
    }
}
