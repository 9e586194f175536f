//! Laws of statistics: adding up loses nothing, whatever order things happen in, and times are told with a bounded error.

use std::time::Duration;

use domain::application::ApplicationId;
use domain::ports::SendAnswer;
use domain::refusal::Refusal;
use domain::statistic::{
    Amounts, BUCKETS, Happening, Measure, Observation, StatisticBy, Tally, bucket_of, middle_of, quantile,
};
use domain::testkit::phone;
use domain::time::{Timestamp, after};
use domain::verification::Purpose;
use proptest::prelude::*;

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        Just(Happening::Started),
        (any::<bool>(), 1..5_u16, proptest::sample::select(SendAnswer::ALL.to_vec()))
            .prop_map(|(again, segments, answer)| Happening::Sent { again, segments, answer, credits: None }),
        (0..10_000_000_u64).prop_map(|millis| Happening::Approved { took: Duration::from_millis(millis) }),
        Just(Happening::Expired),
        Just(Happening::Refused(Refusal::CodeIncorrect)),
    ]
}

/// Which application, on which day, what.
type Told = (u8, u8, Happening);

fn observe(tally: &mut Tally, (application, day, happening): Told) {
    let application = ApplicationId::parse(&format!("app-{application}")).unwrap();
    tally.observe(&Observation {
        at: after(Timestamp::UNIX_EPOCH, Duration::from_hours(24 * u64::from(day))),
        application: &application,
        gateway: "sparrow",
        sms: None,
        phone: Some(phone("9841234567")),
        purpose: Some(Purpose::Contact),
        happening,
    });
}

proptest! {
    #[test]
    fn adding_up_loses_nothing_however_often_it_is_taken_out(
        told in proptest::collection::vec((0..3_u8, 0..3_u8, happening()), 0..100),
        every in 1..20_usize,
    ) {
        let (mut tally, mut expected, mut taken) = (Tally::new(9), Amounts::default(), Amounts::default());
        for (number, told) in told.into_iter().enumerate() {
            observe(&mut tally, told);
            for (measure, amount) in told.2.adds() {
                expected.add(measure, amount);
            }
            if number % every == 0 {
                let lines = tally.take();
                prop_assert!(lines.windows(2).all(|two| two[0].key < two[1].key), "no line is there twice");
                for line in &lines {
 taken.add_all(&line.amounts);
 }
            }
        }
        for line in tally.take() {
 taken.add_all(&line.amounts);
 }
        prop_assert_eq!(&taken, &expected);
        prop_assert_eq!(tally.take_lost(), 0);
        prop_assert!(tally.take().is_empty());
    }

    #[test]
    fn a_longer_time_has_no_lower_bucket(one in 0..20_000_000_u64, other in 0..20_000_000_u64) {
        let (short, long) = (one.min(other), one.max(other));
        let bucket = |millis| bucket_of(Duration::from_millis(millis));
        prop_assert!(bucket(short) <= bucket(long));
        prop_assert!(usize::from(bucket(long)) < BUCKETS);
        prop_assert!(middle_of(bucket(short)) <= middle_of(bucket(long)));
    }

    #[test]
    fn quantiles_are_near_the_exact_ones(millis in proptest::collection::vec(1000..3_600_000_u64, 1..200)) {
        let (mut buckets, mut sorted) = ([0; BUCKETS], millis.clone());
        sorted.sort_unstable();
        for millis in &millis {
            buckets[usize::from(bucket_of(Duration::from_millis(*millis)))] += 1;
        }
        for percent in [50, 90, 99] {
            let rank = (sorted.len() * percent).div_ceil(100).max(1);
            let exact = u128::from(sorted[rank - 1]);
            let told = quantile(&buckets, percent as u64).unwrap().as_millis();
            prop_assert!(told.abs_diff(exact) * 20 <= exact + 20, "{percent}: {told} for {exact}");
        }
    }
}

#[test]
fn there_is_a_bound_and_what_is_beyond_it_is_told() {
    let mut tally = Tally::new(2);
    for application in [0, 1, 2, 0, 3] {
        observe(&mut tally, (application, 0, Happening::Started));
    }
    let starts: Vec<_> = tally.take().iter().map(|line| line.amounts.of(Measure::Starts)).collect();
    assert_eq!(starts, [2, 1]);
    assert_eq!((tally.take_lost(), tally.take_lost()), (2, 0));
    // A line that had nothing to tell makes room for another.
    assert!(tally.take().is_empty());
    observe(&mut tally, (7, 0, Happening::Started));
    let lines = tally.take();
    assert_eq!(lines[0].key.name(StatisticBy::Application), "app-7");
    assert_eq!(lines[0].key.name(StatisticBy::Day), "1970-01-01");
}
