//! Reads what an operator typed on the command line, and tells where it went wrong.

use std::fmt;

/// What is wrong in something that was typed, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread<E> {
    /// All of what was typed.
    text: String,
    /// Of the character that is wrong, from 1.
    pub column: usize,
    pub wrong: E,
}

impl<E: fmt::Display> fmt::Display for Misread<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A tab or a line's end would push the caret away from its place.
        let shown: String =
            self.text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let column = self.column;
        write!(f, "at {column}: {}\n  {shown}\n  {:>column$}", self.wrong, "^")
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for Misread<E> {}

/// A place in a text that was typed.
#[derive(Clone, Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Of the next character, from 1.
    pub(crate) fn column(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }

    /// The characters from here on that are `wanted`.
    pub(crate) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(crate) fn skip_spaces(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Steps over `token` when it is next.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    /// An error in the character at `column`.
    pub(crate) fn misread<E>(&self, column: usize, wrong: E) -> Misread<E> {
        Misread { text: self.text.to_owned(), column, wrong }
    }

    /// An error in the next character.
    pub(crate) fn misread_here<E>(&self, wrong: E) -> Misread<E> {
        self.misread(self.column(), wrong)
    }
}

/// What stands where something else should: for the ends of sentences.
pub(crate) fn there_is(found: &str) -> String {
    if found.is_empty() { "the text ends".to_owned() } else { format!("there is `{found}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_what_is_wrong() {
        let mut scan = Scan::new("größe\t= 3");
        assert_eq!(scan.take_while(char::is_alphabetic), "größe");
        scan.skip_spaces();
        assert!(scan.eat("=") && !scan.eat("="), "because there is one");
        let error = scan.misread(7, "`=` is wrong").to_string();
        assert_eq!(error, "at 7: `=` is wrong\n  größe?= 3\n        ^");
    }

    #[test]
    fn the_end_is_a_place_too() {
        let mut scan = Scan::new("ab");
        scan.take_while(|_| true);
        assert!(scan.is_at_end(), "because all was taken");
        assert_eq!(scan.misread_here("more").to_string(), "at 3: more\n  ab\n    ^");
        assert_eq!(there_is(scan.rest()), "the text ends");
    }
}
