//! What is left at the gateway. Owns the call and what its answers mean; shows neither the address nor a word of the answer.

use domain::credit::CreditBalance;
use domain::ports::chain;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde_json::Value;

use super::answer::pointer;
use super::body::Form;
use super::fault::HttpGatewaySettingsFault;
use super::headers::{Authentication, Headers, Reserved};
use super::settings::HttpGatewayCredit;
use super::target::target;
use super::template::{Filling, Stands, Words};
use super::{Unprepared, attempt_id, bytes};
use crate::gateway::{call, numbers};

/// How what is left is asked.
pub(super) struct CreditCall {
    url: Url,
    query: Form,
    headers: Headers,
    form: Form,
    pointer: String,
}

impl CreditCall {
    /// Reads the settings.
    pub(super) fn parse(
        settings: &HttpGatewayCredit,
        words: &Words<'_>,
        reserved: Reserved,
    ) -> Result<Self, HttpGatewaySettingsFault> {
        let HttpGatewayCredit { url, query, headers, form, pointer: place } = settings;
        pointer(place).map_err(|problem| problem.of("credit.pointer", ""))?;
        Ok(Self {
            url: target(url).map_err(|problem| problem.of("credit.url", ""))?,
            query: Form::parse("credit.query", query, words, Stands::Beside)?,
            headers: Headers::parse("credit.headers", headers, words, reserved)?,
            form: Form::parse("credit.form", form, words, Stands::Beside)?,
            pointer: place.clone(),
        })
    }

    /// Where it goes.
    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks once; tells the operator where that is not told.
    pub(super) async fn ask(
        &self,
        gateway: &str,
        client: &Client,
        authentication: &Authentication,
    ) -> Option<CreditBalance> {
        let request = match self.request(client) {
            Ok(request) => authentication.put(request),
            Err(error) => {
                tracing::warn!(
                    gateway,
                    error = chain(&error),
                    "asking what credits are left could not be tried"
                );
                return None;
            }
        };
        match answer(request).await {
            Ok((http_status, body)) => {
                let told = self.balance(http_status, body.as_deref().unwrap_or_default());
                if told.is_none() {
                    tracing::warn!(gateway, http_status, "what credits are left was not told");
                }
                told
            }
            Err(error) => {
                call::report_credit_broken(gateway, error);
                None
            }
        }
    }

    fn request(&self, client: &Client) -> Result<RequestBuilder, Unprepared> {
        let id = attempt_id()?;
        let filling = Filling::beside(&id);
        let mut url = self.url.clone();
        if !self.query.is_empty() {
            self.query.fill_query(&filling, &mut url);
        }
        let method = if self.form.is_empty() { Method::GET } else { Method::POST };
        let request = client.request(method, url).headers(self.headers.fill(&filling)?);
        if self.form.is_empty() {
            return Ok(request);
        }
        Ok(request.header(CONTENT_TYPE, Form::CONTENT_TYPE).body(bytes(self.form.fill(&filling))))
    }

    fn balance(&self, http_status: u16, body: &[u8]) -> Option<CreditBalance> {
        let json: Value = serde_json::from_slice(body).ok()?;
        let left = json.pointer(&self.pointer).and_then(numbers::number)?;
        (200..=299).contains(&http_status).then(|| numbers::balance(left))
    }
}

async fn answer(request: RequestBuilder) -> Result<(u16, Option<Vec<u8>>), reqwest::Error> {
    let response: Response = request.send().await?;
    let http_status = response.status().as_u16();
    Ok((http_status, call::read(response).await?))
}
