//! How many messages a text is: 160 septets of GSM 03.38 or 70 UTF-16 units, 153 and 67 once it takes several.

/// Letters of GSM's basic table.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Letters that take two.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// A text's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::notifications) struct Segments {
    /// Messages that it takes.
    pub(in crate::notifications) count: usize,
    /// Whether one letter makes the whole text UCS-2.
    pub(in crate::notifications) is_unicode: bool,
}

pub(in crate::notifications) fn segments(text: &str) -> Segments {
    let is_unicode = !text.chars().all(|c| BASIC.contains(c) || EXTENDED.contains(c));
    let (single, part) = if is_unicode { (70, 67) } else { (160, 153) };
    let sizes: Vec<usize> = text.chars().map(|c| size(c, is_unicode)).collect();
    if sizes.iter().sum::<usize>() <= single {
        return Segments { count: 1, is_unicode };
    }
    // A letter of two units is never split.
    let (mut count, mut used) = (1, 0);
    for size in sizes {
        if used + size > part {
            count += 1;
            used = 0;
        }
        used += size;
    }
    Segments { count, is_unicode }
}

fn size(letter: char, is_unicode: bool) -> usize {
    if is_unicode { letter.len_utf16() } else { 1 + usize::from(EXTENDED.contains(letter)) }
}

/// The longest start of the text that takes at most so many messages.
pub(super) fn within(text: &str, most: usize) -> &str {
    let (mut fits, mut too_long) = (0, text.chars().count() + 1);
    let start = |letters: usize| text.char_indices().nth(letters).map_or(text, |(end, _)| &text[..end]);
    while too_long - fits > 1 {
        let middle = fits.midpoint(too_long);
        if segments(start(middle)).count <= most { fits = middle } else { too_long = middle }
    }
    start(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_standard() {
        let count = |text: &str| segments(text).count;
        assert_eq!(
            [count(""), count(&"a".repeat(160)), count(&"a".repeat(161)), count(&"a".repeat(307))],
            [1, 1, 2, 3]
        );
        assert_eq!([count(&"€".repeat(80)), count(&"€".repeat(81))], [1, 2]);
        assert_eq!([count(&"ł".repeat(70)), count(&"ł".repeat(71)), count(&"ł".repeat(135))], [1, 2, 3]);
        assert_eq!(count(&"😀".repeat(35)), 1);
        assert_eq!(count(&"😀".repeat(36)), 2, "33 in a part: a pair is never split");
        assert!(segments("ł").is_unicode && !segments("Grüße").is_unicode);
        assert_eq!(within(&"a".repeat(5000), 10).len(), 1530);
        assert_eq!(within("short", 1), "short");
    }
}
