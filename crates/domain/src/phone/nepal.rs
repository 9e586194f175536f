//! Numbers of Nepal. Owns the table of mobile prefixes, which is data with a date, and what a national number is.
//! Never looks at spelling: digits come in, without country code.
//!
//! Sources: libphonenumber, region NP (`resources/metadata/977/ranges.csv` at 9.0.35; the patterns of 9.0.42 are the
//! same), which follows the plan of the Nepal Telecommunications Authority and the operators' IR.21 documents.

use jiff::civil::Date;

use super::PhoneFault;
use super::parser::number;

/// The day on which [`MOBILE_PREFIXES`] was last held against its sources.
pub const AS_OF: Date = jiff::civil::date(2026, 11, 23);

/// A mobile operator of Nepal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// Nepal Telecom (Nepal Doorsanchar Company).
    Ntc,
    /// Ncell Axiata.
    Ncell,
    /// United Telecom.
    Utl,
    /// Nepal Satellite Telecom, "Hello Nepal".
    Nstpl,
    /// STM Telecom Sanchar.
    Stm,
    /// Smart Telecom.
    Smart,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 6] = [Self::Ntc, Self::Ncell, Self::Utl, Self::Nstpl, Self::Stm, Self::Smart];

    /// The operator of this name, in capitals or not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.name().eq_ignore_ascii_case(text))
    }

    /// The name as people in Nepal write it: `NTC`, `Ncell`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ntc => "NTC",
            Self::Ncell => "Ncell",
            Self::Utl => "UTL",
            Self::Nstpl => "NSTPL",
            Self::Stm => "STM",
            Self::Smart => "Smart",
        }
    }
}

/// Whether the numbers of a prefix can receive an SMS at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The operator runs, or is not known to have stopped.
    Active,
    /// The operator has lost its licence and its network is off.
    Defunct,
}

/// A block of ten million mobile numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MobilePrefix {
    /// The first three of the ten digits of a national number.
    pub prefix: u16,
    /// Whose it is.
    pub operator: Operator,
    /// Whether it is in service.
    pub standing: Standing,
}

const fn active(prefix: u16, operator: Operator) -> MobilePrefix {
    MobilePrefix { prefix, operator, standing: Standing::Active }
}

const fn defunct(prefix: u16, operator: Operator) -> MobilePrefix {
    MobilePrefix { prefix, operator, standing: Standing::Defunct }
}

/// Every mobile prefix that has been given to an operator, in ascending order, as of [`AS_OF`].
///
/// Not given to anybody: 973, 977 to 979, 983, 987, 989 and all of 99x.
pub const MOBILE_PREFIXES: [MobilePrefix; 18] = [
    // IR.21 of the operator, with 970.
    active(900, Operator::Ncell),
    // The three small operators may have stopped; nothing published says so, and a refusal would be a guess.
    active(960, Operator::Stm),
    // The licence lapsed on 2023-04-15 (2 Baisakh 2080) and the network went dead later; nobody is known to have
    // been given the prefixes since.
    defunct(961, Operator::Smart),
    defunct(962, Operator::Smart),
    active(963, Operator::Nstpl),
    active(970, Operator::Ncell),
    active(971, Operator::Ncell),
    active(972, Operator::Utl),
    // 974 and 975 are listed under NDCL, the company's other name; they began as CDMA and are sold as GSM.
    active(974, Operator::Ntc),
    active(975, Operator::Ntc),
    active(976, Operator::Ntc),
    active(980, Operator::Ncell),
    active(981, Operator::Ncell),
    active(982, Operator::Ncell),
    active(984, Operator::Ntc),
    active(985, Operator::Ntc),
    active(986, Operator::Ntc),
    defunct(988, Operator::Smart),
];

/// Area codes of fixed lines with two digits, whose subscriber numbers have six digits and begin with 2 to 6.
/// Kathmandu's 1 has subscriber numbers of seven digits and is not among them.
#[rustfmt::skip]
const FIXED_AREAS: [u64; 54] = [
    21, 23, 24, 25, 26, 27, 29,
    31, 33, 35, 36, 37, 38,
    41, 44, 46, 47, 48, 49,
    51, 53, 55, 56, 57,
    61, 63, 64, 65, 66, 67, 68, 69,
    71, 75, 76, 77, 78, 79,
    81, 82, 83, 84, 86, 87, 88, 89,
    91, 92, 93, 94, 95, 96, 97, 99,
];

/// Nepal's country code, followed by the ten digits of a subscriber.
const COUNTRY_CODE: u64 = 977;
const SUBSCRIBERS: u64 = 10_000_000_000;

/// The E.164 digits of a mobile subscriber.
pub(super) const fn e164(subscriber: u64) -> u64 {
    COUNTRY_CODE * SUBSCRIBERS + subscriber
}

/// The ten digits of a Nepali mobile number, which begin with 9, out of E.164 digits.
pub(super) fn subscriber(e164: u64) -> Option<u64> {
    let national = e164.checked_sub(COUNTRY_CODE * SUBSCRIBERS)?;
    (9_000_000_000..SUBSCRIBERS).contains(&national).then_some(national)
}

/// The row of the table for a ten-digit number.
pub(super) fn mobile_prefix(subscriber: u64) -> Option<MobilePrefix> {
    let prefix = subscriber / 10_000_000;
    MOBILE_PREFIXES.into_iter().find(|allocated| u64::from(allocated.prefix) == prefix)
}

/// The mobile subscriber that the digits of a national number name, without trunk zero.
///
/// What is not a mobile number is told apart only as far as it helps the person who typed it.
pub(super) fn mobile(national: &[u8]) -> Result<(u64, Standing), PhoneFault> {
    match national.len() {
        10 => {
            let subscriber = number(national);
            let allocated = mobile_prefix(subscriber).ok_or(PhoneFault::UnallocatedPrefix)?;
            Ok((subscriber, allocated.standing))
        }
        8 if is_fixed_line(number(national)) => Err(PhoneFault::NotMobile),
        11 if is_toll_free(number(national)) => Err(PhoneFault::NotMobile),
        _ => Err(PhoneFault::WrongLength),
    }
}

/// libphonenumber NP, fixed line: `(?:1[0-6]\d|99[02-6])\d{5}|(?:2[13-79]|..|9[1-7])[2-6]\d{5}`. Area 99 takes a
/// subscriber's 0 as well.
fn is_fixed_line(eight_digits: u64) -> bool {
    let (area, subscriber_first) = (eight_digits / 1_000_000, eight_digits / 100_000 % 10);
    let subscribers = match area {
        10..=16 => 0..=9,
        99 if subscriber_first == 0 => 0..=0,
        _ if FIXED_AREAS.contains(&area) => 2..=6,
        _ => return false,
    };
    subscribers.contains(&subscriber_first)
}

/// libphonenumber NP, toll-free: `1(?:66001|800\d\d)\d{5}`.
const fn is_toll_free(eleven_digits: u64) -> bool {
    eleven_digits / 100_000 == 166_001 || eleven_digits / 10_000_000 == 1800
}

#[cfg(test)]
mod tests {
    use super::{MOBILE_PREFIXES, Operator, Standing, e164, is_fixed_line, mobile, subscriber};
    use crate::phone::PhoneFault;

    #[test]
    fn the_table_is_in_order_and_names_each_prefix_once() {
        assert!(MOBILE_PREFIXES.is_sorted_by(|left, right| left.prefix < right.prefix));
        assert!(MOBILE_PREFIXES.iter().all(|row| (900..1000).contains(&row.prefix)));
    }

    #[test]
    fn only_smart_is_defunct() {
        for row in MOBILE_PREFIXES {
            assert_eq!(row.standing == Standing::Defunct, row.operator == Operator::Smart, "{row:?}");
        }
    }

    #[test]
    fn a_subscriber_survives_the_way_to_e164_and_back() {
        assert_eq!(subscriber(e164(9_841_234_567)), Some(9_841_234_567));
        assert_eq!(subscriber(97_714_412_345), None);
        assert_eq!(subscriber(e164(8_841_234_567)), None);
        assert_eq!(subscriber(e164(9_999_999_999) + 1), None);
        assert_eq!(subscriber(919_876_543_210), None);
    }

    #[test]
    fn a_fixed_line_has_an_area_that_exists() {
        for fixed in [14_412_345, 10_123_456, 21_523_456, 99_012_345, 99_212_345, 97_412_345] {
            assert!(is_fixed_line(fixed), "{fixed}");
        }
        // A mobile number that lost two digits, an area or a subscriber's first digit that does not exist.
        for other in [98_412_345, 22_523_456, 21_123_456, 99_112_345, 17_412_345, 412_345] {
            assert!(!is_fixed_line(other), "{other}");
        }
    }

    #[test]
    fn ten_digits_that_begin_with_no_mobile_prefix_are_unallocated() {
        for national in [[9, 1, 0, 1, 2, 3, 4, 5, 6, 7], [4, 1, 5, 5, 5, 5, 2, 6, 7, 1], [0; 10]] {
            assert_eq!(mobile(&national), Err(PhoneFault::UnallocatedPrefix));
        }
    }
}
