//! The demo's directory: its configuration and secrets, written once and then left as they are.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use adapters::system::OsEntropy;
use domain::ports::Entropy as _;

use crate::failure::CommandError;

/// The configuration's name in the directory.
pub(super) const CONFIG: &str = "config.toml";
const PEPPER: &str = "pepper";
const PHONE_KEY: &str = "phone-key";
const PROOF_KEY: &str = "proof-key.pem";
/// Stands for the address in the configuration, until the demo knows where it listens.
pub(super) const PUBLIC_URL: &str = "http://localhost:8080";

/// Makes the directory and what is missing in it; answers its absolute path.
pub(super) fn prepare(directory: &Path) -> Result<PathBuf, CommandError> {
    let failed = |error| {
        CommandError::system(format!("could not prepare the demo's directory {}", directory.display()), error)
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let directory = fs::canonicalize(directory).map_err(failed)?;
    for secret in [PEPPER, PHONE_KEY].map(|name| directory.join(name)) {
        if !secret.exists() {
            write(&secret, &random_hex()?)?;
        }
    }
    let proof_key = directory.join(PROOF_KEY);
    if !proof_key.exists() {
        let key = adapters::proofs::generate(&OsEntropy);
        let key = key.map_err(|error| CommandError::system("could not make a secret", error))?;
        write(&proof_key, &key)?;
    }
    let path = directory.join(CONFIG);
    // A configuration of another directory is there when this one is a copy, or was moved.
    if !names(&path, &quoted(&directory.join(PEPPER))?)? {
        write(&path, &config(&directory)?)?;
    }
    Ok(directory)
}

/// Whether the configuration names this file, as this module writes it.
fn names(config: &Path, file: &str) -> Result<bool, CommandError> {
    Ok(read(config)?.is_some_and(|text| text.lines().any(|line| line == format!("pepper_file = {file}"))))
}

/// A path, as a string of TOML.
fn quoted(path: &Path) -> Result<String, CommandError> {
    let text = path.to_str().ok_or_else(|| {
        CommandError::Argument(format!(
            "{} is not text; name another directory with --data-dir.",
            path.display()
        ))
    })?;
    // A JSON string is a basic string of TOML.
    Ok(serde_json::Value::from(text).to_string())
}

/// Reads a file of the directory, if it is there.
pub(super) fn read(path: &Path) -> Result<Option<String>, CommandError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CommandError::system(format!("could not read {}", path.display()), error)),
    }
}

/// Writes a file that only its owner reads, whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let failed = |error| CommandError::system(format!("could not write {}", path.display()), error);
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let written = owners_file(&draft)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.and_then(|()| fs::rename(&draft, path)).map_err(failed)
}

fn owners_file(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn random_hex() -> Result<String, CommandError> {
    use std::fmt::Write as _;
    let mut bytes = [0; 32];
    OsEntropy.fill(&mut bytes).map_err(|error| CommandError::system("could not make a secret", error))?;
    let mut text = String::new();
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    Ok(text)
}

/// The configuration of a demo: everything that admin commands need, and room to play. The gateway is the running
/// demo's own.
fn config(directory: &Path) -> Result<String, CommandError> {
    let database = directory.join("sparrow-verify.db");
    let database =
        database.to_str().map(|path| serde_json::Value::from(format!("sqlite://{path}")).to_string());
    let database = database.map_or_else(|| quoted(directory), Ok)?;
    Ok(format!(
        "# Written by `sparrow-verify demo`, which reads it again. Change it as you like; the paths are those of this\n\
         # directory, and are written anew when it was moved.\n\n\
         [server]\nlog_level = 'warn'\npublic_url = '{PUBLIC_URL}'\n\n\
         [database]\nurl = {database}\n\n\
         [secrets]\npepper_file = {pepper}\nphone_key_file = {phone_key}\nproof_key_file = {proof_key}\n\n\
         [application]\nname = 'Sparrow Demo'\n\n\
         # One account plays with many phones here.\n\
         [application.policy.limits]\nsends_per_account = ['500/24h']\nphones_per_account = ['500/24h']\n",
        pepper = quoted(&directory.join(PEPPER))?,
        phone_key = quoted(&directory.join(PHONE_KEY))?,
        proof_key = quoted(&directory.join(PROOF_KEY))?,
    ))
}
