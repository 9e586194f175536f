//! What a server is asked. Owns the keys, the scripts and the form of their answers.
//!
//! A key is `prefix:{whom it is about}:limit:window`. On a cluster the part in braces decides where it lives, so that
//! all counters about one subject are together.

use std::sync::LazyLock;

use domain::limit::{Counter, CounterKey, Member, Take, Usage};
use domain::time::{Timestamp, after};
use redis::{Arg, Cmd, Script, Value, cmd};

use super::slots::{self, Slot};

/// How much longer than its members a counter is kept, in milliseconds: more than the clocks of replicas may differ.
const SLACK: u64 = 60_000;
/// How long what was taken is young, in milliseconds: about as long as it takes to give it back when it was refused
/// elsewhere.
const YOUTH: u64 = 500;
/// How long a note of `undo.lua` is kept, in milliseconds: longer than a take and its undoing can be apart.
const NOTE_LIFE: u64 = 60_000;
/// Fractions of a millisecond that `take.lua` tells apart.
const MARKS: u16 = 1024;

static TAKE: LazyLock<StoredScript> = LazyLock::new(|| StoredScript::new(include_str!("take.lua")));
static UNDO: LazyLock<StoredScript> = LazyLock::new(|| StoredScript::new(include_str!("undo.lua")));

/// A script that servers keep under its hash.
#[derive(Debug)]
pub(super) struct StoredScript {
    code: &'static str,
    hash: String,
}

impl StoredScript {
    fn new(code: &'static str) -> Self {
        Self { code, hash: Script::new(code).get_hash().to_owned() }
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// The command that makes a server keep it.
    pub(super) fn load(&self) -> Cmd {
        let mut command = cmd("SCRIPT");
        command.arg("LOAD").arg(self.code);
        command
    }

    fn run(&'static self, slot: Slot, keys: &[String]) -> Call {
        let mut command = cmd("EVALSHA");
        command.arg(&self.hash).arg(keys.len()).arg(keys);
        Call { slot, command, script: Some(self) }
    }
}

/// One question to the server that keeps a slot.
pub(super) struct Call {
    slot: Slot,
    command: Cmd,
    script: Option<&'static StoredScript>,
}

impl Call {
    pub(super) fn slot(&self) -> Slot {
        self.slot
    }

    pub(super) fn command(&self) -> &Cmd {
        &self.command
    }

    /// The same with the whole script, for a server that does not know its hash.
    pub(super) fn spelled_out(&self) -> Cmd {
        let Some(script) = self.script else { return self.command.clone() };
        let mut command = cmd("EVAL");
        command.arg(script.code);
        for argument in self.command.args_iter().skip(2) {
            if let Arg::Simple(bytes) = argument {
                command.arg(bytes);
            }
        }
        command
    }

    pub(super) fn script(&self) -> Option<&'static StoredScript> {
        self.script
    }
}

/// What a take has written to one counter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The score before, empty when it was not counted.
    former: Vec<u8>,
    score: Vec<u8>,
}

impl Written {
    /// Whether it was not counted before.
    pub(super) fn is_new(&self) -> bool {
        self.former.is_empty()
    }
}

/// How a take from counters that one server keeps went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TakeAnswer {
    /// One was taken from each; in the order of the takes.
    Taken(Vec<Written>),
    /// One of them has no room; none was taken.
    Full {
        /// The place of the first without room.
        place: usize,
        /// When it has room again, in milliseconds.
        room_at: i64,
        /// Whether it has none even without what was taken a moment ago.
        firm: bool,
    },
}

/// Takes from counters that one server keeps; `about` is whom they are about, or the first of them.
pub(super) fn take(prefix: &str, about: &str, takes: &[&Take], now: Timestamp) -> Call {
    let keys: Vec<_> = takes.iter().map(|take| key(prefix, &take.key)).collect();
    let mut call = TAKE.run(slots::slot_of(about), &keys);
    call.command.arg(now.as_millisecond()).arg(rand::random_range(0..MARKS)).arg(SLACK).arg(YOUTH);
    for take in takes {
        let ends = after(now, take.limit.window).as_millisecond();
        call.command.arg(&take.member.0).arg(ends).arg(take.limit.max);
    }
    call
}

/// Reads the answer to a take of so many; `None` when it has not the form.
pub(super) fn read_take(answer: &Value, takes: usize) -> Option<TakeAnswer> {
    let Value::Array(parts) = answer else { return None };
    match parts.as_slice() {
        [Value::Int(0), scores @ ..] if scores.len() == takes * 2 => {
            let written = scores.chunks_exact(2).map(|pair| match pair {
                [Value::BulkString(former), Value::BulkString(score)] => {
                    Some(Written { former: former.clone(), score: score.clone() })
                }
                _ => None,
            });
            written.collect::<Option<_>>().map(TakeAnswer::Taken)
        }
        [Value::Int(place), Value::Int(room_at), Value::Int(firm)] => {
            let place = usize::try_from(*place).ok().filter(|place| (1..=takes).contains(place))?;
            Some(TakeAnswer::Full { place: place - 1, room_at: *room_at, firm: *firm != 0 })
        }
        _ => None,
    }
}

/// Undoes what a take has written to the counters of one subject.
pub(super) fn undo(prefix: &str, about: &str, writings: &[(&Take, &Written)]) -> Call {
    let keys = writings.iter().map(|(take, _)| key(prefix, &take.key));
    let keys: Vec<_> = keys.flat_map(|key| [key.clone(), format!("{key}:notes")]).collect();
    let mut call = UNDO.run(slots::slot_of(about), &keys);
    call.command.arg(NOTE_LIFE);
    for (take, Written { former, score }) in writings {
        call.command.arg(&take.member.0).arg(score).arg(former);
    }
    call
}

/// Gives back what is counted, if it still is.
pub(super) fn give_back(prefix: &str, counter: &CounterKey, member: Member) -> Call {
    let mut command = cmd("ZREM");
    command.arg(key(prefix, counter)).arg(&member.0);
    Call { slot: slots::slot_of(counter.about()), command, script: None }
}

/// How much a counter holds at `now`.
pub(super) fn held(prefix: &str, counter: &Counter, now: Timestamp) -> Call {
    let mut command = cmd("ZCOUNT");
    command.arg(key(prefix, &counter.key)).arg(after_now(now)).arg("+inf");
    Call { slot: slots::slot_of(counter.key.about()), command, script: None }
}

/// When as many have stopped to count as leave room for one.
pub(super) fn room(prefix: &str, counter: &Counter, now: Timestamp) -> Call {
    let mut command = cmd("ZREVRANGEBYSCORE");
    command.arg(key(prefix, &counter.key)).arg("+inf").arg(after_now(now)).arg("WITHSCORES");
    command.arg("LIMIT").arg(counter.limit.max.saturating_sub(1)).arg(1);
    Call { slot: slots::slot_of(counter.key.about()), command, script: None }
}

/// The least score of what counts at `now`.
fn after_now(now: Timestamp) -> i64 {
    now.as_millisecond().saturating_add(1)
}

/// Reads the answers to [`held`] and [`room`]; `None` when they have not the form.
pub(super) fn read_usage(held: &Value, room: &Value) -> Option<Usage> {
    let (Value::Int(held), Value::Array(last)) = (held, room) else { return None };
    let score = match last.as_slice() {
        [] => None,
        [_, score] => Some(score),
        // Newer servers tell the two in a list of their own.
        [Value::Array(pair)] => Some(pair.get(1)?),
        _ => return None,
    };
    let room_at = match score {
        None => None,
        Some(score) => Some(Timestamp::from_millisecond(end_of(score)?).ok()?),
    };
    Some(Usage { used: u32::try_from(*held).ok()?, room_at })
}

/// The instant in a score; its fraction tells writings of one millisecond apart.
fn end_of(score: &Value) -> Option<i64> {
    if let Value::Double(score) = score {
        #[expect(clippy::cast_possible_truncation, reason = "an instant in milliseconds has 41 bits")]
        return score.is_finite().then(|| score.trunc() as i64);
    }
    let Value::BulkString(score) = score else { return None };
    std::str::from_utf8(score).ok()?.split('.').next()?.parse().ok()
}

/// Forgets a counter, and what notes there are of it.
pub(super) fn clear(prefix: &str, counter: &CounterKey) -> Call {
    let key = key(prefix, counter);
    let mut command = cmd("DEL");
    command.arg(format!("{key}:notes")).arg(key);
    Call { slot: slots::slot_of(counter.about()), command, script: None }
}

/// Takes from a counter that nothing depends on and that is gone in a moment.
pub(super) fn probe(prefix: &str, tag: &str) -> Call {
    let mut call = TAKE.run(slots::slot_of(tag), &[format!("{prefix}:{{{tag}}}:probe")]);
    let (now, mark, slack, youth, ends, max) = (0, 0, 1, 0, 1, 1);
    call.command.arg(now).arg(mark).arg(slack).arg(youth).arg(&[0; 16]).arg(ends).arg(max);
    call
}

fn key(prefix: &str, counter: &CounterKey) -> String {
    let about = counter.about();
    let limit = counter.as_str().trim_end_matches(about).trim_end_matches(':');
    format!("{prefix}:{{{about}}}:{limit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn an_answer_is_read() {
        let taken = Value::Array(vec![Value::Int(0), text(""), text("12.5"), text("7"), text("9")]);
        let Some(TakeAnswer::Taken(written)) = read_take(&taken, 2) else { panic!("{taken:?}") };
        assert_eq!(written.iter().map(Written::is_new).collect::<Vec<_>>(), [true, false]);
        let full = Value::Array(vec![Value::Int(2), Value::Int(77), Value::Int(1)]);
        assert_eq!(read_take(&full, 2), Some(TakeAnswer::Full { place: 1, room_at: 77, firm: true }));
    }

    #[test]
    fn a_usage_is_read() {
        let room = |score: &str| Value::Array(vec![text("member"), text(score)]);
        let usage = |used, room_at: Option<i64>| {
            Some(Usage { used, room_at: room_at.map(|millis| Timestamp::from_millisecond(millis).unwrap()) })
        };
        assert_eq!(read_usage(&Value::Int(0), &Value::Array(vec![])), usage(0, None));
        assert_eq!(read_usage(&Value::Int(2), &room("1768464000123.5")), usage(2, Some(1_768_464_000_123)));
        assert_eq!(read_usage(&Value::Int(2), &room("1768464000123")), usage(2, Some(1_768_464_000_123)));
        let pair = Value::Array(vec![Value::Array(vec![text("member"), Value::Double(1_768_464_000_123.5)])]);
        assert_eq!(read_usage(&Value::Int(2), &pair), usage(2, Some(1_768_464_000_123)));
        for (held, last) in [(Value::Nil, room("1")), (Value::Int(-1), room("1")), (Value::Int(1), room("x"))]
        {
            assert_eq!(read_usage(&held, &last), None);
        }
    }

    #[test]
    fn an_answer_of_another_form_is_not() {
        for answer in [
            Value::Nil,
            Value::Int(0),
            Value::Array(vec![]),
            Value::Array(vec![Value::Int(0), text("1")]),
            Value::Array(vec![Value::Int(0), text("1"), Value::Nil, text("1"), text("1")]),
            Value::Array(vec![Value::Int(3), Value::Int(77), Value::Int(0)]),
            Value::Array(vec![Value::Int(-1), Value::Int(77), Value::Int(0)]),
            Value::Array(vec![Value::Int(1), Value::Int(77)]),
            Value::Array(vec![Value::Int(1), text("77"), Value::Int(0)]),
        ] {
            assert_eq!(read_take(&answer, 2), None, "{answer:?}");
        }
    }
}
