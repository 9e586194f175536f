//! Numbers of countries other than Nepal, by a port of Google's libphonenumber and its metadata.
//!
//! Owns the translation of that library's answers; never decides which countries are served, and never sees what a
//! person typed: the library reads letters, extensions and `tel:` out of its input, so only bare digits go in.

use domain::phone::{Country, NumberingPlan, PhoneFault};
use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
    ValidationError,
};

/// The numbering plans of the world as libphonenumber knows them.
///
/// The metadata are read at the first number, which takes some milliseconds; afterwards a number takes one or two
/// microseconds. The library writes numbers to the `log` crate at its trace level: a program that turns `log` records
/// into its own must not let that level through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LibPhoneNumbers;

impl NumberingPlan for LibPhoneNumbers {
    fn begins_with_code_of(&self, country: Country, digits: u64) -> bool {
        // No calling code begins another, so a common beginning is the code.
        Region::from_code(country.as_str())
            .ok()
            .and_then(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region))
            .is_some_and(|code| digits.to_string().starts_with(&code.to_string()))
    }

    fn country_of_mobile(&self, e164_digits: u64) -> Result<Country, PhoneFault> {
        let written = format!("+{e164_digits}");
        let number = PHONE_NUMBER_UTIL.parse(&written, None).map_err(|error| {
            let unknown = error == ParseError::InvalidCountryCode;
            if unknown { PhoneFault::UnsupportedCountry } else { PhoneFault::WrongLength }
        })?;
        // `+44 (0) 7400 ...` loses its zero in the library, but the phone would keep it.
        if number.format_as(PhoneNumberFormat::E164) != written {
            return Err(PhoneFault::WrongLength);
        }
        if !number.is_valid() {
            return Err(fault_of_invalid(&number));
        }
        // Numbers of no country, such as +800, have a region whose code is not a country's.
        let country = number
            .get_region_code()
            .and_then(|region| Country::parse(&region.as_region_str()))
            .ok_or(PhoneFault::UnsupportedCountry)?;
        // Some plans, North America's for one, do not tell the two apart.
        match number.get_type() {
            PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => Ok(country),
            PhoneNumberType::FixedLine
            | PhoneNumberType::TollFree
            | PhoneNumberType::PremiumRate
            | PhoneNumberType::SharedCost
            | PhoneNumberType::VoIP
            | PhoneNumberType::PersonalNumber
            | PhoneNumberType::Pager
            | PhoneNumberType::UAN
            | PhoneNumberType::VoiceMail
            | PhoneNumberType::Unknown => Err(PhoneFault::NotMobile),
        }
    }
}

/// Why a number that belongs to nobody does not: its length decides, because a mistyped number mostly has a digit too
/// few or too many.
fn fault_of_invalid(number: &PhoneNumber) -> PhoneFault {
    match PHONE_NUMBER_UTIL.is_possible_number_for_type_with_reason(number, PhoneNumberType::Mobile) {
        Ok(NumberLengthType::IsPossible) => PhoneFault::UnallocatedPrefix,
        Err(ValidationError::InvalidCountryCode) => PhoneFault::UnsupportedCountry,
        Ok(NumberLengthType::IsPossibleLocalOnly)
        | Err(ValidationError::TooShort | ValidationError::TooLong | ValidationError::InvalidLength) => {
            PhoneFault::WrongLength
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::phone::{Country, NumberingPlan, Phone, PhoneFault, PhoneParser, nepal};
    use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType};

    use super::LibPhoneNumbers;

    fn check(e164_digits: u64, then: Result<&str, PhoneFault>) {
        let country = LibPhoneNumbers.country_of_mobile(e164_digits);
        assert_eq!(country, then.map(|code| Country::parse(code).unwrap()), "{e164_digits}");
    }

    #[test]
    fn a_mobile_number_has_the_country_of_its_plan() {
        check(919_876_543_210, Ok("IN"));
        check(14_155_552_671, Ok("US"));
        check(8_801_712_345_678, Ok("BD"));
        check(447_400_123_456, Ok("GB"));
        check(8_613_800_138_000, Ok("CN"));
        check(9_779_841_234_567, Ok("NP"));
    }

    #[test]
    fn countries_that_share_a_code_are_told_apart() {
        check(16_135_550_123, Ok("CA"));
        check(447_797_712_345, Ok("JE"));
        check(447_624_123_456, Ok("IM"));
        check(77_010_009_998, Ok("KZ"));
    }

    #[test]
    fn a_number_that_is_no_mobile_one_is_refused() {
        check(911_123_456_789, Err(PhoneFault::NotMobile));
        check(442_079_460_958, Err(PhoneFault::NotMobile));
        check(18_002_345_678, Err(PhoneFault::NotMobile));
        check(447_012_345_678, Err(PhoneFault::NotMobile));
    }

    #[test]
    fn a_number_of_a_length_that_its_country_has_not_is_refused() {
        check(91_987_654_321, Err(PhoneFault::WrongLength));
        check(9_198_765_432_101, Err(PhoneFault::WrongLength));
        check(91_987_654, Err(PhoneFault::WrongLength));
        check(1_415_555_267, Err(PhoneFault::WrongLength));
    }

    #[test]
    fn a_number_that_nobody_was_given_is_refused() {
        check(915_000_000_000, Err(PhoneFault::UnallocatedPrefix));
        check(11_155_552_671, Err(PhoneFault::UnallocatedPrefix));
    }

    #[test]
    fn a_trunk_zero_does_not_make_a_second_phone_of_one() {
        check(4_407_400_123_456, Err(PhoneFault::WrongLength));
        check(9_109_876_543_210, Err(PhoneFault::WrongLength));
        check(88_001_712_345_678, Err(PhoneFault::WrongLength));
    }

    #[test]
    fn what_belongs_to_no_country_is_unsupported() {
        check(80_012_345_678, Err(PhoneFault::UnsupportedCountry));
        check(999_123_456_789, Err(PhoneFault::UnsupportedCountry));
        check(21_012_345_678, Err(PhoneFault::UnsupportedCountry));
    }

    #[test]
    fn no_digits_make_the_plan_panic() {
        // Every country code, and what is none, before short, long and middling numbers.
        for code in 1..1000_u64 {
            for rest in [12_345_u64, 55_555_555, 1_234_567_890, 98_765_432_109, 999_999_999_999] {
                let digits: u64 = format!("{code}{rest}").parse().unwrap();
                assert!(LibPhoneNumbers.country_of_mobile(digits) != Err(PhoneFault::Empty), "{digits}");
            }
        }
    }

    #[test]
    fn a_country_is_told_by_its_code_even_in_half_a_number() {
        let begins =
            |country, digits| LibPhoneNumbers.begins_with_code_of(Country::parse(country).unwrap(), digits);
        assert!(begins("IN", 91) && begins("IN", 919_876_543_210));
        assert!(begins("GB", 447_797_712_345) && begins("JE", 447_797_712_345));
        assert!(!begins("IN", 9) && !begins("IN", 9_841_234_567) && !begins("BD", 88));
        // Bouvet Island has no numbers.
        assert!(!begins("BV", 4_712_345_678));
    }

    #[test]
    fn every_region_of_the_plan_is_a_country() {
        for region in PHONE_NUMBER_UTIL.get_supported_regions() {
            assert!(Country::parse(&region.as_region_str()).is_some(), "{region}");
        }
    }

    fn parser(countries: &[&str]) -> PhoneParser {
        PhoneParser::new(
            countries.iter().map(|code| Country::parse(code).unwrap()),
            Some(Arc::new(LibPhoneNumbers)),
        )
    }

    const SPELLINGS: [(&str, &str, &str); 4] = [
        ("IN", "+91 98765-43210", "+919876543210"),
        ("US", "001 (415) 555-2671", "+14155552671"),
        ("BD", "+880 1712-345678", "+8801712345678"),
        ("GB", "+44 7400 123456", "+447400123456"),
    ];

    #[test]
    fn the_parser_takes_the_countries_on_its_list_and_no_others() {
        for (country, spelling, e164) in SPELLINGS {
            let phone = parser(&["NP", country]).parse(spelling).unwrap();
            assert_eq!(phone.e164(), e164);
            assert_eq!((phone.nepal_subscriber(), phone.operator()), (None, None));
            let others: Vec<&str> =
                SPELLINGS.iter().map(|row| row.0).filter(|other| *other != country).collect();
            for refusing in [parser(&["NP"]), parser(&others), PhoneParser::nepal()] {
                assert_eq!(refusing.parse(spelling), Err(PhoneFault::UnsupportedCountry), "{spelling}");
            }
        }
    }

    #[test]
    fn an_accepted_phone_parses_from_its_own_e164_form() {
        let parser = parser(&SPELLINGS.map(|row| row.0));
        for (_, _, e164) in SPELLINGS {
            assert_eq!(parser.parse(e164).map(Phone::e164).as_deref(), Ok(e164));
        }
    }

    /// The table of Nepal is our own, with a date. When an update of the library brings other prefixes, this fails:
    /// look at the sources again, then change the table and its date.
    #[test]
    fn our_table_of_nepal_agrees_with_the_library() {
        for prefix in 0..1000_u64 {
            let number = PHONE_NUMBER_UTIL.parse(format!("+977{prefix:03}1234567"), None);
            let is_mobile = number.is_ok_and(|number| number.get_type() == PhoneNumberType::Mobile);
            let is_ours = nepal::MOBILE_PREFIXES.iter().any(|row| u64::from(row.prefix) == prefix);
            assert_eq!(is_mobile, is_ours, "{prefix:03}");
        }
    }

    #[test]
    fn our_fixed_lines_of_nepal_agree_with_the_library() {
        for start in 100..1000_u64 {
            let national = start * 100_000 + 12_345;
            let number = PHONE_NUMBER_UTIL.parse(format!("+977{national}"), None);
            let is_fixed = number.is_ok_and(|number| number.get_type() == PhoneNumberType::FixedLine);
            let expected = if is_fixed { PhoneFault::NotMobile } else { PhoneFault::WrongLength };
            assert_eq!(PhoneParser::nepal().parse(&national.to_string()), Err(expected), "{national}");
        }
    }
}
