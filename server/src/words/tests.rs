use throng_bot::names::{house_bot, load_bot};
use throng_shared::limits::{CHAT_BYTES_MAX, HOUSE_BOTS_MAX};

use super::*;

const CORPUS: &str = include_str!("../../../assets/words/corpus.tsv");

/// The corpus' lines of a language, each with whether it is foul.
fn corpus(language: &str) -> Vec<(bool, String)> {
    let rows = list::lines(CORPUS).map(|row| {
        let [of, verdict, text] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row:?} has not three columns");
        };
        assert!(matches!(verdict, "foul" | "clean"), "{row:?} is neither foul nor clean");
        (of, verdict == "foul", text.replace("\\u200B", "\u{200B}"))
    });
    rows.filter(|(of, ..)| *of == language).map(|(_, foul, text)| (foul, text)).collect()
}

/// Holds the filter against the corpus of a language.
fn judge(language: &str) {
    let rows = corpus(language);
    assert_eq!(rows.len(), 150, "because a share of few lines says little");
    let (foul, clean): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(foul, _)| *foul);
    let missed: Vec<_> = foul.iter().filter(|(_, text)| !FILTER.is_foul(text)).collect();
    let wronged: Vec<_> = clean
        .iter()
        .filter(|(_, text)| FILTER.is_foul(text))
        .map(|(_, text)| (text, FILTER.clean(text)))
        .collect();
    println!(
        "{language}: {} of {} foul lines found, {} of {} clean ones masked\nmissed: {missed:?}\nwronged: {wronged:?}",
        foul.len() - missed.len(),
        foul.len(),
        wronged.len(),
        clean.len(),
    );
    assert!(missed.len() * 10 <= foul.len(), "because nine of ten are found: {missed:?}");
    assert!(wronged.len() * 100 <= clean.len(), "because one of a hundred is wronged: {wronged:?}");
}

#[test]
fn english_of_the_corpus_is_told_apart() {
    judge("en");
}

#[test]
fn chinese_of_the_corpus_is_told_apart() {
    judge("zh");
}

#[test]
fn only_what_is_offensive_changes() {
    for (text, clean) in [
        ("Zoë, what the fuck?! 😀", "Zoë, what the ****?! 😀"),
        ("你好，傻逼！再见", "你好，**！再见"),
        ("你个傻.逼 é", "你个*.* é"),
        ("傻逼逼逼逼啊", "*****啊"),
        ("ＮＭＳＬ 哈", "**** 哈"),
        ("傻\u{200B}逼", "**"),
        ("f\u{335}u\u{335}c\u{335}k", "****"),
        ("他是個腦殘", "他是個**"),
        ("good game", "good game"),
        ("", ""),
    ] {
        assert_eq!(FILTER.clean(text), clean, "{text:?}");
    }
}

#[test]
fn what_was_masked_stays_as_it_is() {
    for (_, text) in corpus("en").into_iter().chain(corpus("zh")) {
        let once = FILTER.clean(&text).into_owned();
        assert!(once.len() <= text.len(), "because a star is no longer: {text:?}");
        assert_eq!(FILTER.clean(&once), once, "because there is nothing left to mask");
    }
}

#[test]
fn names_that_harm_nobody_stay() {
    let bots = (0..HOUSE_BOTS_MAX).map(house_bot);
    let loads = ["wander", "hunter"].map(|brain| load_bot(brain, 99_999));
    let odd = [
        "<script>p()",
        "<img src=x o=1>",
        "<svg/onload=p()>",
        "<a href=//x>y",
        "&#60;i&#62;",
        "\"onclick=\"p()",
        "' onfocus='p()",
        "\"><i id=x>",
        "`${p()}`",
        "{{7*7}}",
        "<%= 7*7 %>",
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "'; DROP TABLE x",
        "../../etc/passwd",
        "javascript:p()",
        "%00%0a%0d",
        "\\u003cb\\u003e",
        "]]><x>",
        "مرحبا بالعالم",
        "שלום <b>",
        "👩🏽👨🏿🧑🏻🧒🏾",
        "飛行士たちの長い名前",
        "한글 이름",
        "Swift Manta",
        "Wild Swallow",
        "Fukushima",
        "Hancock",
        "Hassan",
        "Scunthorpe",
    ];
    for name in bots.chain(loads).chain(odd.map(str::to_owned)) {
        let name = Name::parse(&name).expect("it is a name");
        assert_eq!(FILTER.clean_name(name.clone()), name);
    }
}

#[test]
fn words_of_other_languages_are_none_of_english() {
    let german = "Höhle Höhlenbär Höhe Höß HÖHLE Ho\u{308}hle Füchse Füßchen Kümmern Größe Köln \
                  Vögel Schüssel Schießen Bücher Dächer Hören Hohle";
    let french = "Anaïs Analphabète Élève Hélène Pénélope François Château Noël Crème Pêche \
                  Côté Fête Bête Garçon Où";
    let spanish = "Título Títulos Analía Análisis Analítico Cumpleaños Muñoz Núñez Corazón \
                   Séxtuple Sextón Público Año Peña Señor";
    let turkish = "Kök Kökten Çok çok Göksu Şükrü Şişman Sıkça Işık Öğretmen Çağ Ağaç Pınar Gökçe \
                   Döner Götürü Kaşık Müşteri";
    for word in [german, french, spanish, turkish].iter().flat_map(|it| it.split_whitespace()) {
        assert_eq!(FILTER.clean(word), word);
        assert_eq!(FILTER.clean(&format!("a {word}, b")), format!("a {word}, b"));
    }
    for text in ["Ho", "Ho Chi Minh", "Título único", "Alles Gute, Jörg Höhn!", "çok güzel"] {
        assert_eq!(FILTER.clean(text), text);
    }
}

#[test]
fn marks_over_english_hide_nothing() {
    for (text, clean) in [
        ("you fück", "you ****"),
        ("sh1tö", "****ö"),
        ("fück1ngä", "********"),
        // A Cyrillic letter that looks like a Latin one makes no word of another language.
        ("dick\u{430}", "****\u{430}"),
        ("fücking", "*******"),
        ("shïtty", "****ty"),
        ("bïtches", "*******"),
        ("motherfücker", "************"),
        ("wörks, you cünt", "wörks, you ****"),
        ("fu\u{308}cker", "******"),
    ] {
        assert_eq!(FILTER.clean(text), clean, "{text:?}");
    }
}

#[test]
fn a_foul_name_is_masked_and_still_a_name() {
    for (name, clean) in [("Fuck Max", "**** Max"), ("傻逼", "**"), ("大傻逼 Ada", "大** Ada")]
    {
        let name = Name::parse(name).expect("it is a name");
        assert_eq!(FILTER.clean_name(name).as_str(), clean);
    }
}

#[test]
fn a_line_of_separators_or_of_one_letter_is_no_trouble() {
    for piece in ["a", "操", "逼", ".", " ", "s b ", "\u{200B}", "\u{FDFA}", "👩\u{200D}"] {
        let text = piece.repeat(CHAT_BYTES_MAX / piece.len());
        assert!(FILTER.clean(&text).len() <= text.len());
    }
}
