//! Times in buckets: each a tenth wider than the one before, so that a time is told with an error of at most 5 %.

use std::time::Duration;

/// How many buckets there are: below a second, and from there up to an hour and beyond.
pub const BUCKETS: usize = 88;
/// Where the second bucket begins, in milliseconds.
const FIRST_MILLIS: u64 = 1000;

/// Where each bucket ends, in milliseconds; the last never does.
const ENDS: [u64; BUCKETS] = ends();

const fn ends() -> [u64; BUCKETS] {
    let mut ends = [u64::MAX; BUCKETS];
    let mut end = FIRST_MILLIS;
    let mut bucket = 0;
    while bucket + 1 < BUCKETS {
        ends[bucket] = end;
        end += end / 10;
        bucket += 1;
    }
    ends
}

/// The bucket of a time.
#[must_use]
pub fn bucket_of(time: Duration) -> u8 {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    u8::try_from(ENDS.partition_point(|end| *end <= millis).min(BUCKETS - 1)).unwrap_or(u8::MAX)
}

/// Where a bucket begins: no time in it is less.
#[must_use]
pub fn begin_of(bucket: u8) -> Duration {
    let bucket = usize::from(bucket).min(BUCKETS - 1);
    Duration::from_millis(bucket.checked_sub(1).map_or(0, |before| ENDS[before]))
}

/// The time that stands for a bucket: its middle. Of the last one, which is open, its beginning.
#[must_use]
pub fn middle_of(bucket: u8) -> Duration {
    let bucket = usize::from(bucket).min(BUCKETS - 1);
    let begin = bucket.checked_sub(1).map_or(0, |before| ENDS[before]);
    let end = if bucket + 1 == BUCKETS { begin } else { ENDS[bucket] };
    Duration::from_millis(begin + (end - begin) / 2)
}

/// The time within which this part (in percent) of what is counted lies; `None` when nothing is.
#[must_use]
pub fn quantile(buckets: &[u64; BUCKETS], percent: u64) -> Option<Duration> {
    let total: u64 = buckets.iter().sum();
    let rank = total.checked_mul(percent.min(100))?.div_ceil(100).max(1);
    let mut seen = 0;
    let bucket = buckets.iter().position(|count| {
        seen += count;
        seen >= rank
    })?;
    u8::try_from(bucket).ok().map(middle_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_with_an_error_of_five_percent() {
        for millis in (1000..3_600_000).step_by(997) {
            let bucket = bucket_of(Duration::from_millis(millis));
            let told = middle_of(bucket).as_millis();
            assert!(
                begin_of(bucket) <= Duration::from_millis(millis) && begin_of(bucket) <= middle_of(bucket)
            );
            let error = told.abs_diff(u128::from(millis));
            assert!(error * 20 <= u128::from(millis) + 20, "{millis} ms is told as {told} ms");
        }
        assert!(ENDS[BUCKETS - 2] > 3_600_000, "an hour has a bucket");
    }

    #[test]
    fn quantiles_are_those_of_what_was_counted() {
        let mut buckets = [0; BUCKETS];
        assert_eq!(quantile(&buckets, 50), None);
        for seconds in 1..=100 {
            buckets[usize::from(bucket_of(Duration::from_secs(seconds)))] += 1;
        }
        for percent in [50, 90, 99] {
            let told = quantile(&buckets, percent).unwrap().as_millis();
            assert!(
                told.abs_diff(u128::from(percent) * 1000) <= u128::from(percent) * 60,
                "{percent}: {told}"
            );
        }
        let hours = bucket_of(Duration::from_hours(5));
        assert_eq!(usize::from(hours), BUCKETS - 1);
        assert!(middle_of(hours) >= Duration::from_hours(1));
    }
}
