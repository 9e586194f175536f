//! Certificates that sign Android apps, as the tools that make and show them write them: PEM, DER, or the DER in hex. Owns
//! finding them in a file; never verifies one, because Android does not either: the bytes are all that counts.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use crate::failure::CommandError;

/// The most bytes of a file that are read; a certificate has one or two thousand.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// What keystores of Java begin with.
const KEYSTORES: [([u8; 4], &str); 2] =
    [([0xfe, 0xed, 0xfe, 0xed], "JKS"), ([0xce, 0xce, 0xce, 0xce], "JCEKS")];
/// The bytes of MD5, SHA-1 and SHA-256: what a short row of hex digits is.
const DIGEST_BYTES: [usize; 3] = [16, 20, 32];
/// The most fields of a structure of X.509 that are looked at; there are at most ten.
const FIELDS_MAX: usize = 16;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// The version of a certificate, which the first version of certificates did not have.
const VERSION: u8 = 0xa0;

/// What to do when a fingerprint is all there is.
pub(crate) const FINGERPRINT_IS_NOT_ENOUGH: &str = "A fingerprint is a hash of the certificate, and an app hash is made from the certificate itself. Export it with \
     `keytool -exportcert -rfc -keystore KEYSTORE -alias ALIAS > cert.pem`, or with Play App Signing download it from the \
     Play Console (App signing key certificate), and name the file by --certificate.";

/// A certificate.
pub(crate) struct Certificate(Vec<u8>);

impl Certificate {
    /// Its bytes (DER).
    pub(crate) fn der(&self) -> &[u8] {
        &self.0
    }

    /// The SHA-256 of its bytes.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(&self.0).into())
    }
}

/// The SHA-256 of a certificate. It prints as keytool and the Play Console show it: `AB:CD:...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Reads hex digits of either case, with colons or without.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        hex(text.as_bytes())?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(place, byte)| {
            let colon = if place == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")
        })
    }
}

/// The certificates of a file, or of standard input by the name `-`: one or more.
pub(crate) fn read(file: &Path) -> Result<Vec<Certificate>, CommandError> {
    let (name, bytes) = if file == Path::new("-") {
        ("Standard input".to_owned(), bounded(io::stdin().lock()))
    } else {
        (file.display().to_string(), File::open(file).and_then(bounded))
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        // Whoever takes a fingerprint for a certificate writes it where the file belongs.
        Err(_) if file.to_str().is_some_and(|text| digest(text.as_bytes())) => {
            return Err(CommandError::Argument(FINGERPRINT_IS_NOT_ENOUGH.to_owned()));
        }
        Err(error) => return Err(CommandError::system(format!("could not read {name}"), error)),
    };
    found_in(&bytes).map_err(|fault| CommandError::Argument(format!("{name} {fault}")))
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why there is no certificate in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("is larger than {} KiB; export the certificate alone", FILE_BYTES_MAX / 1024)]
    TooLarge,
    #[error("has broken PEM: a line is missing, or is not base64")]
    BrokenPem,
    #[error("holds a fingerprint only. {FINGERPRINT_IS_NOT_ENOUGH}")]
    Fingerprint,
    #[error(
        "is a keystore ({0}), which holds the certificate under a password, beside the private key. Export the certificate \
         alone with `keytool -exportcert -rfc -keystore KEYSTORE -alias ALIAS > cert.pem`, where KEYSTORE is that file and \
         `keytool -list -keystore KEYSTORE` tells the alias, and name cert.pem by --certificate."
    )]
    Keystore(&'static str),
    #[error(
        "holds no certificate in PEM, DER or hex. Export it with `keytool -exportcert -rfc -keystore KEYSTORE -alias \
         ALIAS > cert.pem`, or with Play App Signing download it from the Play Console (App signing key certificate)."
    )]
    NoCertificate,
}

fn found_in(bytes: &[u8]) -> Result<Vec<Certificate>, Fault> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Fault::TooLarge);
    }
    let ders = if is_certificate(bytes) {
        vec![bytes.to_vec()]
    } else if let Some(kind) = keystore(bytes) {
        return Err(Fault::Keystore(kind));
    } else if digest(bytes) {
        return Err(Fault::Fingerprint);
    } else if let Some(der) = hex(bytes) {
        vec![der]
    } else {
        // Private keys, and the words that tools write around, are passed over.
        let in_pem = CertificateDer::pem_slice_iter(bytes).map(|found| found.map(|der| der.to_vec()));
        in_pem.collect::<Result<_, _>>().map_err(|_broken| Fault::BrokenPem)?
    };
    if ders.is_empty() || !ders.iter().all(|der| is_certificate(der)) {
        return Err(Fault::NoCertificate);
    }
    Ok(ders.into_iter().map(Certificate).collect())
}

/// Whether a text is a digest in hex.
fn digest(text: &[u8]) -> bool {
    hex(text).is_some_and(|bytes| DIGEST_BYTES.contains(&bytes.len()))
}

/// The bytes of a text of hex digits in pairs, with colons and white space anywhere between the digits.
fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let between = |byte: u8| byte == b':' || byte.is_ascii_whitespace();
    let digits = text.iter().filter(|byte| !between(**byte)).map(|byte| char::from(*byte).to_digit(16));
    let digits = digits.map(|digit| u8::try_from(digit?).ok()).collect::<Option<Vec<u8>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    (!pairs.is_empty() && rest.is_empty()).then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// What kind of keystore these bytes begin, if they do.
fn keystore(bytes: &[u8]) -> Option<&'static str> {
    let java = KEYSTORES.iter().find(|(begin, _)| bytes.starts_with(begin)).map(|(_, kind)| *kind);
    java.or_else(|| is_pfx(bytes).then_some("PKCS #12"))
}

/// Whether these bytes begin a PFX (RFC 7292, 4): a sequence of the version 3 and another one. Some tools leave its length
/// open (BER), so that of the rest nothing can be said.
fn is_pfx(bytes: &[u8]) -> bool {
    let [SEQUENCE, length, rest @ ..] = bytes else { return false };
    let more = if *length <= 0x80 { 0 } else { usize::from(length & 0x7f) };
    rest.get(more..).is_some_and(|content| content.starts_with(&[INTEGER, 1, 3, SEQUENCE]))
}

/// Whether these bytes are a certificate in outline (RFC 5280, 4.1), to the last one. A keystore (PKCS #12), a request, a
/// revocation list and a signature block are sequences too, and their hashes would be nobody's.
fn is_certificate(der: &[u8]) -> bool {
    signed_part(der).and_then(fields).is_some_and(|fields| {
        let tags: Vec<u8> = fields.iter().map(|(tag, _)| *tag).collect();
        let tags = tags.strip_prefix(&[VERSION]).unwrap_or(&tags);
        // The serial number, then algorithm, issuer, validity, subject and public key.
        tags.starts_with(&[INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE])
    })
}

/// What the signature of a certificate, a request or a list is of.
fn signed_part(der: &[u8]) -> Option<&[u8]> {
    let [(SEQUENCE, whole)] = fields(der)?[..] else { return None };
    let [(SEQUENCE, signed), (SEQUENCE, _), (BIT_STRING, _)] = fields(whole)?[..] else { return None };
    Some(signed)
}

/// The tags and contents that these bytes are a row of (X.690, 8.1); `None` when they are not.
fn fields(mut der: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut found = Vec::new();
    while let Some((&tag, rest)) = der.split_first() {
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..0x80 => (usize::from(first), rest),
            0x81..=0x83 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x0f))?;
                (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
            }
            // Without an end, or longer than any file that is read.
            0x80 | 0x84.. => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        if found.len() == FIELDS_MAX {
            return None;
        }
        found.push((tag, content));
        der = rest;
    }
    Some(found)
}

#[cfg(test)]
mod tests;
