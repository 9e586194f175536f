//! The service's own statements, run by pgbench: what PostgreSQL can do with them when nobody is in between.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

use crate::Fallible;
use crate::cpu;
use crate::pg_values::{Written, types, written};
use crate::postgres_tongue::{Parameter, Statement};

/// Makes the script of one call from what the service said in two such calls: where both bound the same, it is
/// bound here; where they differ, each run of the script has a value of its own.
///
/// One writer is for a start and its check, so that a check finds what its start has made.
#[derive(Default)]
pub(crate) struct Writer {
    /// What the first of both calls has bound and the other has not, and its number.
    own: HashMap<Vec<u8>, usize>,
    /// What is the same in every call: `:c0` and so on. It is bound too, so that it is planned as the service's is.
    same: Vec<String>,
}

impl Writer {
    /// Numbers the runs: `:n` is its own for each, and the same for the start and the check of the same turn.
    const HEAD: &str = "\\set i :i + 1\n\\set n :base + (:client_id + 1) * 1000000 + :i\n";

    pub(crate) fn script(&mut self, calls: [&[Statement]; 2]) -> Fallible<String> {
        let [one, other] = calls;
        let same = |(one, other): (&Statement, &Statement)| one.text == other.text;
        if one.is_empty() || one.len() != other.len() || !one.iter().zip(other).all(same) {
            return Err(format!("two calls have said different things: {one:?} and {other:?}").into());
        }
        let mut script = Self::HEAD.to_owned();
        for (one, other) in one.iter().zip(other) {
            let pairs = one.parameters.iter().zip(&other.parameters);
            let values =
                pairs.map(|(one, other)| self.expression(one, other)).collect::<Fallible<Vec<_>>>()?;
            script.push_str(&filled(&one.text, &values)?);
            script.push_str(";\n");
        }
        Ok(script)
    }

    fn expression(&mut self, one: &Parameter, other: &Parameter) -> Fallible<String> {
        let (Some(value), true) = (&one.value, one != other) else { return self.same(one) };
        let number = self.own.len();
        let number = *self.own.entry(value.clone()).or_insert(number);
        // A query of its own is to the planner what a parameter is; an expression would have a cost, and change plans.
        match one.type_id {
            types::UUID => Ok(format!("(SELECT lpad(to_hex(:n::int8 * 64 + {number}), 32, '0')::uuid)")),
            types::TEXT | types::VARCHAR => Ok(format!("(SELECT 'bench-{number}-' || :n::text)")),
            // Of SHA-256, so that they are as scattered as seals and nonces are.
            types::BYTEA if value.len() <= 32 => {
                let length = value.len();
                Ok(format!("(SELECT substring(sha256(('{number}-' || :n::text)::bytea) for {length}))"))
            }
            // Instants, which pass: those of the first call do.
            _ => self.same(one),
        }
    }

    fn same(&mut self, parameter: &Parameter) -> Fallible<String> {
        let Written { text, type_name } = written(parameter)?;
        let Some(text) = text else { return Ok(format!("NULL::{type_name}")) };
        let place = self.same.iter().position(|same| *same == text).unwrap_or_else(|| {
            self.same.push(text);
            self.same.len() - 1
        });
        Ok(format!(":c{place}::{type_name}"))
    }

    /// What the scripts take from the command line: `c0=...` and so on.
    pub(crate) fn definitions(self) -> Vec<String> {
        self.same.into_iter().enumerate().map(|(place, text)| format!("c{place}={text}")).collect()
    }
}

/// The text with its `$1`, `$2` and so on in place.
fn filled(text: &str, values: &[String]) -> Fallible<String> {
    let mut parts = text.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        let value = number.parse::<usize>().ok().and_then(|number| values.get(number.checked_sub(1)?));
        filled.push_str(value.ok_or_else(|| format!("no value for ${number} in: {text}"))?);
        filled.push_str(rest);
    }
    Ok(filled)
}

/// PostgreSQL plans a prepared statement anew for its first five runs on a connection.
const COLD_TURNS: usize = 20;

/// What pgbench found once it was warm.
pub(crate) struct Found {
    /// Runs of the script per second.
    pub(crate) rate: f64,
    /// On the average.
    pub(crate) latency: Duration,
    /// CPU time of the server per run.
    pub(crate) cpu: Duration,
}

/// One run of pgbench.
pub(crate) struct Run<'a> {
    pub(crate) url: &'a str,
    /// The process of the server.
    pub(crate) server: u32,
    pub(crate) script: &'a Path,
    /// What the script takes from the command line.
    pub(crate) definitions: &'a [String],
    pub(crate) clients: usize,
    /// Runs of the script by each client.
    pub(crate) turns: usize,
    /// Of runs that are to have values of their own.
    pub(crate) base: u64,
    pub(crate) warm_up: Duration,
}

impl Run<'_> {
    /// Runs it to its end.
    pub(crate) async fn to_end(&self) -> Fallible<Found> {
        let mut child = self.command().spawn().map_err(|error| format!("could not run pgbench: {error}"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (mut stdout, stderr) = stdout.zip(stderr).ok_or("pgbench has no output")?;
        let mut told = String::new();
        let listen = async {
            let (mut tally, mut complaint) =
                (Tally::after(self.warm_up, self.clients * COLD_TURNS), String::new());
            let mut lines = BufReader::new(stderr).lines();
            while let Some(line) = lines.next_line().await? {
                match Progress::parse(&line) {
                    Some(progress) => tally.add(&progress, cpu::of_process(self.server)?),
                    None => complaint.push_str(&line),
                }
            }
            Fallible::Ok((tally, complaint))
        };
        let (_, heard) = tokio::join!(stdout.read_to_string(&mut told), listen);
        let (tally, complaint) = heard?;
        let wanted = self.clients * self.turns;
        let done = told.contains(&format!("actually processed: {wanted}/{wanted}"));
        if !child.wait().await?.success() || !done {
            return Err(format!("pgbench failed: {complaint}{told}").into());
        }
        tally.found().ok_or_else(|| "pgbench was done before it was warm: measure for longer".into())
    }

    fn command(&self) -> Command {
        let mut command = Command::new("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--progress=1", "--define=i=0"]);
        command.arg(format!("--define=base={}", self.base));
        command.args(self.definitions.iter().map(|definition| format!("--define={definition}")));
        command.arg(format!("--client={}", self.clients)).arg(format!("--transactions={}", self.turns));
        command.arg("--file").arg(self.script).arg(self.url);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

/// What pgbench says of a second.
struct Progress {
    at: f64,
    rate: f64,
    millis: f64,
}

impl Progress {
    /// Parses `progress: 2.0 s, 873.0 tps, lat 73.3 ms stddev 9.1, 0 failed`.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("progress: ")?.split(", ");
        let mut number = |prefix: &str| -> Option<f64> {
            words.next()?.strip_prefix(prefix)?.split(' ').next()?.parse().ok()
        };
        Some(Self { at: number("")?, rate: number("")?, millis: number("lat ")? })
    }
}

/// What was told behind the warm-up.
struct Tally {
    warm_up: Duration,
    /// Runs that there must be in the warm-up.
    cold_runs: f64,
    begun: Option<(f64, Duration)>,
    last: f64,
    last_cpu: Duration,
    runs: f64,
    millis: f64,
}

impl Tally {
    fn after(warm_up: Duration, cold_runs: usize) -> Self {
        let cold_runs = u32::try_from(cold_runs).map_or(f64::INFINITY, f64::from);
        Self { warm_up, cold_runs, begun: None, last: 0.0, last_cpu: Duration::ZERO, runs: 0.0, millis: 0.0 }
    }

    fn add(&mut self, progress: &Progress, cpu: Duration) {
        let runs = progress.rate * (progress.at - self.last);
        (self.last, self.last_cpu) = (progress.at, cpu);
        if self.begun.is_some() {
            self.runs += runs;
            self.millis += runs * progress.millis;
            return;
        }
        self.cold_runs -= runs;
        if self.cold_runs <= 0.0 && progress.at >= self.warm_up.as_secs_f64() {
            self.begun = Some((progress.at, cpu));
        }
    }

    fn found(&self) -> Option<Found> {
        let (begun, cpu_begun) = self.begun.filter(|_| self.runs > 0.0)?;
        let per_run = |total: Duration| Duration::try_from_secs_f64(total.as_secs_f64() / self.runs).ok();
        Some(Found {
            rate: self.runs / (self.last - begun),
            latency: Duration::try_from_secs_f64(self.millis / self.runs / 1e3).ok()?,
            cpu: per_run(self.last_cpu.saturating_sub(cpu_begun))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(id: u8, count: i32) -> Statement {
        let id = Parameter { type_id: types::UUID, binary: true, value: Some(vec![id; 16]) };
        let count =
            Parameter { type_id: types::INT4, binary: true, value: Some(count.to_be_bytes().to_vec()) };
        Statement { text: "UPDATE t SET c = $2 WHERE id = $1".into(), parameters: vec![id, count] }
    }

    #[test]
    fn what_differs_is_each_runs_own_and_a_check_finds_what_its_start_made() {
        let mut writer = Writer::default();
        let start = writer.script([&[statement(1, 5)], &[statement(2, 5)]]).unwrap();
        let id = "(SELECT lpad(to_hex(:n::int8 * 64 + 0), 32, '0')::uuid)";
        assert!(start.ends_with(&format!("UPDATE t SET c = :c0::int4 WHERE id = {id};\n")), "{start}");
        let check = writer.script([&[statement(1, 6)], &[statement(2, 6)]]).unwrap();
        assert!(check.contains(id), "{check}");
        assert_eq!(writer.definitions(), ["c0=5", "c1=6"]);
    }

    #[test]
    fn calls_that_said_different_things_make_no_script() {
        assert!(Writer::default().script([&[statement(1, 5)], &[]]).is_err());
    }

    #[test]
    fn ten_is_not_one() {
        let values: Vec<_> = (1..=10).map(|number| format!("<{number}>")).collect();
        assert_eq!(filled("$10, $1", &values).unwrap(), "<10>, <1>");
        assert!(filled("$11", &values).is_err());
    }

    #[test]
    fn what_came_before_it_was_warm_does_not_count() {
        let mut tally = Tally::after(Duration::from_secs(1), 15);
        let lines = [
            "progress: 1.0 s, 5.0 tps, lat 900.000 ms stddev 1.0, 0 failed",
            "progress: 2.0 s, 10.0 tps, lat 500.000 ms stddev 1.0, 0 failed",
            "progress: 3.0 s, 100.0 tps, lat 10.000 ms stddev 1.0, 0 failed",
            "progress: 4.0 s, 300.0 tps, lat 20.000 ms stddev 1.0, 0 failed",
        ];
        for (line, second) in lines.into_iter().zip(1..) {
            let progress = Progress::parse(line).unwrap();
            tally.add(&progress, Duration::from_millis(second * 100));
        }
        let found = tally.found().unwrap();
        assert!((found.rate - 200.0).abs() < 0.1, "{}", found.rate);
        assert!((found.latency.as_secs_f64() - 0.0175).abs() < 0.0001, "{:?}", found.latency);
        assert_eq!(found.cpu, Duration::from_micros(500));
    }
}
