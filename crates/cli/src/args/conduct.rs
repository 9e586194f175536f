//! What `block`, `limit` and `invalid-numbers` take.

use clap::{Args, Subcommand};

use super::PageArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum LimitCommand {
    /// List the limits that are configured.
    List,
    /// Show how full the counters of a phone or an account are, and how many wrong checks a phone has cost.
    Show(LimitSubjectArgs),
    /// Empty the counters of a phone or an account; never its budget of wrong checks.
    Reset(LimitSubjectArgs),
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum InvalidNumbersCommand {
    /// Show how many numbers were refused since the last pause, and that pause.
    Show,
    /// Send to new numbers again, before the pause is over by itself.
    Resume,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct LimitSubjectArgs {
    /// A phone.
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// An account, by its name.
    #[arg(long, value_name = "USERNAME")]
    pub(crate) account: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BlockCommand {
    /// Block a phone, a prefix or an account, or let it through in spite of a wider block.
    Add {
        #[command(flatten)]
        subject: BlockSubjectArgs,
        /// Let it through, instead of blocking it.
        #[arg(long)]
        allow: bool,
        /// Why, in at most 100 characters without a phone.
        #[arg(long)]
        reason: Option<String>,
        /// How many hours it holds; without this, until it is removed.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=87_600))]
        hours: Option<u32>,
        /// For all applications of this service, instead of one.
        #[arg(long, conflicts_with = "account")]
        all_applications: bool,
    },
    /// List blocks, the youngest first.
    List {
        /// Those that hold for all applications, instead of the application's own.
        #[arg(long)]
        all_applications: bool,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Remove a block.
    Remove {
        /// Its id, from `block list`.
        id: String,
        /// It is one that holds for all applications.
        #[arg(long)]
        all_applications: bool,
    },
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct BlockSubjectArgs {
    /// A phone.
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// Every phone that begins so: a plus and 4 to 10 digits, country code first, such as +977984.
    #[arg(long)]
    pub(crate) prefix: Option<String>,
    /// An account, by its name.
    #[arg(long, value_name = "USERNAME")]
    pub(crate) account: Option<String>,
}
