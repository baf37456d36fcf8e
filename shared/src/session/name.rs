//! Player names.

use crate::limits::{NAME_BYTES_MAX, NAME_CHARS_MAX};

/// A name that may be shown: 1 to `NAME_CHARS_MAX` characters, no control or
/// direction characters, no space at its ends.
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
            Self::Unprintable => f.write_str("a name has no control or direction characters"),
        }
    }
}

impl Name {
    /// Parses a name as a client sent it; spaces at the ends are dropped.
    ///
    /// # Errors
    /// When nothing is left, it is too long, or a character cannot be shown safely.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > NAME_BYTES_MAX || text.chars().count() > NAME_CHARS_MAX {
            return Err(NameError::TooLong);
        }
        if text.chars().any(is_unprintable) {
            return Err(NameError::Unprintable);
        }
        Ok(Self(text.to_owned()))
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

/// Control characters, and those that turn or hide the text around them.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(Name::parse("  Ada ").map(Name::into_string), Ok("Ada".to_owned()));
        assert_eq!(Name::parse(" \t "), Err(NameError::Empty));
        assert_eq!(Name::parse("12345678901234567"), Err(NameError::TooLong));
        assert!(Name::parse("飛行士たちの長い名前").is_ok(), "because characters count, not bytes");
    }

    #[test]
    fn names_that_turn_or_hide_text_are_refused() {
        for hostile in ["a\u{202E}b", "a\u{200B}b", "a\nb", "\u{2066}x", "a\0b"] {
            assert_eq!(Name::parse(hostile), Err(NameError::Unprintable), "{hostile:?}");
        }
    }
}
