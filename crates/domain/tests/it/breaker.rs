//! Laws of the breaker: whatever answers come in whatever order, these hold.

use std::time::Duration;

use domain::breaker::{Admission, Breaker, BreakerChange, BreakerSettings, BreakerState, OpenedWhy, Pass};
use domain::ports::SendAnswer;
use proptest::prelude::*;

/// Longer than any breaker of these tests is open, or held.
const EVER: Duration = Duration::from_hours(48);

#[derive(Clone, Copy, Debug)]
enum Happening {
    Ask,
    Answer { which: usize, answer: SendAnswer },
    Pass { millis: u64 },
    Hold { seconds: u64 },
    Lift,
}

fn answer() -> impl Strategy<Value = SendAnswer> {
    prop::sample::select(SendAnswer::ALL.to_vec())
}

fn happening(answers: impl Strategy<Value = SendAnswer>) -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => Just(Happening::Ask),
        6 => (any::<usize>(), answers).prop_map(|(which, answer)| Happening::Answer { which, answer }),
        3 => (0_u64..2_000).prop_map(|millis| Happening::Pass { millis }),
        1 => (0_u64..400_000).prop_map(|millis| Happening::Pass { millis }),
        1 => (0_u64..1_000).prop_map(|seconds| Happening::Hold { seconds }),
        1 => Just(Happening::Lift),
    ]
}

fn history() -> impl Strategy<Value = Vec<Happening>> {
    prop::collection::vec(happening(answer()), 0..200)
}

fn settings() -> impl Strategy<Value = BreakerSettings> {
    (1_u8..=100, 1_u64..60, 1_u16..20, 1_u8..4, 1_u64..30, 0_u64..600, 1_u8..=5).prop_map(
        |(failure_percent, window, calls_min, refusals, open_for, more, probes)| BreakerSettings {
            failure_percent,
            window: Duration::from_secs(window),
            calls_min,
            refusals,
            open_for: Duration::from_secs(open_for),
            open_for_max: Duration::from_secs(open_for + more),
            probes,
        },
    )
}

/// A call that is under way.
struct Call {
    pass: Pass,
    probe: bool,
    /// Whether the breaker has opened since.
    stale: bool,
}

/// What is seen from outside.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Admitted,
    Held(Duration),
    Changed(Option<BreakerChange>),
}

/// A breaker, and what is under way; looks after the laws at each step.
struct Run {
    breaker: Breaker,
    settings: BreakerSettings,
    now: Duration,
    calls: Vec<Call>,
    /// Nothing may be let through before this, because of a refusal.
    shut_until: Duration,
    seen: Vec<Seen>,
}

impl Run {
    fn new(settings: BreakerSettings, start: Duration) -> Self {
        let breaker = Breaker::new(settings).unwrap();
        Self {
            breaker,
            settings,
            now: start,
            calls: Vec::new(),
            shut_until: Duration::ZERO,
            seen: Vec::new(),
        }
    }

    fn of(settings: BreakerSettings, start: Duration, history: &[Happening]) -> Self {
        let mut run = Self::new(settings, start);
        for happening in history {
            run.step(*happening);
        }
        run
    }

    fn step(&mut self, happening: Happening) {
        match happening {
            Happening::Ask => self.ask(),
            Happening::Answer { which, answer } => self.answer(which, answer),
            Happening::Pass { millis } => self.now += Duration::from_millis(millis),
            Happening::Hold { seconds } => {
                let change = self.breaker.hold(self.now + Duration::from_secs(seconds), self.now);
                self.changed(change);
            }
            Happening::Lift => {
                let change = self.breaker.lift(self.now);
                self.changed(change);
            }
        }
        let probes = self.calls.iter().filter(|call| call.probe && !call.stale).count();
        assert!(probes <= 1, "{probes} probes");
    }

    fn ask(&mut self) {
        let before = self.breaker.state(self.now);
        match self.breaker.admit(self.now) {
            Admission::Admitted(pass) => {
                assert!(self.now >= self.shut_until, "let through after a refusal");
                assert!(before.retry_after().is_none(), "let through while {before:?}");
                let probe = before == BreakerState::HalfOpen;
                self.calls.push(Call { pass, probe, stale: false });
                self.seen.push(Seen::Admitted);
            }
            Admission::Held { retry_after } => {
                assert_ne!(before, BreakerState::Closed);
                assert!(retry_after > Duration::ZERO);
                self.seen.push(Seen::Held(retry_after));
            }
        }
    }

    fn answer(&mut self, which: usize, answer: SendAnswer) {
        if self.calls.is_empty() {
            return;
        }
        let call = self.calls.swap_remove(which % self.calls.len());
        let before = self.breaker.state(self.now);
        let change = self.breaker.record(call.pass, answer, self.now);
        if call.stale {
            assert_eq!(change, None, "a straggler");
            assert_eq!(self.breaker.state(self.now), before, "a straggler");
        } else if answer == SendAnswer::Refused && (self.settings.refusals == 1 || call.probe) {
            assert!(matches!(change, Some(BreakerChange::Opened { why: OpenedWhy::Refused, .. })));
            self.shut_until = self.now + self.settings.open_for;
        }
        self.changed(change);
    }

    fn changed(&mut self, change: Option<BreakerChange>) {
        match change {
            Some(BreakerChange::Opened { open_for, .. }) => {
                assert_eq!(
                    self.breaker.state(self.now),
                    BreakerState::Open { retry_after: open_for },
                    "{change:?}"
                );
                for call in &mut self.calls {
                    call.stale = true;
                }
            }
            Some(BreakerChange::Lifted) => self.shut_until = Duration::ZERO,
            Some(BreakerChange::Closed) => assert_eq!(self.breaker.state(self.now), BreakerState::Closed),
            None => {}
        }
        self.seen.push(Seen::Changed(change));
    }
}

proptest! {
    #[test]
    fn never_more_than_one_probe_nothing_through_after_a_refusal_and_no_word_of_stragglers(
        settings in settings(),
        history in history(),
    ) {
        // The run itself holds them.
        Run::of(settings, Duration::ZERO, &history);
    }

    #[test]
    fn open_always_ends(settings in settings(), history in history()) {
        let mut run = Run::of(settings, Duration::ZERO, &history);
        while !run.calls.is_empty() {
            run.answer(0, SendAnswer::Unknown);
        }
        run.now += EVER;
        for _ in 0..settings.probes {
            run.ask();
            run.answer(0, SendAnswer::Accepted);
        }
        prop_assert_eq!(run.breaker.state(run.now), BreakerState::Closed);
    }

    #[test]
    fn successes_never_open_it(
        settings in settings(),
        happenings in prop::collection::vec(
            happening(prop::sample::select(vec![SendAnswer::Accepted, SendAnswer::ReceiverRefused])),
            0..200,
        ),
    ) {
        let mut run = Run::new(settings, Duration::ZERO);
        for happening in happenings {
            if !matches!(happening, Happening::Hold { .. }) {
                run.step(happening);
            }
            prop_assert_eq!(run.breaker.state(run.now), BreakerState::Closed);
        }
    }

    #[test]
    fn failures_alone_always_open_it(settings in settings(), gaps in prop::collection::vec(0_u64..90_000, 20)) {
        let mut run = Run::new(settings, Duration::ZERO);
        for millis in gaps.into_iter().take(settings.calls_min.into()) {
            prop_assert_eq!(run.breaker.state(run.now), BreakerState::Closed);
            run.step(Happening::Pass { millis });
            run.ask();
            run.answer(0, SendAnswer::NotSent);
            if run.breaker.state(run.now) != BreakerState::Closed {
                return Ok(());
            }
        }
        prop_assert!(run.breaker.state(run.now).retry_after().is_some());
    }

    #[test]
    fn it_opens_only_for_what_failed_or_for_want_of_credits(settings in settings(), history in history()) {
        let run = Run::of(settings, Duration::ZERO, &history);
        let opened = run.seen.iter().filter(|seen| {
            matches!(seen, Seen::Changed(Some(BreakerChange::Opened { .. })))
        });
        let causes = history.iter().filter(|happening| {
            matches!(
                happening,
                Happening::Hold { .. }
                    | Happening::Answer {
                        answer: SendAnswer::Refused | SendAnswer::NotSent | SendAnswer::Unknown,
                        ..
                    }
            )
        });
        prop_assert!(opened.count() <= causes.count());
    }

    #[test]
    fn the_state_is_a_function_of_the_history(settings in settings(), history in history(), windows in 0_u32..1_000) {
        let once = Run::of(settings, Duration::ZERO, &history);
        let twice = Run::of(settings, Duration::ZERO, &history);
        prop_assert_eq!(&once.breaker, &twice.breaker);
        // And the instant from which time is counted is none of it.
        let later = Run::of(settings, settings.window * windows, &history);
        prop_assert_eq!(once.seen, later.seen);
    }
}
