//! `sparrow-verify`: see `sparrow-verify --help`.

use clap::Parser;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments = sparrow_verify::Arguments::parse();
    sparrow_verify::run(arguments, std::env::vars_os()).await.into()
}
