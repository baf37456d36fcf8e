//! Reads what an earlier run wrote.

use std::fmt;

use super::super::outcome::{FORMAT, Outcome};

/// Why a text is no outcome that could be compared.
#[derive(Debug)]
pub enum ReadError {
    Empty,
    NotJson(serde_json::Error),
    NoFormat,
    OtherFormat { found: String },
    NoOutcome(serde_json::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = "give the file that `throng stress --json` wrote";
        match self {
            Self::Empty => write!(f, "it is empty: {wanted}"),
            Self::NotJson(error) => write!(f, "it is no JSON, as there is {error}: {wanted}"),
            Self::NoFormat => write!(f, "it has no `format`: {wanted}"),
            Self::OtherFormat { found } => write!(
                f,
                "it has format {found}, and this version of throng reads format {FORMAT}: \
                 measure again with this version, or compare with the version that wrote it"
            ),
            Self::NoOutcome(error) => {
                write!(f, "it has the right format, but is damaged, as there is {error}")
            }
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads an outcome from the text of a JSON file.
///
/// # Errors
/// When it is not JSON, or not of an outcome, or of another [`FORMAT`].
pub fn read(text: &str) -> Result<Outcome, ReadError> {
    if text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    let value: serde_json::Value = serde_json::from_str(text).map_err(ReadError::NotJson)?;
    match value.get("format") {
        None => Err(ReadError::NoFormat),
        Some(format) if *format == FORMAT => {
            // From the text and not from the value, so that an error tells its line.
            serde_json::from_str(text).map_err(ReadError::NoOutcome)
        }
        Some(format) => Err(ReadError::OtherFormat { found: format.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::made_up;

    #[test]
    fn what_is_written_reads_back() {
        let outcome = made_up::outcome(3);
        let text = serde_json::to_string_pretty(&outcome).expect("plain numbers and names");
        assert_eq!(read(&text).expect("it was just written"), outcome);
    }

    #[test]
    fn an_error_tells_what_the_file_is_instead() {
        let error = |text: &str| read(text).expect_err("the file is wrong").to_string();
        assert!(error(" \n").starts_with("it is empty: give the file that `throng stress"));
        assert!(error("{\"a\": }").contains("no JSON, as there is expected value at line 1"));
        assert!(error("{\"held_players\": 5}").starts_with("it has no `format`"));
        assert!(error("[1]").starts_with("it has no `format`"));
        assert!(error("{\"format\": 99}").starts_with("it has format 99, and this version"));
        assert!(error("{\"format\": \"x\"}").starts_with("it has format \"x\", and"));
        let damaged = error("{\"format\": 1, \"version\": 5}");
        assert!(
            damaged.contains("damaged, as there is invalid type") && damaged.contains("line 1")
        );
    }
}
