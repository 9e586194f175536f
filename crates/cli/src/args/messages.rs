//! Arguments of the commands about the texts of SMS.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use domain::message::Locale;

#[derive(Debug, Subcommand)]
pub(crate) enum MessageCommand {
    /// Show an SMS as it would be sent, with its size and what it costs. Nothing is sent, and no code is made.
    ///
    /// It needs the configuration only. The code in it is a sample of zeros.
    #[command(disable_version_flag = true)]
    Preview(PreviewArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    /// Only in this language; in all without this.
    #[arg(long, value_enum)]
    pub(crate) locale: Option<LocaleArg>,
    /// This version of the text instead of the one that is sent; 0 is the built-in text.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=9999))]
    pub(crate) version: Option<u16>,
    /// This text, which need not be configured; in the application's default language unless --locale names another.
    #[arg(long, value_name = "TEXT", conflicts_with = "version")]
    pub(crate) template: Option<String>,
    /// With this app hash; `first` is the first that is configured.
    #[arg(long, value_name = "HASH")]
    pub(crate) app_hash: Option<String>,
    /// With the line that binds the code to this web origin; `first` is the first that is configured.
    #[arg(long, value_name = "URL")]
    pub(crate) origin: Option<String>,
    /// With so many digits of code; `policy.code_length` without this.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(6..=10))]
    pub(crate) code_length: Option<u8>,
}

/// A language, as callers name it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LocaleArg {
    /// English.
    En,
    /// Nepali.
    Ne,
}

impl From<LocaleArg> for Locale {
    fn from(locale: LocaleArg) -> Self {
        match locale {
            LocaleArg::En => Self::English,
            LocaleArg::Ne => Self::Nepali,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct AppHashArgs {
    /// The app's package name (application id), such as com.example.app.
    #[arg(long, value_name = "NAME")]
    pub(crate) package: String,
    /// The certificate that signs the app: a file in PEM, DER or hex; `-` is standard input. Of several certificates in it
    /// each gets a line.
    #[arg(long, value_name = "FILE", required_unless_present = "fingerprint")]
    pub(crate) certificate: Option<PathBuf>,
    /// Only the certificate of this SHA-256 fingerprint, as keytool and the Play Console show it. It says which one; the
    /// hash cannot be made from it.
    #[arg(long, value_name = "AB:CD:...")]
    pub(crate) fingerprint: Option<String>,
}
