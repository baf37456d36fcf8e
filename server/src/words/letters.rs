//! A text as the letters that somebody reads, each with its place.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Of one character, at most: nobody hides a word in a ligature that is a sentence.
const LETTERS_MAX: usize = 4;

/// One letter in its compatibility form, without accents, and the bytes of the text that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) c: char,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it is one that English does not have: it was written with a mark, or is of
    /// another alphabet.
    pub(super) is_foreign: bool,
}

/// The letters of a text, and what stands between them. Marks and hidden characters belong
/// to the letter before.
pub(super) fn letters(text: &str) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(text.len());
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        if c.is_ascii() {
            letters.push(Letter { c, start, end, is_foreign: false });
        } else if is_silent(c) {
            if let Some(last) = letters.last_mut() {
                last.end = end;
                last.is_foreign |= is_combining_mark(c);
            }
        } else {
            let has_mark = std::iter::once(c).nfd().any(is_combining_mark);
            let plain = std::iter::once(c).nfkd().filter(|&c| !is_silent(c)).take(LETTERS_MAX);
            letters.extend(plain.map(|c| {
                let is_foreign = has_mark || (c.is_alphabetic() && !c.is_ascii());
                Letter { c, start, end, is_foreign }
            }));
        }
    }
    letters
}

/// What has no look of its own, or is a mark over another character.
pub(super) fn is_silent(c: char) -> bool {
    is_combining_mark(c)
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        letters(text).iter().map(|letter| letter.c).collect()
    }

    #[test]
    fn letters_are_plain() {
        assert_eq!(read("Ｓｈｉｔ"), "Shit");
        assert_eq!(read("crème"), "creme");
        assert_eq!(read("傻\u{200B}逼"), "傻逼");
        assert_eq!(read("ﬁn"), "fin");
    }

    #[test]
    fn a_letter_knows_whether_english_has_it() {
        for (text, foreign) in [
            ("hö", [false, true]),
            ("ho\u{308}", [false, true]),
            ("hß", [false, true]),
            ("ıa", [true, false]),
            ("Ｈｏ", [false, false]),
            ("h\u{200B}o", [false, false]),
        ] {
            let told: Vec<_> = letters(text).iter().map(|letter| letter.is_foreign).collect();
            assert_eq!(told, foreign, "{text:?}");
        }
    }

    #[test]
    fn a_letter_knows_its_bytes() {
        let text = "a\u{301}\u{200B}b";
        let ends: Vec<_> = letters(text).iter().map(|letter| (letter.start, letter.end)).collect();
        assert_eq!(ends, [(0, 6), (6, 7)], "because what is silent belongs to the letter before");
    }
}
