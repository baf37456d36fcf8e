//! The log on stderr. Whatever a peer said goes through one function on its way there, so
//! that it can neither move the cursor of a terminal nor begin a line of its own; and what
//! dependencies say of the bytes that pass is not written at all.

use std::fmt::{self, Display, Write};
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::debug_fn;

/// Crates that would tell of frames, heads and records, with what is in them.
const TALKATIVE: [&str; 5] = ["tungstenite", "tokio_tungstenite", "hyper", "hyper_util", "rustls"];

/// Begins to write what the variable `THRONG_LOG` lets through.
///
/// # Errors
/// A sentence about a variable that is no filter.
pub(crate) fn begin() -> Result<(), String> {
    let filter = std::env::var("THRONG_LOG").unwrap_or_else(|_| "info".to_owned());
    let mut filter = EnvFilter::try_new(&filter).map_err(|error| {
        format!("The variable THRONG_LOG is {filter:?}, which is no filter: {error}.")
    })?;
    for name in TALKATIVE {
        let directive = format!("{name}=warn").parse().expect("a name and a level");
        filter = filter.add_directive(directive);
    }
    let fields = debug_fn(|writer, field, value| {
        let value = format!("{value:?}");
        match field.name() {
            "message" => write!(writer, "{}", Escaped(&value)),
            // Where in a dependency it comes from.
            name if name.starts_with("log.") => Ok(()),
            name => write!(writer, "{name}={}", Escaped(&value)),
        }
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .fmt_fields(fields.delimited(" "))
        .init();
    Ok(())
}

/// A text without anything that a terminal or a reader of lines could take for more than
/// text: control characters, ends of lines, marks of direction, what is invisible.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for it in self.0.chars() {
            if is_plain(it) {
                f.write_char(it)?;
            } else {
                write!(f, "{}", it.escape_unicode())?;
            }
        }
        Ok(())
    }
}

fn is_plain(it: char) -> bool {
    !it.is_control()
        && !matches!(
            it,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_text_is_left() {
        let escaped = |text: &str| Escaped(text).to_string();
        assert_eq!(escaped("Grüße, 世界 ☃"), "Grüße, 世界 ☃");
        assert_eq!(escaped("a\nb\r\tc"), "a\\u{a}b\\u{d}\\u{9}c");
        assert_eq!(escaped("\u{1b}[31mred\u{7}"), "\\u{1b}[31mred\\u{7}");
        assert_eq!(escaped("\u{9b}2J\u{7f}\0"), "\\u{9b}2J\\u{7f}\\u{0}");
        assert_eq!(escaped("\u{202e}evil\u{2066}\u{200b}"), "\\u{202e}evil\\u{2066}\\u{200b}");
        for it in (0..=0x1f).chain(0x7f..=0x9f).filter_map(char::from_u32) {
            let text = escaped(&it.to_string());
            assert!(text.chars().all(|it| !it.is_control()), "because {it:?} is a control");
        }
    }
}
