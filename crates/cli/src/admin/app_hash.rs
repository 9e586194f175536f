//! `app-hash`: the hash by which Android's SMS Retriever finds an app. Needs neither configuration nor database.

use domain::message::{AppPackage, app_hash};
use serde_json::json;

use crate::args::AppHashArgs;
use crate::certificates::{self, FINGERPRINT_IS_NOT_ENOUGH, Fingerprint};
use crate::failure::CommandError;
use crate::output::Output;

/// `app-hash`.
pub(crate) fn app_hashes(arguments: &AppHashArgs, output: Output) -> Result<(), CommandError> {
    let AppHashArgs { package, certificate, fingerprint } = arguments;
    let wrong = |argument: &str, problem: &str| CommandError::Argument(format!("--{argument}: {problem}."));
    let package = AppPackage::parse(package).map_err(|fault| wrong("package", &fault.to_string()))?;
    let Some(file) = certificate else {
        return Err(CommandError::Argument(FINGERPRINT_IS_NOT_ENOUGH.to_owned()));
    };
    let only = fingerprint
        .as_deref()
        .map(|text| {
            Fingerprint::parse(text)
                .ok_or_else(|| wrong("fingerprint", "a SHA-256 fingerprint has 64 hex digits"))
        })
        .transpose()?;
    let certificates = certificates::read(file)?;
    let rows: Vec<_> = certificates
        .iter()
        .filter(|certificate| only.is_none_or(|only| certificate.fingerprint() == only))
        .map(|certificate| {
            json!({
                "app_hash": app_hash(&package, certificate.der()).as_str(),
                "certificate_sha256": certificate.fingerprint().to_string(),
            })
        })
        .collect();
    if rows.is_empty() {
        return Err(CommandError::NotFound(format!(
            "No certificate in {} has this fingerprint; without --fingerprint all of them are shown.",
            file.display()
        )));
    }
    output.rows(&["app_hash", "certificate_sha256"], &rows, None)
}
