//! What players typed, before others see it.

use throng_shared::limits::{CHAT_BYTES_MAX, REASON_BYTES_MAX};
use throng_shared::wire::Problem;

use super::Refused;

/// A line of chat of so many characters at most, without the spaces at its ends.
///
/// # Errors
/// When nothing is left, it is too long, or a character cannot be shown safely.
pub(super) fn line(text: &str, chars_max: usize) -> Result<&str, Refused> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refused::new(Problem::Empty, "A line needs at least one character."));
    }
    let chars = text.chars().count();
    if chars > chars_max || text.len() > CHAT_BYTES_MAX {
        let why = format!(
            "A line has at most {chars_max} characters and {CHAT_BYTES_MAX} bytes; this one has {chars} and {}.",
            text.len()
        );
        return Err(Refused::new(Problem::TooLong, why));
    }
    if let Some((at, it)) = text.chars().enumerate().find(|&(_, it)| is_unprintable(it)) {
        let why = format!(
            "A line has no control or direction characters; character {} is U+{:04X}.",
            at + 1,
            u32::from(it)
        );
        return Err(Refused::new(Problem::NotAllowed, why));
    }
    Ok(text)
}

/// A reason or a report as it may stand in a log and in a close frame.
pub(super) fn reason(text: &str) -> String {
    let mut kept = String::new();
    for it in text.trim().chars().filter(|&it| !is_unprintable(it)) {
        if kept.len() + it.len_utf8() > REASON_BYTES_MAX {
            break;
        }
        kept.push(it);
    }
    kept
}

/// Whether a character ends lines, turns the direction of writing, or shows nothing.
fn is_unprintable(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}')
        || matches!(it, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::limits::CHAT_CHARS_MAX;

    fn line(text: &str) -> Result<&str, Refused> {
        super::line(text, CHAT_CHARS_MAX)
    }

    fn problem(text: &str) -> Option<Problem> {
        line(text).err().map(|refused| refused.problem)
    }

    #[test]
    fn a_line_is_trimmed_and_has_a_length() {
        assert_eq!(line("  好久不见 👋🏽 \n").ok(), Some("好久不见 👋🏽"));
        assert_eq!(problem(" \t\n "), Some(Problem::Empty));
        assert_eq!(problem(&"ä".repeat(200)), None);
        assert_eq!(problem(&"ä".repeat(201)), Some(Problem::TooLong));
        assert_eq!(problem(&"👋".repeat(151)), Some(Problem::TooLong), "because of its bytes");
    }

    #[test]
    fn nothing_that_forges_a_line_or_turns_it_round_is_said() {
        for text in ["a\nb", "a\u{202E}b", "a\u{2066}b", "a\u{7}b", "a\u{1b}[2Jb", "a\u{200B}b"] {
            assert_eq!(problem(text), Some(Problem::NotAllowed), "{text:?}");
        }
        let refused = line("ab\u{202E}").expect_err("it has a direction character");
        assert!(refused.text.contains("character 3 is U+202E"), "{}", refused.text);
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(reason(" spam\r\n2026 [ERROR] forged\u{1b} "), "spam2026 [ERROR] forged");
        assert_eq!(reason(&"é".repeat(500)).len(), REASON_BYTES_MAX);
    }
}
