//! The agreed table: what people, and attackers, type, and what it is.

use super::check;
use crate::phone::PhoneFault::{self, *};
use crate::phone::{Operator, PhoneParser};

fn is_the_number(inputs: &[&str]) {
    for input in inputs {
        check(input, Ok("+9779841234567"));
    }
}

fn is_refused(inputs: &[&str], fault: PhoneFault) {
    for input in inputs {
        check(input, Err(fault));
    }
}

#[test]
fn a_national_number_belongs_to_the_operator_of_its_prefix() {
    let operators = [
        (
            Operator::Ntc,
            &["9841234567", "9851012345", "9861234567", "9741234567", "9751234567", "9761234567"][..],
        ),
        (
            Operator::Ncell,
            &["9801234567", "9811234567", "9821234567", "9701234567", "9711234567", "9001234567"],
        ),
        (Operator::Utl, &["9721234567"]),
        (Operator::Nstpl, &["9631234567"]),
        (Operator::Stm, &["9601234567"]),
    ];
    for (operator, inputs) in operators {
        for input in inputs {
            check(input, Ok(&format!("+977{input}")));
            assert_eq!(PhoneParser::nepal().parse(input).unwrap().operator(), Some(operator), "{input}");
        }
    }
}

#[test]
fn a_prefix_out_of_use_is_refused() {
    is_refused(&["9611234567", "9621234567", "9881234567"], DefunctOperator);
    is_refused(
        &[
            "9831234567",
            "9871234567",
            "9891234567",
            "9731234567",
            "9771234567",
            "9781234567",
            "9791234567",
            "9901234567",
            "9876543210",
        ],
        UnallocatedPrefix,
    );
}

#[test]
fn a_country_code_and_a_trunk_zero_change_nothing() {
    is_the_number(&[
        "9841234567",
        "+9779841234567",
        "9779841234567",
        "009779841234567",
        "09841234567",
        "+97709841234567",
        "+977-0984-1234567",
    ]);
}

#[test]
fn separators_change_nothing() {
    is_the_number(&[
        "00977 984-1234567",
        "+977-984-1234567",
        "+977 984 123 4567",
        "+977 (984) 1234567",
        "(+977) 9841234567",
        "(984) 123-4567",
        "984.123.4567",
        "984/1234567",
        "9841\u{a0}234567",
        "984\u{2013}1234567",
    ]);
}

#[test]
fn the_script_of_the_digits_changes_nothing() {
    is_the_number(&[
        "९८४१२३४५६७",
        "+९७७ ९८४ १२३ ४५६७",
        "９８４１２３４５６７",
        "＋９７７９８４１２３４５６７",
        "9८41234567",
    ]);
    is_refused(&["٩٨٤١٢٣٤٥٦٧", "①②③4567890"], InvalidCharacter);
}

#[test]
fn what_a_paste_brings_along_changes_nothing() {
    is_the_number(&[" 9841234567 ", "9841234567\n", "\u{202a}9841234567\u{202c}", "98\u{200b}41234567"]);
    is_refused(
        &["984\n1234567", "984\t1234567", "9841234567\u{0}", "9841234567\r\nBcc: x"],
        InvalidCharacter,
    );
}

#[test]
fn too_few_or_too_many_digits_are_refused() {
    is_refused(
        &[
            "984123456",
            "98412345678",
            "+977984123456",
            "+97798412345678",
            "977984123456",
            "0977984123456",
            "09779841234567",
            "4412345",
            "123456",
            "919841234567",
            "9841234567 9801234567",
            "9841234567/9801234567",
        ],
        WrongLength,
    );
}

#[test]
fn an_edge_of_the_lengths_is_refused_with_its_own_fault() {
    // Not in the agreed table: what the order of the rules makes of its corners.
    is_refused(
        &["0", "00977", "+977", "+9770", "12", "+977100", "0100", "98412345", "+977009841234567"],
        WrongLength,
    );
    is_refused(&["00", "0000", "+9", "+97", "+00977", "+9760"], UnsupportedCountry);
    is_refused(&["9841", "984", "98412"], ShortCode);
    is_refused(&["97709841234567", "9770984123456"], WrongLength);
}

#[test]
fn another_country_is_refused() {
    is_refused(
        &[
            "009841234567",
            "+9841234567",
            "+919876543210",
            "+14155552671",
            "+8801712345678",
            "+8613800138000",
            "+1 977 984 1234",
            "+0779841234567",
        ],
        UnsupportedCountry,
    );
}

#[test]
fn fixed_lines_and_toll_free_numbers_are_not_mobile() {
    is_refused(
        &[
            "014412345",
            "01-4412345",
            "+97714412345",
            "021-523456",
            "99012345",
            "16600112345",
            "1-800-1234567",
        ],
        NotMobile,
    );
}

#[test]
fn a_short_code_is_nobody() {
    is_refused(&["100", "1098", "5001", "37001"], ShortCode);
}

#[test]
fn nothing_and_too_much_are_refused() {
    is_refused(&["", "   ", "---", "+"], Empty);
    is_refused(&[&"9".repeat(100)], TooLong);
}

#[test]
fn nothing_is_read_out_of_letters_extensions_and_lists() {
    is_refused(
        &[
            "abc",
            "98412E4567",
            "9.841234567e9",
            "984ABC4567",
            "0x9841234567",
            "*9841234567",
            "9841234567 ext 5",
            "9841234567;ext=5",
            "tel:+977-984-1234567",
            "++9779841234567",
            "9841234567+",
            "+977+9841234567",
            "9841234567,9801234567",
            "9841234567%2C9801234567",
            "9841234567&to=9801234567",
            "9841234567;9801234567",
            "' OR 1=1--",
            "9841234567'; DROP TABLE phone_otp;--",
            "{\"$ne\":1}",
            "<script>alert(1)</script>",
            "98412345<b>67</b>",
        ],
        InvalidCharacter,
    );
}
