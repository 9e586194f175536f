//! How many segments a text costs: 160 septets alone or 153 each (GSM-7), 70 or 67 UTF-16 units each (UCS-2).
//! Source: 3GPP TS 23.038, and the limits Sparrow names. A character is never split over two segments.

/// The basic alphabet without letters and digits of ASCII.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Two septets each: an escape comes first.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// The number of segments, at least one.
pub(crate) fn count(text: &str) -> u64 {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(sizes) => pack(&sizes, 160, 153),
        None => pack(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

fn septets(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || BASIC.contains(c) { Some(1) } else { EXTENDED.contains(c).then_some(2) }
}

fn pack(sizes: &[usize], alone: usize, each: usize) -> u64 {
    if sizes.iter().sum::<usize>() <= alone {
        return 1;
    }
    let mut segments = 1;
    let mut used = 0;
    for size in sizes {
        if used + size > each {
            segments += 1;
            used = 0;
        }
        used += size;
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_as_the_standard_says() {
        let a = |n: usize| "a".repeat(n);
        let rows = [
            (String::new(), 1),
            (a(160), 1),
            (a(161), 2),
            (a(306), 2),
            (a(307), 3),
            (a(158) + "€", 1),
            (a(159) + "€", 2),
            (a(152) + "€" + &a(151), 2),
            (a(152) + "€" + &a(152), 3),
            ("न".repeat(70), 1),
            ("न".repeat(71), 2),
            ("न".repeat(134), 2),
            ("न".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            (a(66) + "😀" + &a(66), 3),
            (a(70) + "ç", 2),
            (a(70) + "Ç", 1),
        ];
        for (text, segments) in rows {
            assert_eq!(count(&text), segments, "{text}");
        }
    }
}
