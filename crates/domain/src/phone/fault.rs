//! Why an input is not a phone that a code can be sent to. Owns the reasons and their names; never holds the input.

/// Why an input was refused. The input itself is not in it: a mistyped number is mostly somebody's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PhoneFault {
    /// No digit at all.
    #[error("the phone number has no digits; write it like 9841234567 or +9779841234567")]
    Empty,
    /// More than [`INPUT_BYTES_MAX`](super::INPUT_BYTES_MAX) bytes of UTF-8, as it came.
    #[error(
        "the phone number is longer than {} bytes; send one number and nothing else",
        super::INPUT_BYTES_MAX
    )]
    TooLong,
    /// Something other than digits, separators and one leading plus: letters, an extension, a second number.
    #[error(
        "the phone number has a character that is not a digit, a separator or a leading +; send only the number"
    )]
    InvalidCharacter,
    /// A number of digits that no mobile number of the country has.
    #[error(
        "the phone number has too few or too many digits; a Nepali mobile number has 10, or 13 with the country \
         code 977"
    )]
    WrongLength,
    /// A country that is not on the allow-list, or no country's code at all.
    #[error(
        "codes are not sent to this country; after + or 00 the country code of an allowed country must follow"
    )]
    UnsupportedCountry,
    /// The right number of digits behind a prefix that no mobile operator has.
    #[error(
        "the phone number begins with a prefix that no mobile operator has been given; look for a mistyped digit"
    )]
    UnallocatedPrefix,
    /// The prefix belongs to an operator that has closed down.
    #[error("the phone number belongs to an operator that has closed down; ask for another number")]
    DefunctOperator,
    /// A number that is no mobile one: fixed line, toll-free and the like.
    #[error("the phone number is not a mobile one; ask for a number that receives SMS")]
    NotMobile,
    /// A short code such as 100 or 5001, which is nobody's phone.
    #[error("this is a short code, not the number of a phone; ask for the full mobile number")]
    ShortCode,
}

impl PhoneFault {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Empty,
        Self::TooLong,
        Self::InvalidCharacter,
        Self::WrongLength,
        Self::UnsupportedCountry,
        Self::UnallocatedPrefix,
        Self::DefunctOperator,
        Self::NotMobile,
        Self::ShortCode,
    ];

    /// The name of the kind, as the test vectors write it: `WrongLength`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::TooLong => "TooLong",
            Self::InvalidCharacter => "InvalidCharacter",
            Self::WrongLength => "WrongLength",
            Self::UnsupportedCountry => "UnsupportedCountry",
            Self::UnallocatedPrefix => "UnallocatedPrefix",
            Self::DefunctOperator => "DefunctOperator",
            Self::NotMobile => "NotMobile",
            Self::ShortCode => "ShortCode",
        }
    }

    /// The stable slug for machines: `wrong-length`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::InvalidCharacter => "invalid-character",
            Self::WrongLength => "wrong-length",
            Self::UnsupportedCountry => "unsupported-country",
            Self::UnallocatedPrefix => "unallocated-prefix",
            Self::DefunctOperator => "defunct-operator",
            Self::NotMobile => "not-mobile",
            Self::ShortCode => "short-code",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PhoneFault;

    #[test]
    fn a_reason_is_the_kind_in_kebab_case() {
        for fault in PhoneFault::ALL {
            let mut kebab = String::new();
            for letter in fault.kind().chars() {
                if letter.is_ascii_uppercase() && !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.push(letter.to_ascii_lowercase());
            }
            assert_eq!(fault.reason(), kebab);
            assert_eq!(fault.kind(), format!("{fault:?}"));
        }
    }

    #[test]
    fn a_fault_says_what_to_do_in_one_sentence() {
        for fault in PhoneFault::ALL {
            let text = fault.to_string();
            assert!(text.len() > 40 && text.contains([';', ',']) && !text.ends_with('.'), "{text}");
        }
    }
}
