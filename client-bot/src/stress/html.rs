//! The outcome as a page: one file that is opened from disk, with no script and
//! nothing from elsewhere.

use std::fmt::Write;

use super::chart::escape;
use super::outcome::{Judged, Outcome, RateResult};

mod charts;
mod tables;

const STYLE: &str = include_str!("html/style.css");

/// The outcome as one HTML file, light or dark as the reader has it.
#[must_use]
pub fn html(outcome: &Outcome) -> String {
    let title = format!("throng stress: {}", outcome.profile);
    let mut page = String::new();
    put(
        &mut page,
        format_args!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
            escape(&title)
        ),
    );
    head(outcome, &mut page);
    thresholds(&outcome.thresholds, &mut page);
    section(&mut page, "Results", |page| {
        tables::results(&outcome.results, page);
        if outcome.results.iter().any(|rate| rate.void_above) {
            page.push_str(
                "<p class=\"note\">* The next larger step was void: the bots or the machine \
                 set this limit, and the server may hold more.</p>\n",
            );
        }
    });
    let charts = charts::of_all(outcome);
    if !charts.is_empty() {
        section(&mut page, "By players", |page| {
            page.push_str("<div class=\"charts\">\n");
            for chart in &charts {
                put(page, format_args!("<figure>{chart}</figure>\n"));
            }
            page.push_str("</div>\n<p class=\"note\">Rings are steps that were not held. Void steps are left out.</p>\n");
        });
    }
    for rate in &outcome.results {
        let name = format!("Steps at {} Hz", rate.tick_rate);
        section(&mut page, &name, |page| steps(rate, page));
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn head(outcome: &Outcome, page: &mut String) {
    page.push_str("<header>\n<p class=\"kicker\">throng stress</p>\n");
    for rate in &outcome.results {
        let star = if rate.void_above { "*" } else { "" };
        let said = match rate.held_players {
            Some(players) => {
                format!("<b>{}{star}</b> players held at {} Hz", grouped(players), rate.tick_rate)
            }
            None => format!("<b>No</b> step was held at {} Hz", rate.tick_rate),
        };
        put(page, format_args!("<h1>{said}</h1>\n"));
    }
    for rate in outcome.results.iter().filter(|rate| rate.searches.len() > 1) {
        let searches = escape(&rate.told_searches());
        put(
            page,
            format_args!(
                "<p class=\"note\">At {} Hz that is the median of {searches}.</p>\n",
                rate.tick_rate
            ),
        );
    }
    if outcome.interrupted {
        page.push_str(
            "<p class=\"note\"><b>Interrupted:</b> this is what was finished until then.</p>\n",
        );
    }
    if outcome.results.is_empty() {
        page.push_str("<h1>Nothing was measured</h1>\n");
    }
    let machine = &outcome.machine;
    let cores = if outcome.pinned { "a core each" } else { "cores shared" };
    let mut facts = vec![
        (
            "machine",
            format!("{}, {} cores, {} GiB", machine.cpu, machine.cores, machine.memory_gib),
        ),
        ("system", machine.kernel.clone()),
        ("profile", format!("{}, {} s a step", outcome.profile, outcome.seconds)),
        ("brains", outcome.brains.clone()),
        ("arena", outcome.arena.clone()),
        ("server and bots", cores.to_owned()),
        ("workers", outcome.workers.to_string()),
        ("seed", outcome.seed.to_string()),
        ("version", outcome.version.clone()),
    ];
    if let Some(url) = &outcome.url {
        facts.insert(0, ("server", url.clone()));
    }
    page.push_str("<dl>\n");
    for (name, fact) in facts {
        put(page, format_args!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escape(&fact)));
    }
    page.push_str("</dl>\n</header>\n");
}

fn thresholds(thresholds: &[Judged], page: &mut String) {
    if thresholds.is_empty() {
        return;
    }
    section(page, "Thresholds", |page| {
        page.push_str("<ul class=\"thresholds\">\n");
        for judged in thresholds {
            let (class, mark, said) = match (judged.kept, judged.found) {
                (true, _) => ("good", "&#10003;", "kept"),
                (false, Some(_)) => ("bad", "&#10007;", "broken"),
                (false, None) => ("bad", "?", "not measured"),
            };
            let found =
                judged.found.map(|found| format!(", found {}", super::chart::number(found)));
            put(
                page,
                format_args!(
                    "<li class=\"{class}\"><span>{mark}</span> <code>{}</code> {said} at {} Hz{}</li>\n",
                    escape(&judged.threshold),
                    judged.tick_rate,
                    found.unwrap_or_default()
                ),
            );
        }
        page.push_str("</ul>\n");
    });
}

/// Each step of a rate, to be opened; the largest that was held is open.
fn steps(rate: &RateResult, page: &mut String) {
    tables::steps(&rate.steps, page);
    let shown = rate
        .steps
        .iter()
        .rposition(|step| step.held && Some(step.players) == rate.held_players && has_course(step))
        .or_else(|| rate.steps.iter().rposition(has_course));
    for (index, step) in rate.steps.iter().enumerate().filter(|(_, step)| has_course(step)) {
        let open = if Some(index) == shown { " open" } else { "" };
        put(
            page,
            format_args!(
                "<details{open}><summary>{} players, second by second: {}</summary>\n<div class=\"small charts\">\n",
                grouped(step.players),
                escape(&tables::verdict(step))
            ),
        );
        for chart in charts::of_step(step, rate.tick_rate) {
            put(page, format_args!("<figure>{chart}</figure>\n"));
        }
        page.push_str("</div>\n</details>\n");
    }
}

/// A single sample is no course.
fn has_course(step: &super::outcome::Step) -> bool {
    step.samples.len() > 1
}

fn section(page: &mut String, name: &str, fill: impl FnOnce(&mut String)) {
    put(page, format_args!("<section>\n<h2>{}</h2>\n", escape(name)));
    fill(page);
    page.push_str("</section>\n");
}

/// A count in groups of three digits: `6 144`.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn put(page: &mut String, arguments: std::fmt::Arguments<'_>) {
    page.write_fmt(arguments).expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::made_up;
    use crate::stress::outcome::StepKind;

    #[test]
    fn a_page_needs_nothing_from_elsewhere() {
        let page = html(&made_up::outcome(1));
        let foreign = ["<script", "src=", "href=", "@import", "url(", "<link"];
        for word in foreign {
            assert!(!page.contains(word), "because {word} would load or run something");
        }
        // The name of SVG, which nobody loads.
        let names = page.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(page.matches("://").count(), names, "because there is no other address");
    }

    #[test]
    fn the_headline_is_what_was_held() {
        let mut outcome = made_up::outcome(1);
        let page = html(&outcome);
        assert!(page.contains("<b>4\u{202f}096</b> players held at 30 Hz"), "because it was");
        assert!(!page.contains("may hold more"), "because the server set the limit");
        outcome.results[0].void_above = true;
        outcome.results[1].held_players = None;
        let page = html(&outcome);
        assert!(page.contains("<b>4\u{202f}096*</b>") && page.contains("may hold more"));
        assert!(page.contains("<b>No</b> step was held at 60 Hz"));
    }

    #[test]
    fn several_searches_and_an_interrupt_are_told() {
        let mut outcome = made_up::outcome(1);
        assert!(!html(&outcome).contains("median") && !html(&outcome).contains("Interrupted"));
        outcome.results[0].searches = vec![Some(4096), None, Some(4608)];
        outcome.interrupted = true;
        let page = html(&outcome);
        assert!(page.contains("At 30 Hz that is the median of 3 searches: 4096, none, 4608."));
        assert!(page.contains("<b>Interrupted:</b>"));
    }

    #[test]
    fn thresholds_are_kept_broken_or_unknown() {
        let page = html(&made_up::outcome(1));
        assert!(page.contains("<code>gap_p99&lt;2T</code> kept at 30 Hz, found 1.4"));
        assert!(page.contains("<code>tick_p99&lt;5ms</code> broken at 30 Hz, found 9.8"));
        assert!(page.contains("<code>memory&lt;64KiB</code> not measured at 30 Hz</li>"));
    }

    #[test]
    fn what_came_from_outside_is_only_text() {
        let nasty = "<img onerror=x>\"'&\u{1b}[2J".to_owned();
        let mut outcome = made_up::outcome(1);
        outcome.version.clone_from(&nasty);
        outcome.machine.cpu.clone_from(&nasty);
        outcome.machine.kernel.clone_from(&nasty);
        outcome.profile.clone_from(&nasty);
        outcome.brains.clone_from(&nasty);
        outcome.arena.clone_from(&nasty);
        outcome.url = Some(nasty.clone());
        outcome.thresholds[0].threshold.clone_from(&nasty);
        for step in &mut outcome.results[0].steps {
            step.held = false;
            step.why.clone_from(&nasty);
        }
        let page = html(&outcome);
        assert!(!page.contains("<img") && !page.contains('\u{1b}'), "because all is escaped");
        assert!(page.matches("&lt;img").count() >= 10, "because all is shown");
    }

    #[test]
    fn every_step_with_a_course_has_its_charts() {
        let mut outcome = made_up::outcome(1);
        outcome.results.truncate(1);
        let page = html(&outcome);
        assert_eq!(page.matches("<details").count(), 4, "because the bare loop has no samples");
        assert_eq!(page.matches("<details open").count(), 1);
        let steps = &mut outcome.results[0].steps;
        steps.retain(|step| step.kind == StepKind::Floor);
        assert!(!html(&outcome).contains("<details"), "because no course is left");
    }

    #[test]
    fn an_outcome_of_nothing_is_a_page_all_the_same() {
        let mut outcome = made_up::outcome(1);
        outcome.results.clear();
        outcome.thresholds.clear();
        let page = html(&outcome);
        assert!(page.contains("Nothing was measured") && page.ends_with("</html>\n"));
        assert!(!page.contains("<h2>Thresholds") && !page.contains("NaN"));
    }

    #[test]
    fn counts_are_grouped() {
        let texts = [7, 512, 1024, 98_304, 1_000_000].map(grouped);
        let texts = texts.map(|text| text.replace('\u{202f}', " "));
        assert_eq!(texts, ["7", "512", "1 024", "98 304", "1 000 000"]);
    }
}
