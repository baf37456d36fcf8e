//! Lists of words, as they stand in `assets/words`.

/// What a list says, each word with its variants written out.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) words: Vec<String>,
    pub(super) exceptions: Vec<String>,
}

impl List {
    /// Reads a list: a word or a `!` and an exception a line, empty lines and `#` comments
    /// between them. Spaces inside a word are kept.
    pub(super) fn read(text: &str) -> Self {
        let mut list = Self::default();
        for line in lines(text) {
            match line.strip_prefix('!') {
                Some(exception) => list.exceptions.extend(variants(exception)),
                None => list.words.extend(variants(line)),
            }
        }
        list
    }
}

/// The lines that say something, without spaces at their ends.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Each combination that a line stands for: `[ab]` is one of its characters, and what a `?`
/// follows may be missing.
fn variants(line: &str) -> Vec<String> {
    let mut variants = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let choices: Vec<char> = match c {
            '[' => chars.by_ref().take_while(|&c| c != ']').collect(),
            _ => vec![c],
        };
        let may_miss = chars.next_if_eq(&'?').is_some();
        let shorter = if may_miss { variants.clone() } else { Vec::new() };
        let longer =
            variants.iter().flat_map(|start| choices.iter().map(move |c| format!("{start}{c}")));
        variants = longer.chain(shorter).collect();
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_for_each_of_its_combinations() {
        assert_eq!(variants("a[bc]d"), ["abd", "acd"]);
        assert_eq!(variants("ab?c"), ["abc", "ac"]);
        assert_eq!(variants("[ab]?"), ["a", "b", ""]);
    }

    #[test]
    fn comments_are_no_words_and_exceptions_have_a_mark() {
        let list = List::read("# one\n\n  sha bi \n!生日\n");
        assert_eq!((list.words, list.exceptions), (vec!["sha bi".into()], vec!["生日".into()]));
    }
}
