//! Codes: derived, uniform, compared whole, and read as people type them.

use std::collections::HashSet;

use domain::code::{CodeFault, CodeLength, CodeSource, Nonce, Pepper, Peppers, SubmittedCode};
use domain::id::VerificationId;
use domain::phone::Phone;
use domain::verification::Purpose;
use proptest::prelude::*;
use uuid::Uuid;

fn peppers() -> Peppers {
    Peppers::new(Pepper::new(&[1; 32]).unwrap(), vec![Pepper::new(&[2; 32]).unwrap()])
}

fn source(number: u128) -> CodeSource {
    CodeSource {
        verification: VerificationId::from_uuid(Uuid::from_u128(number)),
        phone: Phone::from_digits(9_779_841_234_567).unwrap(),
        purpose: Purpose::Contact,
        nonce: Nonce::from_bytes([3; 16]),
        pepper: peppers().newest(),
        length: CodeLength::SIX,
    }
}

fn digits(source: &CodeSource) -> String {
    peppers().derive(source).unwrap().as_str().to_owned()
}

#[test]
fn the_derivation_does_not_change_from_version_to_version() {
    // A change of this value kills every code that is on its way when a new version is rolled out.
    assert_eq!(digits(&source(1)), EXPECTED_FIRST_CODE);
}

/// Computed once by an independent implementation in Python.
const EXPECTED_FIRST_CODE: &str = "156628";

#[test]
fn codes_are_uniform_in_every_position_and_keep_their_zeros() {
    const DRAWS: u32 = 40_000;
    let peppers = peppers();
    let mut counts = [[0_u32; 10]; 6];
    let mut leading_zero = false;
    for number in 0..DRAWS {
        let code = peppers.derive(&source(number.into())).unwrap();
        assert_eq!(code.as_str().len(), 6);
        leading_zero |= code.as_str().starts_with('0');
        for (position, digit) in code.as_str().bytes().enumerate() {
            counts[position][usize::from(digit - b'0')] += 1;
        }
    }
    assert!(leading_zero);
    let expected = f64::from(DRAWS) / 10.0;
    for (position, counts) in counts.iter().enumerate() {
        let chi_square: f64 =
            counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        // Nine degrees of freedom: 40 is beyond 1 in 100,000. The draws are fixed, so this never flickers.
        assert!(chi_square < 40.0, "position {position}: {chi_square}");
    }
}

#[test]
fn everything_that_a_code_belongs_to_changes_it() {
    let base = CodeSource { length: CodeLength::new(10).unwrap(), ..source(1) };
    let variants = [
        base,
        CodeSource { verification: VerificationId::from_uuid(Uuid::from_u128(2)), ..base },
        CodeSource { phone: Phone::from_digits(9_779_841_234_568).unwrap(), ..base },
        CodeSource { purpose: Purpose::Login, ..base },
        CodeSource { nonce: Nonce::from_bytes([4; 16]), ..base },
        CodeSource { pepper: Pepper::new(&[2; 32]).unwrap().id(), ..base },
    ];
    let codes: HashSet<_> = variants.iter().map(digits).collect();
    assert_eq!(codes.len(), variants.len());
}

#[test]
fn a_code_of_an_older_pepper_still_checks_and_one_of_an_unknown_pepper_does_not_exist() {
    let old = CodeSource { pepper: Pepper::new(&[2; 32]).unwrap().id(), ..source(1) };
    assert!(peppers().derive(&old).is_some());
    let unknown = CodeSource { pepper: Pepper::new(&[9; 32]).unwrap().id(), ..source(1) };
    assert!(peppers().derive(&unknown).is_none());
}

#[test]
fn people_type_codes_in_many_ways() {
    let code = peppers().derive(&source(1)).unwrap();
    let plain = code.as_str().to_owned();
    let devanagari: String =
        plain.chars().map(|digit| char::from_u32(u32::from(digit) - 0x30 + 0x966).unwrap()).collect();
    let full_width: String =
        plain.chars().map(|digit| char::from_u32(u32::from(digit) - 0x30 + 0xff10).unwrap()).collect();
    let halves = format!(" {} {} ", &plain[..3], &plain[3..]);
    let dashed = format!("{}-{}", &plain[..3], &plain[3..]);
    for typed in [plain, devanagari, full_width, halves, dashed] {
        assert!(code.matches(&SubmittedCode::parse(&typed).unwrap()), "{typed}");
    }
}

#[test]
fn what_cannot_be_a_code_is_told_apart_from_a_wrong_one() {
    for (typed, fault) in [
        ("", CodeFault::Empty),
        ("  ", CodeFault::Empty),
        ("12345", CodeFault::WrongLength),
        ("12345678901", CodeFault::WrongLength),
        ("abcdef", CodeFault::InvalidCharacter),
        ("123  456", CodeFault::InvalidCharacter),
        ("-123456", CodeFault::InvalidCharacter),
        ("123456-", CodeFault::InvalidCharacter),
        ("12345٦", CodeFault::InvalidCharacter),
        ("1 2 3 4 5 6 7 8 9 0 1", CodeFault::WrongLength),
    ] {
        assert_eq!(SubmittedCode::parse(typed).unwrap_err(), fault, "{typed:?}");
    }
}

proptest! {
    #[test]
    fn only_the_same_digits_match(number in any::<u128>(), typed in "[0-9]{6,10}") {
        let code = peppers().derive(&source(number)).unwrap();
        let same = code.as_str() == typed;
        prop_assert_eq!(code.matches(&SubmittedCode::parse(&typed).unwrap()), same);
    }

    #[test]
    fn reading_a_code_never_fails_badly(typed in ".{0,200}") {
        if let Ok(code) = SubmittedCode::parse(&typed) {
            prop_assert_eq!(format!("{code:?}"), "SubmittedCode(hidden)");
        }
    }
}
