//! The load: starts and checks over connections that stay open, one call at a time on each. Every start has a phone
//! and an account of its own, every check has the right code, and every answer is looked at.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::Fallible;
use crate::service::Service;

/// Longer than any answer of a service that works.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Prefixes of Nepal Telecom and Ncell that are in use.
const PREFIXES: [&str; 4] = ["984", "980", "986", "981"];
const NUMBERS_PER_PREFIX: usize = 10_000_000;

/// What callers a load has, and where they call.
#[derive(Clone)]
pub(crate) struct Load {
    callers: Vec<Caller>,
    threads: Handle,
    next_number: Arc<AtomicUsize>,
}

/// One connection.
#[derive(Clone)]
struct Caller {
    http: reqwest::Client,
    url: String,
    key: String,
    accounts: bool,
}

/// A verification that was started.
#[derive(Clone)]
pub(crate) struct Started {
    id: String,
    phone: String,
}

/// What a phase took.
pub(crate) struct Phase {
    /// From the first call to the last answer.
    pub(crate) took: Duration,
    /// Of every call, shortest first.
    pub(crate) latencies: Vec<Duration>,
}

/// When a phase of starts ends: at whichever comes first.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) time: Duration,
    pub(crate) count: usize,
}

impl Load {
    /// Callers of this service, each with a connection of its own, on the threads of `threads`. No two loads that
    /// share `next_number` use the same phone.
    pub(crate) fn new(
        service: &Service,
        connections: usize,
        threads: &Handle,
        next_number: &Arc<AtomicUsize>,
    ) -> Fallible<Self> {
        let caller = || {
            let http = reqwest::Client::builder()
                .no_proxy()
                .http1_only()
                .tls_certs_only([])
                .pool_max_idle_per_host(1)
                .timeout(ANSWER_TIMEOUT)
                .build()?;
            Ok(Caller { http, url: service.url.clone(), key: service.key.clone(), accounts: true })
        };
        let callers = (0..connections).map(|_| caller()).collect::<Fallible<_>>()?;
        Ok(Self { callers, threads: threads.clone(), next_number: next_number.clone() })
    }

    /// The same connections, whose starts are each for an account of its own, or for none.
    pub(crate) fn with_accounts(mut self, accounts: bool) -> Self {
        for caller in &mut self.callers {
            caller.accounts = accounts;
        }
        self
    }

    /// Starts verifications until a bound is met.
    pub(crate) async fn starts(&self, bounds: Bounds) -> Fallible<(Phase, Vec<Started>)> {
        let begun = Instant::now();
        let left = Arc::new(AtomicUsize::new(bounds.count));
        let tasks = self.callers.iter().map(|caller| {
            let (caller, left, next_number) = (caller.clone(), left.clone(), self.next_number.clone());
            self.threads.spawn(async move {
                let mut done = Vec::new();
                while begun.elapsed() < bounds.time && take_one(&left) {
                    let number = next_number.fetch_add(1, Ordering::Relaxed);
                    let sent = Instant::now();
                    let started = caller.start(number).await?;
                    done.push((sent.elapsed(), started));
                }
                Ok(done)
            })
        });
        gather(begun, tasks.collect()).await
    }

    /// Checks all of these with their codes, by phone.
    pub(crate) async fn checks(
        &self,
        started: Vec<Started>,
        codes: HashMap<String, String>,
    ) -> Fallible<Phase> {
        let work = Arc::new((started, codes));
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let tasks = self.callers.iter().map(|caller| {
            let (caller, work, next) = (caller.clone(), work.clone(), next.clone());
            self.threads.spawn(async move {
                let (started, codes) = work.as_ref();
                let mut done = Vec::new();
                while let Some(one) = started.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let code = codes.get(&one.phone).ok_or("the gateway was never asked to send a code")?;
                    let sent = Instant::now();
                    caller.check(&one.id, code).await?;
                    done.push((sent.elapsed(), ()));
                }
                Ok(done)
            })
        });
        Ok(gather(begun, tasks.collect()).await?.0)
    }
}

impl Caller {
    async fn start(&self, number: usize) -> Fallible<Started> {
        let phone = phone(number)?;
        let body = if self.accounts {
            json!({"phone": phone, "account": format!("bench-{number}")})
        } else {
            json!({"phone": phone})
        };
        let (status, answer) = self.post("/v1/verifications", &body).await?;
        let is_right = answer["status"] == "pending" && answer["delivery"] == "sent";
        match answer["id"].as_str() {
            Some(id) if status == StatusCode::CREATED && is_right => Ok(Started { id: id.to_owned(), phone }),
            Some(_) | None => Err(format!("a start was answered with {status}: {answer}").into()),
        }
    }

    async fn check(&self, id: &str, code: &str) -> Fallible<()> {
        let (status, answer) =
            self.post(&format!("/v1/verifications/{id}/checks"), &json!({"code": code})).await?;
        if status == StatusCode::OK && answer["status"] == "approved" {
            return Ok(());
        }
        Err(format!("a check of the right code was answered with {status}: {answer}").into())
    }

    async fn post(&self, path: &str, body: &Value) -> Fallible<(StatusCode, Value)> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.key);
        let response =
            request.header("content-type", "application/json").body(body.to_string()).send().await?;
        let status = response.status();
        Ok((status, serde_json::from_slice(&response.bytes().await?)?))
    }
}

impl Phase {
    /// Calls per second.
    pub(crate) fn rate(&self) -> f64 {
        self.count() / self.took.as_secs_f64()
    }

    /// How many calls.
    pub(crate) fn count(&self) -> f64 {
        u32::try_from(self.latencies.len()).map_or(f64::INFINITY, f64::from)
    }

    /// The latency that this many of a thousand calls do not exceed.
    pub(crate) fn latency(&self, of_thousand: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * of_thousand / 1000).copied().unwrap_or_default()
    }
}

/// A task that has made calls, and what each took and gave.
type Task<T> = tokio::task::JoinHandle<Fallible<Vec<(Duration, T)>>>;

/// Waits for all tasks.
async fn gather<T>(begun: Instant, tasks: Vec<Task<T>>) -> Fallible<(Phase, Vec<T>)> {
    let (mut latencies, mut results) = (Vec::new(), Vec::new());
    for task in tasks {
        for (latency, result) in task.await?? {
            latencies.push(latency);
            results.push(result);
        }
    }
    let took = begun.elapsed();
    if latencies.is_empty() {
        return Err("there was nothing to do".into());
    }
    latencies.sort_unstable();
    Ok((Phase { took, latencies }, results))
}

fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// The phone of a number, E.164: neighbours have distant phones.
fn phone(number: usize) -> Fallible<String> {
    let prefix = PREFIXES.get(number / NUMBERS_PER_PREFIX).ok_or("there are no more phones")?;
    // Odd and no multiple of 5, so that no phone comes twice.
    let scattered = number % NUMBERS_PER_PREFIX * 7_654_321 % NUMBERS_PER_PREFIX;
    Ok(format!("+977{prefix}{scattered:07}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_phone_comes_twice() {
        let phones: HashSet<_> = (0..100_000).map(|number| phone(number).unwrap()).collect();
        assert_eq!(phones.len(), 100_000);
        assert!(phones.iter().all(|phone| phone.len() == 14));
    }

    #[test]
    fn a_percentile_is_a_latency_that_was_seen() {
        let latencies = (1..=101).map(Duration::from_millis).collect();
        let phase = Phase { took: Duration::from_secs(1), latencies };
        let told = [0, 500, 990, 1000].map(|of_thousand| phase.latency(of_thousand).as_millis());
        assert_eq!(told, [1, 51, 100, 101]);
    }
}
