//! What a verified token says. Owns time, audience, issuer and the name; never a signature.

use std::time::Duration;

use domain::account::Username;
use domain::time::Timestamp;
use serde_json::{Map, Value};

/// What the claims of a token must be.
#[derive(Debug)]
pub(super) struct Demands {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) leeway: Duration,
    pub(super) username_claim: String,
}

impl Demands {
    /// The account that the claims name at `now`, if they are as demanded.
    pub(super) fn username(&self, claims: &Map<String, Value>, now: Timestamp) -> Option<Username> {
        let is_as_demanded = self.is_issuer(claims.get("iss")?)
            && self.is_audience(claims.get("aud")?)
            && self.is_in_force(claims, now)?;
        let name = claims.get(&self.username_claim)?.as_str()?;
        is_as_demanded.then(|| Username::parse(name).ok())?
    }

    fn is_issuer(&self, claim: &Value) -> bool {
        claim.as_str() == Some(self.issuer.as_str())
    }

    /// One text, or several of which one is ours.
    fn is_audience(&self, claim: &Value) -> bool {
        let is_ours = |one: &Value| one.as_str() == Some(self.audience.as_str());
        match claim {
            Value::String(_) => is_ours(claim),
            Value::Array(all) => all.iter().all(Value::is_string) && all.iter().any(is_ours),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        }
    }

    /// Whether the time has come and is not over; `None` when a claim is missing or no time.
    fn is_in_force(&self, claims: &Map<String, Value>, now: Timestamp) -> Option<bool> {
        let leeway = self.leeway.as_secs_f64();
        let now = now.as_duration().as_secs_f64();
        let expires_at = claims.get("exp")?.as_f64()?;
        let begins_at = claims.get("nbf").map_or(Some(f64::NEG_INFINITY), Value::as_f64)?;
        // When it was issued decides nothing, but must make sense.
        claims.get("iat").map_or(Some(0.0), Value::as_f64)?;
        Some(now < expires_at + leeway && begins_at <= now + leeway)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_768_464_000;

    fn demands() -> Demands {
        Demands {
            issuer: "https://sign-in.example".to_owned(),
            audience: "verify".to_owned(),
            leeway: Duration::from_secs(30),
            username_claim: "sub".to_owned(),
        }
    }

    /// The name of a token with these claims in the place of good ones; null takes one away.
    fn name(changes: &Value, millis: i64) -> Option<String> {
        let mut claims = json!({
            "iss": "https://sign-in.example", "aud": "verify", "sub": "ram", "exp": NOW + 60, "iat": NOW,
        });
        for (claim, value) in changes.as_object().unwrap() {
            claims[claim] = value.clone();
        }
        let claims: Map<_, _> =
            claims.as_object().unwrap().clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
        let now = Timestamp::from_millisecond(NOW * 1000 + millis).unwrap();
        demands().username(&claims, now).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn good_claims_name_an_account() {
        for changes in [
            json!({}),
            json!({"aud": ["other", "verify"]}),
            json!({"nbf": NOW}),
            json!({"nbf": NOW + 30}),
            json!({"exp": NOW - 29}),
            json!({"exp": 1e300}),
            json!({"exp": f64::from(1_768_464_000) + 0.5}),
            json!({"iat": null}),
        ] {
            assert_eq!(name(&changes, 0).as_deref(), Some("ram"), "{changes}");
        }
        assert_eq!(name(&json!({"sub": "राम थापा"}), 0).as_deref(), Some("राम थापा"));
    }

    #[test]
    fn the_leeway_ends_to_the_millisecond() {
        assert!(name(&json!({}), 89_999).is_some());
        assert!(name(&json!({}), 90_000).is_none());
        assert!(name(&json!({"nbf": NOW + 31}), 1_000).is_some());
        assert!(name(&json!({"nbf": NOW + 31}), 999).is_none());
    }

    #[test]
    fn other_claims_name_nobody() {
        for changes in [
            json!({"exp": null}),
            json!({"exp": NOW - 30}),
            json!({"exp": (NOW + 60).to_string()}),
            json!({"exp": true}),
            json!({"exp": -1}),
            json!({"exp": [NOW + 60]}),
            json!({"nbf": NOW + 31}),
            json!({"nbf": "0"}),
            json!({"nbf": {}}),
            json!({"iat": "now"}),
            json!({"iss": null}),
            json!({"iss": "https://evil.example"}),
            json!({"iss": "https://sign-in.example/"}),
            json!({"iss": ["https://sign-in.example"]}),
            json!({"aud": null}),
            json!({"aud": "other"}),
            json!({"aud": "VERIFY"}),
            json!({"aud": []}),
            json!({"aud": ["verify", 7]}),
            json!({"aud": {"verify": true}}),
            json!({"sub": null}),
            json!({"sub": ""}),
            json!({"sub": 7}),
            json!({"sub": ["ram"]}),
            json!({"sub": " ram"}),
            json!({"sub": "r\u{0}am"}),
            json!({"sub": "x".repeat(151)}),
        ] {
            assert_eq!(name(&changes, 0), None, "{changes}");
        }
    }

    #[test]
    fn another_claim_may_name_the_account() {
        let demands = Demands { username_claim: "https://x.example/name".to_owned(), ..demands() };
        let claims = json!({
            "iss": "https://sign-in.example", "aud": "verify", "sub": "7", "exp": NOW + 60,
            "https://x.example/name": "sita",
        });
        let name = demands.username(claims.as_object().unwrap(), Timestamp::from_second(NOW).unwrap());
        assert_eq!(name, Username::parse("sita").ok());
    }
}
