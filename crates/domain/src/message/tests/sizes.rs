//! Segments: the vectors, the boundaries, and the laws of measuring.

use proptest::prelude::*;

use crate::message::{Encoding, SmsSize, measure, units_left};

fn check(text: &str, encoding: Encoding, units: usize, segments: usize) {
    assert_eq!(measure(text), SmsSize { encoding, units, segments }, "{text:?}");
}

#[test]
fn every_vector_holds() {
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../../../vectors/sms_segments.json"))
        .expect("the vectors are JSON");
    let vectors = vectors.as_array().expect("the vectors are a list");
    assert!(vectors.len() >= 21, "the list was cut");
    for vector in vectors {
        let size = measure(vector["text"].as_str().expect("a vector has a text"));
        let encoding = match size.encoding {
            Encoding::Gsm7 => "gsm7",
            Encoding::Ucs2 => "ucs2",
        };
        assert_eq!(vector["encoding"], encoding, "{vector}");
        assert_eq!(vector["units"], size.units, "{vector}");
        assert_eq!(vector["segments"], size.segments, "{vector}");
    }
}

#[test]
fn segments_change_at_the_boundaries() {
    use Encoding::{Gsm7, Ucs2};
    for (units, segments) in [(0, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)] {
        check(&"a".repeat(units), Gsm7, units, segments);
    }
    for (units, segments) in [(70, 1), (71, 2), (134, 2), (135, 3)] {
        check(&"न".repeat(units), Ucs2, units, segments);
    }
    check(&"€".repeat(80), Gsm7, 160, 1);
    check(&format!("{}€", "a".repeat(159)), Gsm7, 161, 2);
    check(&format!("{}€", "a".repeat(158)), Gsm7, 160, 1);
    check(&"😀".repeat(35), Ucs2, 70, 1);
    check(&"😀".repeat(36), Ucs2, 72, 2);
}

#[test]
fn a_character_of_two_units_is_not_split_between_segments() {
    let around =
        |character: &str, before, after| format!("{}{character}{}", "a".repeat(before), "a".repeat(after));
    check(&around("€", 152, 151), Encoding::Gsm7, 305, 2);
    check(&around("€", 152, 152), Encoding::Gsm7, 306, 3);
    check(&around("😀", 66, 66), Encoding::Ucs2, 134, 3);
}

#[test]
fn one_character_outside_the_alphabet_changes_the_encoding() {
    check(&format!("{}’", "a".repeat(69)), Encoding::Ucs2, 70, 1);
    check(&format!("{}’", "a".repeat(70)), Encoding::Ucs2, 71, 2);
    for outside in ["ç", "`", "\t", "–", "…", "न", "।", "😀", "\u{a0}"] {
        assert_eq!(measure(outside).encoding, Encoding::Ucs2, "{outside:?}");
    }
    check("Ç", Encoding::Gsm7, 1, 1);
}

#[test]
fn the_alphabet_has_127_characters_and_the_extension_10() {
    let of_width = |width| {
        ('\0'..=char::MAX)
            .map(|character| measure(character.encode_utf8(&mut [0; 4])))
            .filter(|size| size.encoding == Encoding::Gsm7 && size.units == width)
            .count()
    };
    // 128 places, one of which is the escape; the extension's places are form feed, the euro sign and eight of ASCII.
    assert_eq!(of_width(1), 127);
    assert_eq!(of_width(2), 10);
}

/// Characters of every width in both encodings.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z€~]{0,330}", "[a-z€न’😀]{0,150}", ".{0,100}"]
}

proptest! {
    #[test]
    fn one_more_character_never_makes_a_text_smaller(text in text(), character in any::<char>()) {
        let before = measure(&text);
        let after = measure(&format!("{text}{character}"));
        if before.encoding == after.encoding {
            prop_assert!(after.units > before.units);
        } else {
            prop_assert_eq!(before.encoding, Encoding::Gsm7);
        }
        prop_assert!(after.segments >= before.segments);
        prop_assert!(after.segments <= before.segments + 3, "one character costs one segment, and the encoding two");
    }

    #[test]
    fn what_is_left_can_be_written_and_one_unit_more_is_another_segment(text in text()) {
        let left = units_left(&text);
        let SmsSize { encoding, segments, .. } = measure(&text);
        let written = |more| measure(&format!("{text}{}", "a".repeat(more)));
        prop_assert_eq!((written(left).encoding, written(left).segments), (encoding, segments));
        prop_assert_eq!(written(left + 1).segments, segments + 1);
    }

    #[test]
    fn the_segments_hold_the_units(text in text()) {
        let SmsSize { encoding, units, segments } = measure(&text);
        if segments == 1 {
            prop_assert!(units <= encoding.segment_units());
        } else {
            prop_assert!(units > encoding.segment_units());
            prop_assert!(units <= segments * encoding.part_units());
            // At most one unit of each full segment stays empty.
            prop_assert!(units > (segments - 1) * (encoding.part_units() - 1));
        }
    }
}
