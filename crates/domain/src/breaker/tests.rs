use super::*;

const REFUSED: SendAnswer = SendAnswer::Refused;
const NOT_SENT: SendAnswer = SendAnswer::NotSent;
const UNKNOWN: SendAnswer = SendAnswer::Unknown;
const ACCEPTED: SendAnswer = SendAnswer::Accepted;

fn breaker() -> Breaker {
    Breaker::new(BreakerSettings::default()).unwrap()
}

fn with(settings: BreakerSettings) -> Breaker {
    Breaker::new(settings).unwrap()
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[track_caller]
fn pass(breaker: &mut Breaker, now: Duration) -> Pass {
    match breaker.admit(now) {
        Admission::Admitted(pass) => pass,
        Admission::Held { retry_after } => panic!("held for {retry_after:?}"),
    }
}

#[track_caller]
fn held(breaker: &mut Breaker, now: Duration) -> Duration {
    match breaker.admit(now) {
        Admission::Admitted(_) => panic!("let through"),
        Admission::Held { retry_after } => retry_after,
    }
}

#[track_caller]
fn call(breaker: &mut Breaker, answer: SendAnswer, now: Duration) -> Option<BreakerChange> {
    let pass = pass(breaker, now);
    breaker.record(pass, answer, now)
}

fn opened(why: OpenedWhy, seconds: u64) -> BreakerChange {
    BreakerChange::Opened { why, open_for: at(seconds) }
}

#[test]
fn a_refusal_opens_it_at_once_and_a_good_probe_closes_it() {
    let mut breaker = breaker();
    assert_eq!(call(&mut breaker, ACCEPTED, at(1)), None);
    assert_eq!(call(&mut breaker, REFUSED, at(2)), Some(opened(OpenedWhy::Refused, 10)));
    assert_eq!(held(&mut breaker, at(5)), at(7));
    assert_eq!(breaker.state(at(5)), BreakerState::Open { retry_after: at(7) });
    assert_eq!(breaker.state(at(12)), BreakerState::HalfOpen);
    let probe = pass(&mut breaker, at(12));
    assert_eq!(held(&mut breaker, at(12)), PROBE_WAIT, "one probe at a time");
    assert_eq!(breaker.record(probe, SendAnswer::ReceiverRefused, at(13)), Some(BreakerChange::Closed));
    assert_eq!(breaker.state(at(13)), BreakerState::Closed);
    assert_eq!(call(&mut breaker, NOT_SENT, at(13)), None, "what was before is forgotten");
}

#[test]
fn it_is_open_twice_as_long_after_each_failed_probe_up_to_its_longest() {
    let mut breaker = breaker();
    call(&mut breaker, REFUSED, at(0));
    let mut now = at(10);
    for seconds in [20, 40, 80, 160, 300, 300] {
        assert_eq!(call(&mut breaker, UNKNOWN, now), Some(opened(OpenedWhy::Probe, seconds)));
        now += at(seconds);
    }
    assert_eq!(call(&mut breaker, ACCEPTED, now), Some(BreakerChange::Closed));
    assert_eq!(call(&mut breaker, REFUSED, now), Some(opened(OpenedWhy::Refused, 10)), "and begins anew");
}

#[test]
fn half_of_at_least_ten_calls_open_it() {
    let mut breaker = breaker();
    for number in 0..9 {
        let answer = if number % 2 == 0 { NOT_SENT } else { ACCEPTED };
        assert_eq!(call(&mut breaker, answer, at(number)), None);
    }
    assert_eq!(call(&mut breaker, UNKNOWN, at(9)), Some(opened(OpenedWhy::Failures, 10)));
}

#[test]
fn less_than_half_do_not_nor_what_is_long_ago() {
    let mut breaker = breaker();
    for number in 0..1_000 {
        let answer = if matches!(number % 5, 1 | 3) { UNKNOWN } else { ACCEPTED };
        assert_eq!(call(&mut breaker, answer, Duration::from_millis(number)), None, "{number}");
    }
    for number in 0..9 {
        assert_eq!(call(&mut breaker, UNKNOWN, at(60 + number)), None);
    }
    assert_eq!(call(&mut breaker, ACCEPTED, at(99)), None);
    assert_eq!(call(&mut breaker, UNKNOWN, at(99)), None);
}

#[test]
fn ten_failures_in_a_row_open_it_however_well_it_went_before_and_however_slowly_they_come() {
    let mut breaker = breaker();
    for _ in 0..10_000 {
        call(&mut breaker, ACCEPTED, at(0));
    }
    for number in 0..9 {
        assert_eq!(call(&mut breaker, NOT_SENT, at(number * 60)), None);
    }
    assert_eq!(call(&mut breaker, NOT_SENT, at(600)), Some(opened(OpenedWhy::Failures, 10)));
}

#[test]
fn several_refusals_can_be_asked_for_and_several_probes() {
    let mut breaker = with(BreakerSettings { refusals: 2, probes: 2, ..BreakerSettings::default() });
    assert_eq!(call(&mut breaker, REFUSED, at(0)), None);
    assert_eq!(call(&mut breaker, ACCEPTED, at(0)), None);
    assert_eq!(call(&mut breaker, REFUSED, at(0)), None, "a success was between them");
    assert_eq!(call(&mut breaker, NOT_SENT, at(0)), None);
    assert_eq!(call(&mut breaker, REFUSED, at(0)), Some(opened(OpenedWhy::Refused, 10)));
    assert_eq!(call(&mut breaker, ACCEPTED, at(10)), None);
    assert_eq!(breaker.state(at(10)), BreakerState::HalfOpen);
    assert_eq!(
        call(&mut breaker, REFUSED, at(10)),
        Some(opened(OpenedWhy::Refused, 20)),
        "one is enough now"
    );
    assert_eq!(call(&mut breaker, ACCEPTED, at(30)), None);
    assert_eq!(call(&mut breaker, ACCEPTED, at(30)), Some(BreakerChange::Closed));
}

#[test]
fn a_straggler_changes_nothing_whatever_it_says() {
    for late in SendAnswer::ALL {
        let mut breaker = breaker();
        let stragglers: Vec<Pass> = (0..4).map(|_| pass(&mut breaker, at(0))).collect();
        call(&mut breaker, REFUSED, at(1));
        for (straggler, now) in stragglers.into_iter().zip([2, 11, 12, 60]) {
            if now == 12 {
                assert_eq!(call(&mut breaker, ACCEPTED, at(12)), Some(BreakerChange::Closed));
            }
            breaker.move_on(at(now));
            let before = breaker.clone();
            assert_eq!(breaker.record(straggler, late, at(now)), None, "{late:?} at {now}");
            assert_eq!(breaker, before, "{late:?} at {now}");
        }
    }
}

#[test]
fn a_straggler_takes_no_place_of_the_probe() {
    let mut breaker = breaker();
    let straggler = pass(&mut breaker, at(0));
    call(&mut breaker, REFUSED, at(1));
    let probe = pass(&mut breaker, at(11));
    assert_eq!(breaker.record(straggler, ACCEPTED, at(11)), None);
    held(&mut breaker, at(11));
    assert_eq!(breaker.record(probe, ACCEPTED, at(11)), Some(BreakerChange::Closed));
}

#[test]
fn a_probe_that_was_not_made_gives_its_place_back() {
    let mut breaker = breaker();
    let straggler = pass(&mut breaker, at(0));
    call(&mut breaker, REFUSED, at(0));
    let probe = pass(&mut breaker, at(10));
    breaker.give_back(straggler);
    held(&mut breaker, at(10));
    breaker.give_back(probe);
    assert_eq!(breaker.state(at(10)), BreakerState::HalfOpen);
    assert_eq!(call(&mut breaker, ACCEPTED, at(10)), Some(BreakerChange::Closed));
}

#[test]
fn without_credits_it_is_held_until_a_reading_says_otherwise() {
    let mut breaker = breaker();
    assert_eq!(breaker.hold(at(900), at(0)), Some(opened(OpenedWhy::NoCredits, 900)));
    assert_eq!(breaker.hold(at(1_200), at(300)), None, "renewed");
    assert_eq!(held(&mut breaker, at(1_000)), at(200));
    assert_eq!(breaker.lift(at(1_000)), Some(BreakerChange::Lifted));
    assert_eq!(breaker.lift(at(1_000)), None);
    assert_eq!(call(&mut breaker, REFUSED, at(1_000)), Some(opened(OpenedWhy::Refused, 20)));
    assert_eq!(breaker.lift(at(1_001)), Some(BreakerChange::Lifted), "the refusal may have been of credits");
    assert_eq!(call(&mut breaker, ACCEPTED, at(1_001)), Some(BreakerChange::Closed));
    assert_eq!(breaker.lift(at(1_001)), None);
}

#[test]
fn a_hold_ends_by_itself_and_shortens_nothing() {
    let mut breaker = breaker();
    breaker.hold(at(900), at(0));
    assert_eq!(breaker.hold(at(600), at(0)), None);
    assert_eq!(held(&mut breaker, at(800)), at(100));
    assert_eq!(call(&mut breaker, ACCEPTED, at(900)), Some(BreakerChange::Closed));
    assert_eq!(breaker.hold(at(900), at(900)), None, "an instant that is past holds nothing");
    assert_eq!(breaker.state(at(900)), BreakerState::Closed);
}

#[test]
fn a_hold_outdoes_a_probe_that_is_under_way() {
    let mut breaker = breaker();
    call(&mut breaker, REFUSED, at(0));
    let probe = pass(&mut breaker, at(10));
    breaker.hold(at(900), at(10));
    assert_eq!(breaker.record(probe, ACCEPTED, at(11)), None);
    held(&mut breaker, at(899));
}

#[test]
fn credits_do_not_mend_what_fails() {
    let mut breaker = breaker();
    for _ in 0..10 {
        call(&mut breaker, NOT_SENT, at(0));
    }
    assert_eq!(breaker.lift(at(1)), None);
    assert_eq!(call(&mut breaker, NOT_SENT, at(10)), Some(opened(OpenedWhy::Probe, 20)));
    assert_eq!(breaker.lift(at(11)), None);
    held(&mut breaker, at(11));
}

#[test]
fn time_that_goes_back_stands_still() {
    let mut breaker = breaker();
    call(&mut breaker, REFUSED, at(100));
    assert_eq!(held(&mut breaker, at(0)), at(10));
    assert_eq!(breaker.state(at(0)), BreakerState::Open { retry_after: at(10) });
    assert_eq!(call(&mut breaker, ACCEPTED, Duration::MAX), Some(BreakerChange::Closed));
}

#[test]
fn settings_that_are_out_of_range_make_no_breaker() {
    let settings = BreakerSettings { probes: 0, ..BreakerSettings::default() };
    assert_eq!(Breaker::new(settings), Err(BreakerSettingsFault::Probes));
}
