//! What is left at Sparrow: `GET /v2/credit/?token=...`. Owns the call and what its answers mean. Sparrow takes the token in
//! the address, so that nothing here ever shows one.

use domain::credit::CreditBalance;
use reqwest::{Client, Url};
use serde_json::{Map, Value};

use super::answer::{meaning, number, short};
use super::settings::SparrowToken;
use crate::gateway::{call, numbers};

/// Sparrow's word for having nothing left.
const NO_CREDITS: u16 = 1012;

/// Asks what is left, once; tells the operator where that is not told.
pub(super) async fn ask(
    gateway: &str,
    client: &Client,
    endpoint: &Url,
    token: &SparrowToken,
) -> Option<CreditBalance> {
    let response = match client.get(endpoint.clone()).query(&[("token", token.reveal())]).send().await {
        Ok(response) => response,
        Err(error) => {
            call::report_credit_broken(gateway, error);
            return None;
        }
    };
    let http_status = response.status().as_u16();
    let body = match call::read(response).await {
        Ok(body) => body,
        Err(error) => {
            call::report_credit_broken(gateway, error);
            return None;
        }
    };
    let said = Said::read(body.as_deref().unwrap_or_default());
    let told = said.balance(http_status);
    if told.is_none() {
        tracing::warn!(
            gateway,
            http_status,
            response_code = said.response_code,
            meaning = said.response_code.map(meaning),
            "what credits are left was not told"
        );
    }
    told
}

/// The numbers of the answer, as far as they could be read.
#[derive(Debug, Default)]
struct Said {
    response_code: Option<u16>,
    credits_available: Option<f64>,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let fields: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        Self {
            response_code: short(&fields, "response_code"),
            credits_available: number(&fields, "credits_available"),
        }
    }

    fn balance(&self, http_status: u16) -> Option<CreditBalance> {
        match (http_status, self.response_code) {
            (200, Some(200)) => self.credits_available.map(numbers::balance),
            (200 | 403, Some(NO_CREDITS)) => Some(CreditBalance::default()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(http_status: u16, body: &str) -> Option<u64> {
        Said::read(body.as_bytes()).balance(http_status).map(CreditBalance::thousandths)
    }

    #[test]
    fn what_is_left_is_read_in_every_spelling() {
        for (credits, thousandths) in [
            ("70", 70_000),
            ("70.25", 70_250),
            ("\"70.0\"", 70_000),
            ("0", 0),
            ("-0.0", 0),
            ("-3", 0),
            ("1e300", CreditBalance::MAX.thousandths()),
        ] {
            let body =
                format!(r#"{{"credits_available": {credits}, "credits_consumed": 9, "response_code": 200}}"#);
            assert_eq!(told(200, &body), Some(thousandths), "{credits}");
        }
    }

    #[test]
    fn having_none_is_told_by_a_refusal_and_nothing_else_is() {
        assert_eq!(told(403, r#"{"response_code": 1012, "response": "No Credits Available"}"#), Some(0));
        for (status, body) in [
            (403, r#"{"response_code": 1002}"#),
            (403, r#"{"credits_available": 5}"#),
            (200, r#"{"credits_available": 5}"#),
            (200, r#"{"credits_available": "many", "response_code": 200}"#),
            (200, r#"{"credits_available": null, "response_code": 200}"#),
            (500, r#"{"credits_available": 5, "response_code": 200}"#),
            (302, r#"{"response_code": 1012}"#),
            (200, "<html>"),
            (200, ""),
        ] {
            assert_eq!(told(status, body), None, "{status} {body}");
        }
    }
}
