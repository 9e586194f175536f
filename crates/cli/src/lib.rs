//! The command line: serving, the demo, the simulator, and administration. It wires the adapters to the domain and
//! the front ends ([`wiring`] is the only place that knows them all) and holds no rule.

mod admin;
mod args;
mod certificates;
pub mod config;
mod demo;
mod failure;
mod output;
mod run;
mod serve;
pub mod wiring;

pub use args::Arguments;
pub use failure::{CommandError, ExitCode};
pub use run::run;
