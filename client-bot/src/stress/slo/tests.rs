use super::*;
use crate::report::Spread;
use crate::stress::outcome::{Own, TickCounts};

fn spread(p50: f64, p99: f64, max: f64) -> Spread {
    Spread { p50, p99, max }
}

fn figures() -> Figures {
    Figures {
        delivered_hz: 28.5,
        gap_ms: spread(33.0, 50.0, 80.0),
        gap_corrected_ms: spread(33.0, 60.0, 90.0),
        input_ack_ms: spread(30.0, 45.0, 99.0),
        join_ms: spread(5.0, 200.0, 300.0),
        tick_work_ms: Some(spread(1.0, 9.5, 20.0)),
        ticks: Some(TickCounts { run: 200, overruns: 3, skipped: 1, interval_deviation_ms: 0.1 }),
        cpu_us_per_client_tick: Some(8.25),
        floor_ratio: Some(1.5),
        bytes_per_entity_tick: Some(3.5),
        bytes_per_client_s: 6144.0,
        resident_kib_per_client: Some(48.0),
        checks: 10,
        lost: 2,
        own: Own { lateness_ms: spread(0.1, 0.4, 2.0), ..Own::default() },
        ..Figures::default()
    }
}

/// Found and kept of each threshold, at 20 Hz.
fn judge(text: &str, figures: &Figures) -> Vec<(Option<f64>, bool)> {
    let slo: Slo = text.parse().unwrap_or_else(|error| panic!("{error}"));
    slo.judge(figures, 20).into_iter().map(|judged| (judged.found, judged.kept)).collect()
}

#[test]
fn every_metric_is_found_in_the_threshold_s_own_unit() {
    for (text, found) in [
        ("tick_p50<1ms", 1.0),
        ("tick_p99<1us", 9500.0),
        ("tick_max<1s", 0.02),
        ("gap_p50<1ns", 33e6),
        ("gap_p99<1T", 1.0),
        ("gap_max<1T", 1.6),
        ("gap_corrected_p99<1ms", 60.0),
        ("ack_p50<1ms", 30.0),
        ("ack_p99<1ms", 45.0),
        ("ack_max<1ms", 99.0),
        ("join_p50<1ms", 5.0),
        ("join_p99<1s", 0.2),
        ("join_max<1s", 0.3),
        ("delivered<1Hz", 28.5),
        ("delivered<1%", 142.5),
        ("lost<1", 2.0),
        ("refused<1", 0.0),
        ("desyncs<1", 0.0),
        ("overruns<1", 3.0),
        ("overruns<1%", 1.5),
        ("skipped<1%", 0.5),
        ("bytes<1B", 3.5),
        ("bytes_per_client_s<1KiB", 6.0),
        ("rate<1B", 6144.0),
        ("cpu<1us", 8.25),
        ("cpu<1ms", 0.00825),
        ("floor_ratio<1", 1.5),
        ("lateness_p99<1ms", 0.4),
        ("memory<1KiB", 48.0),
        ("memory<1MiB", 0.046875),
    ] {
        let judged = judge(text, &figures());
        assert_eq!(judged[0].0, Some(found), "because of {text}");
    }
}

#[test]
fn relations_are_what_they_look_like() {
    let kept = |text| judge(text, &figures())[0].1;
    for text in ["lost<3", "lost<=2", "lost>1", "lost>=2", "lost==2", "lost!=1", "cpu<8.26us"] {
        assert!(kept(text), "because {text} holds for two");
    }
    for text in ["lost<2", "lost<=1", "lost>2", "lost>=3", "lost==1", "lost!=2", "cpu<8.25us"] {
        assert!(!kept(text), "because {text} does not hold for two");
    }
}

#[test]
fn what_could_not_be_measured_is_not_kept() {
    let nothing = Figures::default();
    for text in [
        "tick_p99<10s",
        "gap_p99<10s",
        "gap_corrected_p99<10s",
        "ack_max<10s",
        "join_p50<10s",
        "desyncs==0",
        "overruns==0",
        "skipped<=100%",
        "bytes<100B",
        "cpu<1s",
        "floor_ratio<100",
        "memory<100MiB",
    ] {
        assert_eq!(judge(text, &nothing), [(None, false)], "because of {text} nothing is known");
    }
    assert_eq!(judge("lost==0,refused==0", &nothing), [(Some(0.0), true); 2]);
    let no_tick = Figures { ticks: Some(TickCounts::default()), ..nothing };
    assert_eq!(judge("overruns<1%", &no_tick), [(None, false)], "because none of none is no part");
}

#[test]
fn thresholds_are_told_as_they_were_written() {
    let text = " tick_p99 < 10ms ,gap_p99<2T,lost == 0 ";
    let slo: Slo = text.parse().expect("spaces may stand anywhere");
    assert_eq!(slo.to_string(), "tick_p99 < 10ms,gap_p99<2T,lost == 0");
    let judged = slo.judge(&figures(), 30);
    let texts: Vec<_> = judged.iter().map(|judged| judged.threshold.as_str()).collect();
    assert_eq!(texts, ["tick_p99 < 10ms", "gap_p99<2T", "lost == 0"]);
    assert_eq!(slo.to_string().parse(), Ok(slo), "because what is told reads back");
}

#[test]
fn an_error_tells_where_and_what_would_be_right() {
    let error = |text: &str| {
        let error = text.parse::<Slo>().expect_err("the text is wrong").to_string();
        error.lines().next().map(str::to_owned).unwrap_or_default()
    };
    for (text, expected) in [
        ("", "at 1: a metric belongs here, but the text ends: take one of tick_p50, "),
        ("lost==0,", "at 9: a metric belongs here, but the text ends"),
        ("lost==0,gap_p98<2T", "at 9: `gap_p98` is no metric: take one of tick_p50, tick_p99"),
        ("gap_p99", "at 8: one of <, <=, >, >=, == and != follows the metric, but the text ends"),
        ("lost=0", "at 5: one of <, <=, >, >=, == and != follows the metric, but there is `=0`"),
        ("lost<-1", "at 6: a number belongs here, such as 10 or 2.5, but there is `-1`"),
        ("lost<1.2.3", "at 6: a number belongs here, such as 10 or 2.5, but there is `1.2.3`"),
        ("gap_p99<20", "at 9: 20 has no unit: gap_p99 takes one of the units ns, us, ms, s, T"),
        ("cpu<1T", "at 6: `T` does not fit: cpu takes one of the units ns, us, ms, s"),
        ("lost<1%", "at 7: `%` does not fit: lost takes a plain number"),
        ("skipped<1ms", "at 10: `ms` does not fit: skipped takes a plain number or %"),
        ("gap_p99<2t", "at 10: `t` does not fit: gap_p99 takes one of the units ns, us, ms, s, T"),
        ("lost==0 desyncs==0", "at 9: a comma belongs between thresholds, but there is `desyncs"),
    ] {
        let found = error(text);
        assert!(found.starts_with(expected), "because {text:?} is wrong there: {found}");
    }
    let error = "lost==0,gap_p99<20kg".parse::<Slo>().expect_err("nothing weighs anything");
    let shown = error.to_string();
    assert!(shown.ends_with("\n  lost==0,gap_p99<20kg\n                    ^"), "{shown}");
}
