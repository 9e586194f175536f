//! Laws that hold for every input, every number and every spelling.

use proptest::prelude::*;
use proptest::sample::select;

use crate::phone::nepal::{self, MOBILE_PREFIXES, Standing};
use crate::phone::{INPUT_BYTES_MAX, Phone, PhoneFault, PhoneParser};

fn active_subscriber() -> impl Strategy<Value = u64> {
    let prefixes: Vec<u64> = MOBILE_PREFIXES
        .into_iter()
        .filter(|row| row.standing == Standing::Active)
        .map(|row| u64::from(row.prefix))
        .collect();
    (select(prefixes), 0..10_000_000_u64).prop_map(|(prefix, rest)| prefix * 10_000_000 + rest)
}

/// Text that gets past the lexer often, and is a number now and then.
fn number_like() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9०-९０-９+＋ ().\u{a0}\u{200b}\u{2013}/\n\t-]{0,60}",
        "(\\+?977|00977)?0?[ -]?9[06-8][0-9]{1,2}[ -]?[0-9]{3}[.]?[0-9०-९]{3,4}\n?",
    ]
}

/// What may stand before the ten digits.
fn lead() -> impl Strategy<Value = &'static str> {
    select(vec!["", "0", "977", "+977", "+9770", "00977", "009770"])
}

/// Writes each digit in the script that `scripts` says and puts separators before the digits and after the last.
fn spell(plain: &str, scripts: &[u8], separators: &[Option<char>]) -> String {
    let mut spelling = String::new();
    for (position, character) in plain.chars().enumerate() {
        spelling.extend(separators[position]);
        let zero = [0x30, 0x966, 0xff10][usize::from(scripts[position])];
        let written = match character.to_digit(10) {
            Some(digit) => char::from_u32(zero + digit).unwrap(),
            None if zero == 0xff10 => '＋',
            None => character,
        };
        spelling.push(written);
    }
    spelling.extend(separators[plain.chars().count()]);
    spelling
}

fn separator() -> impl Strategy<Value = Option<char>> {
    prop_oneof![
        4 => Just(None),
        1 => select(vec![' ', '-', '.', '(', ')', '/', '\u{a0}', '\u{2007}', '\u{202f}', '\u{2010}', '\u{2015}',
            '\u{2212}', '\u{200b}', '\u{202a}', '\u{ad}']).prop_map(Some),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(input in ".{0,200}") {
        let _ = PhoneParser::nepal().parse(&input);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..=200)) {
        let _ = PhoneParser::nepal().parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn what_is_accepted_is_a_mobile_number_of_nepal(input in number_like()) {
        if let Ok(phone) = PhoneParser::nepal().parse(&input) {
            let subscriber = phone.nepal_subscriber().unwrap();
            prop_assert!(subscriber.len() == 10 && subscriber.starts_with('9'));
            prop_assert!(subscriber.bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert_eq!(phone.e164(), format!("+977{subscriber}"));
            prop_assert!(phone.operator().is_some());
            prop_assert_eq!(PhoneParser::nepal().parse(&phone.e164()), Ok(phone));
        }
    }

    #[test]
    fn every_spelling_of_a_number_is_the_same_phone(
        subscriber in active_subscriber(),
        lead in lead(),
        scripts in prop::collection::vec(0..3_u8, 20),
        separators in prop::collection::vec(separator(), 21),
        surround in select(vec!["", " ", "\n", "\t\r\n", "\u{feff}", "\u{3000}"]),
    ) {
        let spelling = spell(&format!("{lead}{subscriber}"), &scripts, &separators);
        let input = format!("{surround}{spelling}{surround}");
        let expected = if input.len() > INPUT_BYTES_MAX {
            Err(PhoneFault::TooLong)
        } else {
            Ok(Phone::from_digits(nepal::e164(subscriber)).unwrap())
        };
        prop_assert_eq!(PhoneParser::nepal().parse(&input), expected, "{:?}", input);
    }

    #[test]
    fn a_phone_parses_from_its_own_e164_form(subscriber in active_subscriber()) {
        let phone = Phone::from_digits(nepal::e164(subscriber)).unwrap();
        prop_assert_eq!(PhoneParser::nepal().parse(&phone.e164()), Ok(phone));
        prop_assert_eq!(Phone::from_digits(phone.digits()), Some(phone));
    }

    #[test]
    fn ten_digits_are_accepted_exactly_when_the_table_has_their_prefix(national in 1_000_000_000..10_000_000_000_u64) {
        let row = MOBILE_PREFIXES.into_iter().find(|row| u64::from(row.prefix) == national / 10_000_000);
        let expected = match row.map(|row| row.standing) {
            Some(Standing::Active) => Ok(Phone::from_digits(nepal::e164(national)).unwrap()),
            Some(Standing::Defunct) => Err(PhoneFault::DefunctOperator),
            None => Err(PhoneFault::UnallocatedPrefix),
        };
        prop_assert_eq!(PhoneParser::nepal().parse(&national.to_string()), expected);
    }

    #[test]
    fn neither_mask_nor_debug_gives_the_number_away(digits in 10_000_000..1_000_000_000_000_000_u64) {
        let phone = Phone::from_digits(digits).unwrap();
        let written = digits.to_string();
        for shown in [phone.masked(), format!("{phone:?}"), format!("{:#?}", Some(phone))] {
            prop_assert!(!shown.contains(&written));
            let shown_digits = shown.chars().filter(char::is_ascii_digit).count();
            prop_assert!(shown_digits <= 7 && shown_digits + 4 <= written.len());
            prop_assert_eq!(shown.matches('•').count(), 5);
        }
    }
}
