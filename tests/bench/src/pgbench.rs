//! The service's own statements, run by pgbench: what PostgreSQL can do with them when nobody is in between.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use crate::Fallible;
use crate::pg_values::{literal, types};
use crate::postgres_tongue::{Parameter, Statement};

/// Makes the script of one call from what the service said in two such calls: where both bound the same, it is
/// bound here; where they differ, each run of the script has a value of its own.
///
/// One writer is for a start and its check, so that a check finds what its start has made.
#[derive(Default)]
pub(crate) struct Writer {
    /// What the first of both calls has bound, and its number.
    own: HashMap<Vec<u8>, usize>,
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
        let (Some(value), true) = (&one.value, one != other) else { return literal(one) };
        let number = self.own.len();
        let number = *self.own.entry(value.clone()).or_insert(number);
        match one.type_id {
            types::UUID => Ok(format!("lpad(to_hex(:n::int8 * 64 + {number}), 32, '0')::uuid")),
            types::TEXT | types::VARCHAR => Ok(format!("('bench-{number}-' || :n::text)")),
            // Of SHA-256, so that they are as scattered as seals and nonces are.
            types::BYTEA if value.len() <= 32 => {
                let length = value.len();
                Ok(format!("substring(sha256(('{number}-' || :n::text)::bytea) for {length})"))
            }
            // Instants, which pass: those of the first call do.
            _ => literal(one),
        }
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

/// What pgbench found.
pub(crate) struct Found {
    pub(crate) rate: f64,
    pub(crate) latency: Duration,
}

/// One run of pgbench.
pub(crate) struct Run<'a> {
    pub(crate) url: &'a str,
    pub(crate) script: &'a Path,
    pub(crate) clients: usize,
    /// Runs of the script by each client.
    pub(crate) turns: usize,
    /// Of runs that are to have values of their own.
    pub(crate) base: u64,
}

impl Run<'_> {
    /// Runs it to its end.
    pub(crate) async fn to_end(&self) -> Fallible<Found> {
        let mut command = Command::new("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--define=i=0"]);
        command.arg(format!("--define=base={}", self.base));
        command.arg(format!("--client={}", self.clients)).arg(format!("--transactions={}", self.turns));
        command.arg("--file").arg(self.script).arg(self.url).kill_on_drop(true);
        let output = command.output().await.map_err(|error| format!("could not run pgbench: {error}"))?;
        let (told, complaint) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
        let wanted = self.clients * self.turns;
        if !output.status.success() || !told.contains(&format!("actually processed: {wanted}/{wanted}")) {
            return Err(format!("pgbench failed: {complaint}{told}").into());
        }
        let number = |before: &str| -> Option<f64> {
            told.split_once(before)?.1.split_whitespace().next()?.parse().ok()
        };
        let (Some(rate), Some(millis)) = (number("tps = "), number("latency average = ")) else {
            return Err(format!("pgbench told no rate: {told}").into());
        };
        Ok(Found { rate, latency: Duration::from_secs_f64(millis / 1e3) })
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
        let id = "lpad(to_hex(:n::int8 * 64 + 0), 32, '0')::uuid";
        assert!(start.ends_with(&format!("UPDATE t SET c = '5'::int4 WHERE id = {id};\n")), "{start}");
        let check = writer.script([&[statement(1, 6)], &[statement(2, 6)]]).unwrap();
        assert!(check.contains(id), "{check}");
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
}
