//! What is offensive in English, by `rustrict` and a list of exceptions.

use std::ops::Range;

use aho_corasick::AhoCorasick;
use rustrict::{Censor, Type};

use super::letters::Letter;
use super::list::lines;

/// Beyond which other scripts begin that have nothing to do with Latin letters, nor look
/// like them.
const SCRIPTS: char = '\u{590}';

/// Where the alphabets begin whose letters may look like Latin ones, Greek first.
const OTHER_ALPHABETS: char = '\u{370}';

/// What is offensive also as a part of a word with letters that English does not have. All
/// else that English finds in such a word is of another language.
const STEMS: [&str; 10] =
    ["fuck", "shit", "cunt", "bitch", "nigg", "faggot", "whore", "slut", "asshole", "cocksuck"];

/// Finds offensive English in texts.
#[derive(Debug)]
pub(super) struct English {
    exceptions: AhoCorasick,
    /// Of each exception, whether it may go on with other letters.
    are_open: Vec<bool>,
}

impl English {
    /// From the text of a list of exceptions.
    ///
    /// # Panics
    /// When the list is too big for an automaton, which none in the repository is.
    pub(super) fn new(exceptions: &str) -> Self {
        let plain = lines(exceptions).map(|line| line.trim_end_matches('*'));
        Self {
            exceptions: AhoCorasick::new(plain)
                .expect("a list of words is far below the automaton's limits"),
            are_open: lines(exceptions).map(|line| line.ends_with('*')).collect(),
        }
    }

    /// Marks the letters that are part of an offensive word.
    pub(super) fn find(&self, letters: &[Letter], foul: &mut [bool]) {
        if !letters.iter().any(|letter| is_latin(letter.c)) {
            return;
        }
        let shown = shown(letters);
        // What is mild, as damn and hell are, is said among players.
        let threshold = Type::INAPPROPRIATE & Type::MODERATE_OR_HIGHER;
        let masked = Censor::new(shown.iter().copied())
            .with_censor_threshold(threshold)
            .with_censor_first_character_threshold(threshold)
            .censor();
        let mut found: Vec<bool> = shown
            .iter()
            .zip(masked.chars())
            .map(|(c, masked)| masked == '*' && *c != '*')
            .collect();
        // Characters that it left out, of which there are none.
        found.resize(letters.len(), false);
        if !found.contains(&true) {
            return;
        }
        for spared in self.spared(&shown) {
            found[spared].fill(false);
        }
        for word in runs(&found) {
            // Numbers alone mean what they say.
            let is_said = shown[word.clone()].iter().any(|c| c.is_alphabetic());
            if is_said && !is_of_another_language(letters, &shown, &word) {
                for at in word.filter(|&at| shown[at] != ' ') {
                    foul[at] = true;
                }
            }
        }
    }

    /// Where the exceptions are.
    fn spared(&self, shown: &[char]) -> Vec<Range<usize>> {
        // One byte a character, so that bytes are counted as characters are.
        let text: Vec<u8> =
            shown.iter().map(|c| u8::try_from(c.to_ascii_lowercase()).unwrap_or(b'\0')).collect();
        let is_letter = |at: usize| shown.get(at).is_some_and(|c| c.is_alphabetic());
        let found = self.exceptions.find_overlapping_iter(&text);
        found
            .filter(|it| it.start() == 0 || !is_letter(it.start() - 1))
            .filter(|it| self.are_open[it.pattern().as_usize()] || !is_letter(it.end()))
            .map(|it| it.range())
            .collect()
    }
}

/// Whether what was found is but a part of a word that is not English, as its letters show,
/// and would be nothing by itself: `Hö` of `Höhle`.
fn is_of_another_language(letters: &[Letter], shown: &[char], found: &Range<usize>) -> bool {
    let is_letter = |&&c: &&char| c.is_alphabetic();
    let before = shown[..found.start].iter().rev().take_while(is_letter).count();
    let behind = shown[found.end..].iter().take_while(is_letter).count();
    let word = found.start - before..found.end + behind;
    if word == *found {
        return false;
    }
    // A Cyrillic letter among Latin ones is there for its looks.
    let word = &letters[word];
    let is_mixed = word.iter().any(|letter| letter.c.is_ascii_alphabetic());
    let is_sign = |letter: &Letter| letter.is_foreign && (!is_mixed || letter.c < OTHER_ALPHABETS);
    if !word.iter().any(is_sign) {
        return false;
    }
    let plain: String = shown[found.clone()].iter().map(|&c| meant(c)).collect();
    !STEMS.iter().any(|stem| plain.contains(stem))
}

/// The letter for which a digit or a sign is written.
fn meant(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        _ => c.to_ascii_lowercase(),
    }
}

fn is_latin(c: char) -> bool {
    c.is_alphabetic() && c < SCRIPTS
}

/// One character for each letter, none of which rustrict leaves out or puts together with
/// others. Stars that belong to no word are what was masked before, and are spaces.
fn shown(letters: &[Letter]) -> Vec<char> {
    let mut shown: Vec<char> = letters
        .iter()
        .map(
            |letter| if letter.c.is_ascii_graphic() || is_latin(letter.c) { letter.c } else { ' ' },
        )
        .collect();
    let are_stars: Vec<bool> = shown.iter().map(|&c| c == '*').collect();
    for stars in runs(&are_stars) {
        let before = stars.start.checked_sub(1).and_then(|at| shown.get(at));
        let belongs = [before, shown.get(stars.end)].into_iter().flatten().any(|&c| is_latin(c));
        if !belongs {
            shown[stars].fill(' ');
        }
    }
    shown
}

/// Where there are marks in a row.
fn runs(marks: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in marks.iter().enumerate().filter(|(_, mark)| **mark) {
        match runs.last_mut().filter(|run| run.end == at) {
            Some(run) => run.end = at + 1,
            None => runs.push(at..at + 1),
        }
    }
    runs
}
