//! Player names.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::limits::{NAME_BYTES_MAX, NAME_CHARS_MAX, NAME_TYPED_BYTES_MAX};

/// A name that may be shown: in its compatibility form (NFKC), 1 to `NAME_CHARS_MAX`
/// characters as people count them, none that control, turn or hide text, no space at its
/// ends and never two in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    Empty,
    TooLong,
    Unprintable,
}

impl std::fmt::Display for NameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("a name needs at least one character"),
            Self::TooLong => {
                write!(
                    f,
                    "a name has at most {NAME_CHARS_MAX} characters and {NAME_BYTES_MAX} bytes"
                )
            }
            Self::Unprintable => {
                f.write_str("a name has no control, direction or hidden characters")
            }
        }
    }
}

impl Name {
    /// Parses a name as a client sent it: spaces at the ends are dropped, the rest is put
    /// into its compatibility form and each run of spaces made one.
    ///
    /// # Errors
    /// When nothing is left, it is too long, or a character cannot be shown safely.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.len() > NAME_TYPED_BYTES_MAX {
            return Err(NameError::TooLong);
        }
        let name = tidied(text);
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if has_unprintable(&name) {
            return Err(NameError::Unprintable);
        }
        if name.len() > NAME_BYTES_MAX || name.graphemes(true).count() > NAME_CHARS_MAX {
            return Err(NameError::TooLong);
        }
        Ok(Self(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// In its compatibility form, with single spaces and none at the ends. Line breaks and
/// tabs stay, and are refused.
fn tidied(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for c in text.nfkc() {
        let c = if c == '\u{1680}' { ' ' } else { c };
        // The compatibility form may begin with a space where the text did not.
        if c != ' ' || !(tidy.is_empty() || tidy.ends_with(' ')) {
            tidy.push(c);
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy
}

/// Whether there is a character that cannot be shown, or turns or hides the text around it.
/// A few that do are part of emoji, and harmless there.
fn has_unprintable(name: &str) -> bool {
    // What the modifiers since then belong to.
    let mut base = None;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{200D}' => {
                let joins = base.is_some_and(is_pictograph)
                    && chars.peek().copied().is_some_and(is_pictograph);
                if !joins {
                    return true;
                }
            }
            '\u{FE0E}' | '\u{FE0F}' => {
                let selects =
                    base.is_some_and(|it| is_pictograph(it) || matches!(it, '0'..='9' | '#' | '*'));
                if !selects {
                    return true;
                }
            }
            '\u{1F3FB}'..='\u{1F3FF}' if base.is_some_and(is_pictograph) => {}
            _ if is_unprintable(c) => return true,
            _ => base = Some(c),
        }
    }
    false
}

/// Where the pictographs are that emoji are made of, other characters among them. Blocks
/// rather than a property, so that all ends agree whatever version of Unicode they know.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2190}'..='\u{21FF}'
        | '\u{2300}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}'
        | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{1F000}'..='\u{1F1E5}'
        | '\u{1F200}'..='\u{1F3FA}' | '\u{1F400}'..='\u{1FAFF}')
}

/// Control and format characters (Cc, Cf), line and paragraph separators, what has no look
/// of its own (joiners, fillers, selectors, the blank of Braille), private use.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
            | '\u{890}'..='\u{891}' | '\u{8E2}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{E000}'..='\u{F8FF}'
            | '\u{FDD0}'..='\u{FDEF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFC}' | '\u{FFFE}'..='\u{FFFF}' | '\u{110BD}' | '\u{110CD}'
            | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(text: &str) -> Result<String, NameError> {
        Name::parse(text).map(Name::into_string)
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(named("  Ada "), Ok("Ada".to_owned()));
        assert_eq!(named("Ada \u{3000}  L"), Ok("Ada L".to_owned()));
        assert_eq!(named(" \t "), Err(NameError::Empty));
        assert_eq!(named("12345678901234567"), Err(NameError::TooLong));
        assert!(named("飛行士たちの長い名前").is_ok(), "because characters count, not bytes");
    }

    #[test]
    fn what_looks_alike_is_the_same_name() {
        assert_eq!(named("Ａｄａ"), named("Ada"));
        assert_eq!(named("ﬁsh"), named("fish"));
        assert_eq!(named("e\u{301}"), named("\u{E9}"));
        assert_eq!(named("\u{1112}\u{1161}\u{11AB}"), named("한"));
    }

    #[test]
    fn a_family_is_one_character() {
        let family = "👨\u{200D}👩\u{200D}👧";
        assert!(named(family).is_ok());
        assert_eq!(named(&family.repeat(4)), Err(NameError::TooLong), "because bytes count too");
        let flags = "🇦🇹".repeat(8);
        assert_eq!(named(&flags).as_deref(), Ok(flags.as_str()), "because two letters are a flag");
        assert!(named("🏳\u{FE0F}\u{200D}🌈").is_ok());
        assert!(named("👩🏽\u{200D}🚀").is_ok());
        assert!(named("1\u{FE0F}\u{20E3}").is_ok());
    }

    #[test]
    fn marks_are_bounded_by_bytes() {
        let tower = |marks| format!("Z{}", "\u{335}".repeat(marks));
        assert!(named(&tower(31)).is_ok());
        assert_eq!(named(&tower(32)), Err(NameError::TooLong));
        assert_eq!(named(&tower(10_000)), Err(NameError::TooLong));
        assert_eq!(named(&"\u{FDFA}".repeat(16)), Err(NameError::TooLong), "because each is 18");
    }

    #[test]
    fn names_that_turn_or_hide_text_are_refused() {
        for hostile in [
            "a\u{202E}b",
            "a\u{200B}b",
            "a\nb",
            "\u{2066}x",
            "a\0b",
            "a\u{200D}b",
            "👩\u{200D}",
            "👩\u{200D}a",
            "a\u{200C}b",
            "a\u{FE0F}",
            "\u{3164}",
            "\u{2800}",
            "a\u{E0101}b",
            "\u{E000}",
            "a\u{34F}b",
            "👩\u{200D}\u{200D}👩",
        ] {
            assert_eq!(named(hostile), Err(NameError::Unprintable), "{hostile:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_a_name_for_itself(text in "\\PC{1,12}") {
            if let Ok(name) = named(&text) {
                prop_assert_eq!(named(&name), Ok(name));
            }
        }
    }
}
