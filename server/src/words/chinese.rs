//! What is offensive in Chinese chat, by the list in `assets/words`.

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::letters::Letter;
use super::list::{List, lines};

/// Separators between two characters of one word, at most: what is farther apart is two words.
const GAP_CHARS_MAX: usize = 6;
/// A Latin word as short as this means something else in most texts.
const SHORT_LATIN: usize = 2;

/// Finds the words of a list in texts.
#[derive(Debug)]
pub(super) struct Chinese {
    /// What each character is read as, where it is not itself.
    fold: BTreeMap<char, char>,
    words: AhoCorasick,
    shapes: Vec<Shape>,
    exceptions: AhoCorasick,
}

/// What has to be known of a word besides its characters.
#[derive(Debug)]
struct Shape {
    is_latin: bool,
    /// Where it may have gaps, as numbers of the characters behind them.
    breaks: Vec<usize>,
}

/// What stands between a character and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Nothing,
    /// Dots, dashes, stars: whoever puts them inside a word hides it.
    Odd,
    /// What also stands between words and sentences.
    Pause,
    Far,
}

/// A character that counts, and the letters that it is.
#[derive(Clone, Debug)]
struct Unit {
    c: char,
    gap: Gap,
    letters: Range<usize>,
}

impl Chinese {
    /// From the text of a list, and of the characters that are read as others.
    ///
    /// # Panics
    /// When the list is too big for an automaton, which none in the repository is.
    pub(super) fn new(list: &str, fold: &str) -> Self {
        let fold = fold_table(fold);
        let List { words, exceptions } = List::read(list);
        let automaton = |words: &[String]| {
            let plain = words.iter().map(|word| plain(word, &fold));
            AhoCorasick::new(plain).expect("a list of words is far below the automaton's limits")
        };
        let shapes = words.iter().map(|word| Shape::of(word, &fold)).collect();
        Self { words: automaton(&words), exceptions: automaton(&exceptions), shapes, fold }
    }

    /// Marks the letters that are part of an offensive word.
    pub(super) fn find(&self, letters: &[Letter], foul: &mut [bool]) {
        let units = self.units(letters);
        let mut text = String::with_capacity(units.len() * 3);
        // The unit that each byte of the text begins, or ends before.
        let mut at = Vec::with_capacity(units.len() * 3 + 1);
        for (number, unit) in units.iter().enumerate() {
            text.push(unit.c);
            at.resize(text.len(), number);
        }
        at.push(units.len());
        let mut spared: Option<Vec<Range<usize>>> = None;
        for found in self.words.find_overlapping_iter(&text) {
            let (start, end) = (at[found.start()], at[found.end()]);
            if !self.shapes[found.pattern().as_usize()].fits(&units, start, end) {
                continue;
            }
            let spared = spared.get_or_insert_with(|| self.spared(&units, &text, &at));
            let is_spared = spared
                .iter()
                .any(|it| it.start < end && start < it.end && (it.start < start || end < it.end));
            if !is_spared {
                for unit in &units[start..end] {
                    foul[unit.letters.clone()].fill(true);
                }
            }
        }
    }

    /// Where the exceptions are; none has gaps.
    fn spared(&self, units: &[Unit], text: &str, at: &[usize]) -> Vec<Range<usize>> {
        let found = self.exceptions.find_overlapping_iter(text);
        found
            .map(|found| at[found.start()]..at[found.end()])
            .filter(|it| units[it.start + 1..it.end].iter().all(|unit| unit.gap == Gap::Nothing))
            .collect()
    }

    /// The characters that count. Letters in a row that are the same are one, and so are
    /// other characters from three on: 妈妈 is a word.
    fn units(&self, letters: &[Letter]) -> Vec<Unit> {
        let mut units: Vec<Unit> = Vec::with_capacity(letters.len());
        let (mut gap, mut apart) = (Gap::Nothing, 0);
        let mut run = 0;
        for (number, letter) in letters.iter().enumerate() {
            if !letter.c.is_alphanumeric() {
                apart += 1;
                let wide = if apart > GAP_CHARS_MAX { Gap::Far } else { gap_of(letter.c) };
                gap = gap.max(wide);
                continue;
            }
            let c = read_as(letter.c, &self.fold);
            let repeats = gap == Gap::Nothing && units.last().is_some_and(|last| last.c == c);
            run = if repeats { run + 1 } else { 1 };
            if repeats && c.is_ascii_alphabetic() {
                units.last_mut().expect("it is repeated").letters.end = number + 1;
            } else if repeats && run > 2 {
                // The third takes the second in with the first; later ones only follow.
                if run == 3 {
                    units.pop();
                }
                units.last_mut().expect("it is repeated").letters.end = number + 1;
            } else {
                units.push(Unit { c, gap, letters: number..number + 1 });
            }
            (gap, apart) = (Gap::Nothing, 0);
        }
        units
    }
}

impl Shape {
    fn of(word: &str, fold: &BTreeMap<char, char>) -> Self {
        let spaces = word.match_indices(' ');
        let breaks = spaces.map(|(at, _)| plain(&word[..at], fold).chars().count()).collect();
        Self { is_latin: word.is_ascii(), breaks }
    }

    /// Whether the word's characters, found at `start..end`, are that word there.
    fn fits(&self, units: &[Unit], start: usize, end: usize) -> bool {
        let is_cut = |at: usize| {
            let joined = at > 0 && at < units.len() && units[at].gap == Gap::Nothing;
            joined && units[at - 1].c.is_ascii_alphabetic() && units[at].c.is_ascii_alphabetic()
        };
        if is_cut(start) || is_cut(end) {
            return false;
        }
        let inside = &units[start + 1..end];
        let is_spelt_out = inside.iter().all(|unit| unit.gap != Gap::Nothing);
        if inside.iter().any(|unit| unit.gap == Gap::Far) {
            return false;
        }
        if self.is_latin {
            let is_alone = start == 0 && end == units.len();
            if end - start <= SHORT_LATIN {
                return is_alone || units.iter().any(|unit| is_han(unit.c));
            }
            return is_spelt_out
                || (1..).zip(inside).all(|(number, unit)| {
                    unit.gap == Gap::Nothing || self.breaks.contains(&number)
                });
        }
        let stands_apart = (start == 0 || units[start].gap != Gap::Nothing)
            && units.get(end).is_none_or(|unit| unit.gap != Gap::Nothing);
        inside.iter().all(|unit| unit.gap < Gap::Pause)
            || is_spelt_out && inside.len() > 1
            || stands_apart
    }
}

fn gap_of(c: char) -> Gap {
    match c {
        '\n' | '\r' => Gap::Far,
        ',' | '!' | '?' | ';' | ':' | '、' | '。' | '「' | '」' | '《' | '》' | '“' | '”' => {
            Gap::Pause
        }
        c if c.is_whitespace() => Gap::Pause,
        _ => Gap::Odd,
    }
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn read_as(c: char, fold: &BTreeMap<char, char>) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { fold.get(&c).copied().unwrap_or(c) }
}

/// A word of the list as units are written: without spaces, each character as it is read.
/// Letters in a row that are the same are one.
fn plain(word: &str, fold: &BTreeMap<char, char>) -> String {
    let mut plain = String::with_capacity(word.len());
    for c in word.chars().filter(|&c| c != ' ') {
        let c = read_as(c, fold);
        if !(c.is_ascii_alphabetic() && plain.ends_with(c)) {
            plain.push(c);
        }
    }
    plain
}

fn fold_table(text: &str) -> BTreeMap<char, char> {
    let mut table = BTreeMap::new();
    for line in lines(text) {
        let mut chars = line.chars();
        let Some(plain) = chars.next() else { continue };
        table.extend(chars.map(|c| (c, plain)));
    }
    table
}
