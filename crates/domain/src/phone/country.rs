//! Countries, as allow-lists name them. Owns the two-letter codes; knows no calling code: that is the numbering plan's.

use std::fmt;

/// The codes that [`Country::parse`] takes: ISO 3166-1 alpha-2 as of ISO/TC 46 N1108 (2023-04-05), and the three others
/// under which numbering plans list territories with numbers of their own: AC and TA (exceptionally reserved) and XK.
const CODES: &str = "
    AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC
    EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK
    HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB
    LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ
    NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU
    RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
";

/// A country by its ISO 3166-1 alpha-2 code: `NP`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Nepal, whose numbers this crate knows by its own table.
    pub const NEPAL: Self = Self(*b"NP");

    /// The country with this code, in either case. `None` for a code that no country has: `UK` in an allow-list is a
    /// mistake that would refuse every British number, and is better found when the configuration is read.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let &[first, second] = code.as_bytes() else { return None };
        let code = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
        CODES.split_ascii_whitespace().any(|known| known.as_bytes() == code).then_some(Self(code))
    }

    /// The code: two capital ASCII letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Both ways to make a country keep to ASCII, so the default is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{CODES, Country};

    #[test]
    fn a_code_is_read_in_either_case_and_written_in_capitals() {
        assert_eq!(Country::parse("np"), Some(Country::NEPAL));
        assert_eq!(Country::parse("NP"), Some(Country::NEPAL));
        assert_eq!(Country::parse("gB").unwrap().as_str(), "GB");
        assert_eq!(format!("{0} {0:?}", Country::NEPAL), "NP NP");
    }

    #[test]
    fn what_no_country_has_is_not_a_country() {
        for code in ["", "N", "NPL", "UK", "XX", "n ", " \n", "977", "न"] {
            assert_eq!(Country::parse(code), None, "{code:?}");
        }
    }

    #[test]
    fn every_code_of_the_table_is_a_country_once() {
        let codes: Vec<&str> = CODES.split_ascii_whitespace().collect();
        assert_eq!(codes.len(), 249 + 3);
        assert!(codes.is_sorted_by(|left, right| left < right));
        assert!(
            codes.iter().all(|code| Country::parse(code).is_some_and(|country| country.as_str() == *code))
        );
    }
}
