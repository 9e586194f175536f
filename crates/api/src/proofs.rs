//! The keys by which proofs are checked, for everybody: a JSON Web Key Set (RFC 7517). Public, and the one answer that
//! may be kept by caches, because every service that checks proofs asks for it and it holds nothing of anybody.

use domain::proof::ProofKey;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::context::Context;
use crate::docs::Notes;
use crate::tags::ApiTags;

/// How long caches may keep them.
const CACHED: &str = "public, max-age=300";

/// The operations on proofs.
#[derive(Debug)]
pub(crate) struct ProofsApi;

/// The keys by which proofs are checked.
#[derive(Debug, Object)]
#[oai(example)]
pub(crate) struct ProofKeySet {
    /// The key that signs now first, then those that have signed before. None when this service signs no proofs.
    keys: Vec<ProofKeyResource>,
}

/// The public half of a key that signs proofs (RFC 7517, RFC 8037).
#[derive(Debug, Object)]
#[oai(rename = "ProofKey", example)]
pub(crate) struct ProofKeyResource {
    /// The type of the key: `OKP`.
    kty: String,
    /// The curve: `Ed25519`.
    crv: String,
    /// The key itself, base64url.
    x: String,
    /// Its name in the header of a proof: the thumbprint of the key (RFC 7638).
    kid: String,
    /// What it is for: `sig`, signatures.
    #[oai(rename = "use")]
    used_for: String,
    /// How it signs: `EdDSA`.
    alg: String,
}

impl From<&ProofKey> for ProofKeyResource {
    fn from(key: &ProofKey) -> Self {
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: key.coordinate(),
            kid: key.id.clone(),
            used_for: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
        }
    }
}

/// The keys, for five minutes.
#[derive(ApiResponse)]
enum Keys {
    /// The keys by which proofs are checked.
    #[oai(status = 200)]
    Published(
        Json<ProofKeySet>,
        /// How long they may be kept: five minutes, so that a new key is known before it is long in use.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[OpenApi(tag = "ApiTags::Proofs")]
impl ProofsApi {
    /// Keys of proofs
    ///
    /// The public keys by which the `proof` of an approved check is verified, without a call to this service. For
    /// everybody; a JSON Web Key Set.
    #[oai(path = "/.well-known/jwks.json", method = "get", operation_id = "listProofKeys")]
    #[expect(clippy::unused_async, reason = "an operation is asynchronous")]
    async fn keys(&self, context: Data<&Context>) -> Keys {
        let signer = context.verifier.ports.proofs.as_ref();
        let keys = signer.map(|signer| signer.keys().iter().map(Into::into).collect()).unwrap_or_default();
        Keys::Published(Json(ProofKeySet { keys }), CACHED.to_owned())
    }
}

// The key of RFC 8037, appendix A.
impl Example for ProofKeyResource {
    fn example() -> Self {
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
            kid: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned(),
            used_for: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
        }
    }
}

impl Example for ProofKeySet {
    fn example() -> Self {
        Self { keys: vec![ProofKeyResource::example()] }
    }
}

/// What the document says of these operations beyond their types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.open(["EdDSA"], &["ProofKey.alg"]);
}
