//! `[auth]` and the `jwt` of each application: how long a credential is believed, and whose tokens are trusted beside our own. Owns
//! which settings of an issuer go together.

use std::path::PathBuf;
use std::time::Duration;

use adapters::jwt::{JwksSource, JwtAlgorithm, JwtKey, JwtKeys, JwtSettings, KeeperTiming};
use domain::application::ApplicationId;
use poem::http::Uri;
use serde_json::{Value, json};

use super::applications::Place;
use super::raw::{self, Raw, variable};
use super::reader::{Reader, SecretKeys};
use super::secrets::strong;
use super::setting::{Setting, from_text};
use super::sparrow::is_this_machine;

/// The keys of one application's `jwt`.
struct Keys {
    issuer: String,
    audience: String,
    algorithms: String,
    leeway: String,
    username_claim: String,
    jwks_url: String,
    jwks_file: String,
    secret: String,
    secret_file: String,
    public_key_file: String,
}

impl Keys {
    fn below(prefix: &str) -> Self {
        let key = |name: &str| format!("{prefix}.jwt.{name}");
        Self {
            issuer: key("issuer"),
            audience: key("audience"),
            algorithms: key("algorithms"),
            leeway: key("leeway"),
            username_claim: key("username_claim"),
            jwks_url: key("jwks_url"),
            jwks_file: key("jwks_file"),
            secret: key("secret"),
            secret_file: key("secret_file"),
            public_key_file: key("public_key_file"),
        }
    }

    fn secret(&self) -> SecretKeys<'_> {
        SecretKeys { value: &self.secret, file: &self.secret_file }
    }

    /// Where the keys of an issuer may come from.
    fn sources(&self) -> [&str; 5] {
        [&self.jwks_url, &self.jwks_file, &self.secret, &self.secret_file, &self.public_key_file]
    }
}

/// How long a credential is believed without a look into the database. Default 5 s.
pub(super) fn cache_for(reader: &mut Reader) -> Duration {
    let second = Duration::from_secs(1);
    reader.within("auth.cache_for", 5 * second, Duration::ZERO..=10 * second)
}

/// The issuers that are trusted: one of each application at most.
pub(super) fn jwt(reader: &mut Reader, places: &[Place]) -> Vec<JwtSettings> {
    let mut all: Vec<JwtSettings> = Vec::new();
    for place in places {
        let keys = Keys::below(&place.prefix);
        let Some(settings) = settings(reader, &keys, &place.id) else { continue };
        let same =
            |other: &JwtSettings| (&other.issuer, &other.audience) == (&settings.issuer, &settings.audience);
        if let Some(other) = all.iter().find(|other| same(other)) {
            let problem = format!(
                "is that of the application `{}`, whose issuer is the same: a token would be for both",
                other.application
            );
            reader.fault(&keys.audience, problem);
        }
        all.push(settings);
    }
    all
}

/// The issuer of one application; `None` when there is none, or something is wrong with it.
fn settings(reader: &mut Reader, names: &Keys, application: &ApplicationId) -> Option<JwtSettings> {
    let issuer = reader.optional::<Name>(&names.issuer);
    let audience = reader.optional::<Name>(&names.audience);
    let algorithms = reader.optional::<Vec<JwtAlgorithm>>(&names.algorithms);
    let longest = Duration::from_mins(5);
    let leeway = reader.within(&names.leeway, Duration::from_secs(30), Duration::ZERO..=longest);
    let username_claim = reader.setting(&names.username_claim, Name("sub".to_owned())).0;
    let keys = keys(reader, names);
    let sources: Vec<&str> = names.sources().into_iter().filter(|key| reader.is_set(key)).collect();
    if sources.is_empty() && !reader.is_set(&names.issuer) && !reader.is_set(&names.audience) {
        return None;
    }
    for (key, what) in [(&names.issuer, "`iss`"), (&names.audience, "`aud`")] {
        if !reader.is_set(key) {
            let problem = format!("is missing; set it ({}) to the {what} of the tokens", variable(key));
            reader.missing(key, problem);
        }
    }
    if sources.is_empty() {
        let problem = format!("is missing; set it or one of {}", listed(&names.sources()[1..]));
        reader.missing(&names.jwks_url, problem);
    }
    // A secret that is given twice was told of already.
    if let [first, second, ..] = sources[..]
        && (first, second) != (names.secret.as_str(), names.secret_file.as_str())
    {
        reader.fault(second, format!("is set together with `{first}`; keep one of them"));
    }
    let keys = keys?;
    let algorithms = allowed(reader, &names.algorithms, algorithms, &keys)?;
    Some(JwtSettings {
        application: application.clone(),
        issuer: issuer?.0,
        audience: audience?.0,
        algorithms,
        leeway,
        username_claim,
        keys,
    })
}

/// What tokens are verified with. All keys are read, whichever is meant, so that all faults are told.
fn keys(reader: &mut Reader, names: &Keys) -> Option<JwtKeys> {
    let url = reader.optional::<JwksUrl>(&names.jwks_url);
    let file = jwks_file(reader, &names.jwks_file);
    let secret = reader.secret(names.secret()).and_then(|found| {
        let key = strong(&found.value).and_then(|()| {
            JwtKey::from_secret(found.value.expose().as_bytes()).map_err(|fault| fault.to_string())
        });
        reader.reported(found.key, key)
    });
    let public = public_key(reader, &names.public_key_file);
    let url = url.map(|url| JwtKeys::Published(JwksSource::Url(url.0), KeeperTiming::URL));
    let file = file.map(|path| JwtKeys::Published(JwksSource::File(path), KeeperTiming::FILE));
    url.or(file).or_else(|| secret.or(public).map(JwtKeys::Fixed))
}

/// A file that can be read now; it may change later.
fn jwks_file(reader: &mut Reader, key: &str) -> Option<PathBuf> {
    let path = reader.path(key)?;
    let text = text_of(reader, key, &path)?;
    let is_set = serde_json::from_str::<Value>(&text).is_ok_and(|set| set["keys"].is_array());
    if !is_set {
        reader.fault(key, "must name a file with a set of keys (JWKS), such as {\"keys\": [...]}");
    }
    is_set.then_some(path)
}

fn public_key(reader: &mut Reader, key: &str) -> Option<JwtKey> {
    let path = reader.path(key)?;
    let text = text_of(reader, key, &path)?;
    let read = JwtKey::from_pem(&text).map_err(|fault| fault.to_string());
    reader.reported(key, read)
}

fn text_of(reader: &mut Reader, key: &str, path: &std::path::Path) -> Option<zeroize::Zeroizing<String>> {
    let text = raw::file_text(path).map_err(|problem| format!("names {}, which {problem}", path.display()));
    reader.reported(key, text)
}

/// The algorithms that are allowed: a secret is for one, published keys are for the others, and never both.
fn allowed(
    reader: &mut Reader,
    key: &str,
    told: Option<Vec<JwtAlgorithm>>,
    keys: &JwtKeys,
) -> Option<Vec<JwtAlgorithm>> {
    let possible = match keys {
        JwtKeys::Fixed(key) => vec![key.algorithm()],
        JwtKeys::Published(..) => JwtAlgorithm::PUBLIC.to_vec(),
    };
    let Some(told) = told else { return Some(possible) };
    if told.is_empty() || told.iter().any(|algorithm| !possible.contains(algorithm)) {
        let names: Vec<_> = possible.iter().map(|algorithm| format!("\"{algorithm}\"")).collect();
        reader.fault(key, format!("must be of these, with such keys: {}", names.join(", ")));
        return None;
    }
    Some(told)
}

fn listed(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// An issuer, an audience or the name of a claim.
struct Name(String);

impl Setting for Name {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be text of 1 to 512 bytes, without spaces around it", |text| {
            let is_one = (1..=512).contains(&text.len())
                && text.trim().len() == text.len()
                && !text.contains(char::is_control);
            is_one.then(|| Self(text.to_owned()))
        })
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

impl Setting for JwtAlgorithm {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = "must be \"RS256\", \"ES256\", \"EdDSA\" or \"HS256\"";
        from_text(raw, allowed, Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

/// Where an issuer publishes its keys.
struct JwksUrl(String);

impl Setting for JwksUrl {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = "must be an address such as https://sign-in.example.com/.well-known/jwks.json, without user or \
                       fragment; plain http is for 127.0.0.1, [::1] and localhost only";
        from_text(raw, allowed, |text| {
            let url: Uri = text.parse().ok()?;
            let (scheme, authority) = (url.scheme_str()?, url.authority()?);
            let host = authority.host();
            let whole = authority.as_str().ends_with(host) || authority.port_u16().is_some();
            let plain = whole && !host.is_empty() && !authority.as_str().contains('@') && !text.contains('#');
            let secure = scheme.eq_ignore_ascii_case("https");
            let here = scheme.eq_ignore_ascii_case("http") && is_this_machine(host);
            (plain && (secure || here)).then(|| Self(text.to_owned()))
        })
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_https_or_this_machine() {
        let read = |url: &str| JwksUrl::read(&Raw::Text(url.to_owned().into())).map(|url| url.0);
        for url in [
            "https://sign-in.example/.well-known/jwks.json",
            "HTTPS://sign-in.example:8443/keys?policy=a",
            "http://127.0.0.1:4010/jwks.json",
            "http://[::1]/",
            "http://localhost:80/keys",
        ] {
            assert_eq!(read(url).as_deref(), Ok(url));
        }
        for url in [
            "",
            "/keys",
            "sign-in.example/keys",
            "http://sign-in.example/keys",
            "http://10.0.0.1/keys",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "https://user:private@sign-in.example/",
            "https://sign-in.example/#private",
            "https://host:port/",
            "file:///etc/passwd",
            "ftp://localhost/keys",
        ] {
            let problem = read(url).unwrap_err();
            assert!(!problem.contains("private"), "{url}");
        }
    }
}
