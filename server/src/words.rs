//! What is not said in front of everybody: masks offensive words in what players write.
//!
//! English is known by `rustrict`, Chinese and exceptions of both by the lists in `assets/words`. Both look at the
//! same letters: in their compatibility form, without accents and hidden characters, each
//! with its place in the text, so that only what is offensive changes. Deterministic and
//! without state; what it costs grows with the text, so the caller bounds that.

mod chinese;
mod english;
mod letters;
mod list;

use std::borrow::Cow;
use std::sync::LazyLock;

use throng_shared::session::Name;

use chinese::Chinese;
use english::English;
use letters::{is_silent, letters};

/// What is no offensive English.
const EN: &str = include_str!("../../assets/words/en.txt");
/// Chinese words, and the characters that are read as others.
const ZH: &str = include_str!("../../assets/words/zh.txt");
const ZH_FOLD: &str = include_str!("../../assets/words/zh-fold.txt");

/// The one filter of a process.
pub static FILTER: LazyLock<Filter> = LazyLock::new(Filter::new);

/// Finds and masks offensive words.
#[derive(Debug)]
pub struct Filter {
    english: English,
    chinese: Chinese,
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}

impl Filter {
    /// Reads the lists, which takes a tenth of a second: before anybody waits for it.
    #[must_use]
    pub fn new() -> Self {
        let filter = Self { english: English::new(EN), chinese: Chinese::new(ZH, ZH_FOLD) };
        // rustrict reads its own at the first text.
        let _ = filter.is_foul("a first text");
        filter
    }

    /// The text with a star for each character of an offensive word, the rest as it was.
    #[must_use]
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let letters = letters(text);
        let mut foul = vec![false; letters.len()];
        self.english.find(&letters, &mut foul);
        self.chinese.find(&letters, &mut foul);
        if !foul.contains(&true) {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut copied = 0;
        for letter in letters.iter().zip(foul).filter_map(|(letter, foul)| foul.then_some(letter)) {
            // A character may be several letters.
            if letter.start < copied {
                continue;
            }
            clean.push_str(&text[copied..letter.start]);
            let shown = text[letter.start..letter.end].chars().filter(|&c| !is_silent(c));
            clean.extend(shown.map(|_| '*'));
            copied = letter.end;
        }
        clean.push_str(&text[copied..]);
        Cow::Owned(clean)
    }

    /// Whether there is anything to mask.
    #[must_use]
    pub fn is_foul(&self, text: &str) -> bool {
        matches!(self.clean(text), Cow::Owned(_))
    }

    /// A name that may be shown to everybody. Whoever chose another one plays all the same.
    #[must_use]
    pub fn clean_name(&self, name: Name) -> Name {
        match self.clean(name.as_str()) {
            Cow::Borrowed(_) => name,
            Cow::Owned(clean) => Name::parse(&clean).unwrap_or(name),
        }
    }
}

#[cfg(test)]
mod tests;
