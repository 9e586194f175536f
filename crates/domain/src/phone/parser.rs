//! From an input to a phone. Owns the order of the rules and the allow-list of countries; asks a numbering plan about
//! the numbers of other countries than Nepal.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::lexer::{self, Dialled};
use super::nepal::{self, Standing};
use super::{Country, DIGITS, Phone, PhoneFault};

/// The longest input that is looked at, in bytes of UTF-8: the longest number in the widest script and separators all
/// over it.
pub const INPUT_BYTES_MAX: usize = 64;

const NEPAL_CODE: &[u8] = &[9, 7, 7];
/// Digits of a Nepali mobile number without country code and trunk zero.
const NATIONAL_LENGTH: usize = 10;

/// The numbers of countries other than Nepal: which are mobile ones, and whose. A port, pure and synchronous.
pub trait NumberingPlan: Send + Sync + std::fmt::Debug {
    /// Whether the digits, which need not make a whole number, begin with the calling code of the country. Countries
    /// may share a code.
    fn begins_with_code_of(&self, country: Country, digits: u64) -> bool;

    /// The country of a mobile number, given as 8 to 15 digits in E.164 form.
    ///
    /// The digits must be the one E.164 form of the number, without a trunk prefix left in them, or one phone could
    /// be counted as two.
    ///
    /// # Errors
    /// [`PhoneFault::UnsupportedCountry`] when no country has the code, [`PhoneFault::WrongLength`] when no number of
    /// the country looks like this, [`PhoneFault::UnallocatedPrefix`] when the number belongs to nobody, and
    /// [`PhoneFault::NotMobile`] when it cannot be a mobile one.
    fn country_of_mobile(&self, e164_digits: u64) -> Result<Country, PhoneFault>;
}

/// Makes phones of what people type.
///
/// The rules, in this order; the first that does not hold names the fault.
///
/// 1. At most [`INPUT_BYTES_MAX`] bytes.
/// 2. Format characters (Unicode Cf) are dropped and surrounding white space is trimmed; the rest is digits (ASCII,
///    Devanagari, full-width), separators, and one plus before the digits.
/// 3. After `+` or `00` comes a country code. Thirteen digits that begin with 977 have one too. All else is a national
///    number, and national means Nepali.
/// 4. The country is on the allow-list.
/// 5. A Nepali number loses one trunk `0` and is looked up in [`nepal::MOBILE_PREFIXES`]; a number of another country
///    goes to the [`NumberingPlan`].
#[derive(Clone, Debug)]
pub struct PhoneParser {
    nepal: bool,
    others: BTreeSet<Country>,
    plan: Option<Arc<dyn NumberingPlan>>,
    defunct_operators: bool,
    also: BTreeSet<Phone>,
}

impl PhoneParser {
    /// Takes phones of Nepal only, and none of a defunct operator.
    #[must_use]
    pub fn nepal() -> Self {
        Self::new([Country::NEPAL], None)
    }

    /// Takes phones of these countries. Those of Nepal are known by the table of this crate; without a plan every other
    /// country is refused, on the list or not.
    pub fn new(countries: impl IntoIterator<Item = Country>, plan: Option<Arc<dyn NumberingPlan>>) -> Self {
        let mut others: BTreeSet<Country> = countries.into_iter().collect();
        let nepal = others.remove(&Country::NEPAL);
        Self { nepal, others, plan, defunct_operators: false, also: BTreeSet::new() }
    }

    /// Takes numbers of operators that have closed down as well, for the day when their prefixes are given away again
    /// and this table does not know yet.
    #[must_use]
    pub fn accept_defunct_operators(self) -> Self {
        Self { defunct_operators: true, ..self }
    }

    /// Takes these as well, whatever the rules say of their numbers: phones for tests.
    #[must_use]
    pub fn accept_also(self, phones: impl IntoIterator<Item = Phone>) -> Self {
        Self { also: phones.into_iter().collect(), ..self }
    }

    /// Parses one number. Nothing is allocated for a number of Nepal.
    ///
    /// # Errors
    /// [`PhoneFault`], for the first rule that does not hold.
    pub fn parse(&self, input: &str) -> Result<Phone, PhoneFault> {
        let dialled = lexer::read(input)?;
        let parsed = self.judge(&dialled);
        if parsed.is_err() && !self.also.is_empty() {
            return e164(&dialled).filter(|phone| self.also.contains(phone)).map_or(parsed, Ok);
        }
        parsed
    }

    fn judge(&self, dialled: &Dialled) -> Result<Phone, PhoneFault> {
        if let Some(international) = international(dialled) {
            return match international.strip_prefix(NEPAL_CODE) {
                Some(national) => self.nepali(national),
                None => self.foreign(international),
            };
        }
        match dialled.digits() {
            _ if !self.nepal => Err(PhoneFault::UnsupportedCountry),
            // Nobody can dial a short code behind a country code or a trunk zero, so only a bare one is told apart.
            [1..=9, rest @ ..] if (2..=4).contains(&rest.len()) => Err(PhoneFault::ShortCode),
            [9, 7, 7, national @ ..] if national.len() == NATIONAL_LENGTH => self.nepali(national),
            national => self.nepali(national),
        }
    }

    fn nepali(&self, national: &[u8]) -> Result<Phone, PhoneFault> {
        if !self.nepal {
            return Err(PhoneFault::UnsupportedCountry);
        }
        let (subscriber, standing) = nepal::mobile(national.strip_prefix(&[0]).unwrap_or(national))?;
        match standing {
            Standing::Defunct if !self.defunct_operators => Err(PhoneFault::DefunctOperator),
            Standing::Active | Standing::Defunct => Ok(Phone(nepal::e164(subscriber))),
        }
    }

    fn foreign(&self, e164: &[u8]) -> Result<Phone, PhoneFault> {
        let Some(plan) = self.plan.as_deref().filter(|_| !self.others.is_empty()) else {
            return Err(PhoneFault::UnsupportedCountry);
        };
        // As many digits as any number has tell the code, and fit.
        let leading = number(&e164[..e164.len().min(*DIGITS.end())]);
        let allowed = |country: &Country| plan.begins_with_code_of(*country, leading);
        // A first zero, which no code has, would be lost in the integer.
        if e164.first() == Some(&0) || !self.others.iter().any(allowed) {
            return Err(PhoneFault::UnsupportedCountry);
        }
        if !DIGITS.contains(&e164.len()) {
            return Err(PhoneFault::WrongLength);
        }
        let country = plan.country_of_mobile(leading)?;
        if self.others.contains(&country) { Ok(Phone(leading)) } else { Err(PhoneFault::UnsupportedCountry) }
    }
}

/// The digits behind `+` or `00`; `None` for a number that was dialled within the country.
fn international(dialled: &Dialled) -> Option<&[u8]> {
    if dialled.plus { Some(dialled.digits()) } else { dialled.digits().strip_prefix(&[0, 0]) }
}

/// The phone with the digits that were dialled, as far as they tell one, whoever's it is: with a country code, or the ten
/// digits of a Nepali mobile number.
fn e164(dialled: &Dialled) -> Option<Phone> {
    let digits = match international(dialled) {
        Some(digits) => digits,
        None => match dialled.digits().strip_prefix(&[0]).unwrap_or(dialled.digits()) {
            digits @ [9, 7, 7, national @ ..] if national.len() == NATIONAL_LENGTH => digits,
            national @ [9, ..] if national.len() == NATIONAL_LENGTH => {
                return Phone::from_digits(nepal::e164(number(national)));
            }
            _ => return None,
        },
    };
    // A number that begins with zero has no country.
    let plausible = DIGITS.contains(&digits.len()) && digits.first() != Some(&0);
    plausible.then(|| Phone::from_digits(number(digits))).flatten()
}

/// The value of at most 19 digits.
pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, &digit| number * 10 + u64::from(digit))
}
