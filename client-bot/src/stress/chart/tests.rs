use super::*;

fn points(values: &[(f64, f64)]) -> Vec<Point> {
    values.iter().map(|&(x, y)| Point { x, y: Some(y), is_hollow: false }).collect()
}

fn line(name: &str, values: &[(f64, f64)]) -> Line {
    Line { name: name.to_owned(), points: points(values), ..Line::default() }
}

fn count(svg: &str, text: &str) -> usize {
    svg.matches(text).count()
}

/// Every tag is closed, in order: what an XML reader needs, without one.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("every tag ends");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "because tags are closed in order");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        assert_eq!(count(tag, "\"") % 2, 0, "because {tag} has whole attributes");
    }
    assert!(open.is_empty(), "because {open:?} are left open");
}

#[test]
fn a_chart_stands_alone() {
    let chart = Chart {
        title: "Gap between snapshots",
        unit: "ms",
        across: Across::Number("players"),
        lines: vec![
            line("p50", &[(256.0, 33.0), (512.0, 34.0)]),
            line("p99", &[(256.0, 40.0), (512.0, 72.25)]),
        ],
        limit: Some(("2 ticks", 66.7)),
        size: Size::Large,
    };
    let svg = line_chart(&chart);
    assert_well_formed(&svg);
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{svg}");
    assert!(svg.contains(">Gap between snapshots (ms)</text>"), "{svg}");
    assert!(svg.contains("<title>p99: 72.2 ms at 512 players</title>"), "{svg}");
    assert!(svg.contains("<title>2 ticks: 66.7 ms</title>"), "{svg}");
    assert_eq!((count(&svg, "<path"), count(&svg, "<circle")), (2, 4));
    assert!(!svg.contains("<style") && !svg.contains("<script"), "because it is only a picture");
}

#[test]
fn what_was_not_measured_is_a_gap() {
    let mut broken = line("a", &[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]);
    broken.points[1].y = None;
    broken.points[3].y = Some(f64::NAN);
    let svg = line_chart(&Chart { lines: vec![broken], ..Chart::default() });
    assert_well_formed(&svg);
    let path = svg.split("d=\"").nth(1).and_then(|rest| rest.split('"').next());
    let path = path.expect("there is a path");
    assert_eq!((count(path, "M"), count(path, "L")), (2, 0), "because {path} has two parts");
    assert!(!svg.contains("NaN"), "because nobody can draw that");
}

#[test]
fn nothing_measured_is_said() {
    for lines in [vec![], vec![line("a", &[])], vec![line("a", &[(f64::NAN, 1.0)])]] {
        for across in [Across::Time, Across::Number("players")] {
            let svg = line_chart(&Chart { lines: lines.clone(), across, ..Chart::default() });
            assert_well_formed(&svg);
            assert!(svg.contains("nothing measured") && !svg.contains("NaN"), "{svg}");
        }
    }
}

#[test]
fn one_point_and_zeros_are_drawn() {
    let one = Chart { lines: vec![line("a", &[(5.0, 0.0)])], ..Chart::default() };
    let svg = line_chart(&one);
    assert_well_formed(&svg);
    assert!(count(&svg, "<circle") == 1 && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn names_from_outside_are_only_text() {
    let nasty = "<script>\"'&\u{1b}";
    let chart = Chart {
        title: nasty,
        unit: nasty,
        across: Across::Number(nasty),
        lines: vec![line(nasty, &[(0.0, 1.0)]), line(nasty, &[(1.0, 1.0)])],
        limit: Some((nasty, 2.0)),
        size: Size::Small,
    };
    let svg = line_chart(&chart);
    assert_well_formed(&svg);
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}'), "{svg}");
    assert_eq!(escape(nasty), "&lt;script&gt;&quot;&#39;&amp;\u{fffd}");
}

#[test]
fn a_day_of_seconds_is_thinned_and_keeps_its_peak() {
    let mut day: Vec<(f64, f64)> = (0..86_400).map(|s| (f64::from(s), 30.0)).collect();
    day[40_000].1 = 999.0;
    let svg = line_chart(&Chart { lines: vec![line("gap", &day)], ..Chart::default() });
    assert!(svg.len() < 100_000, "because {} bytes are enough for a picture", svg.len());
    assert!(svg.contains("gap: 999 at 11.1 h"), "because a peak is what one looks for");
}

#[test]
fn a_long_legend_takes_more_rows() {
    let names = ["throng at 30 Hz, p50", "throng at 30 Hz, p99", "throng at 60 Hz, p50"];
    let lines = names.map(|name| line(name, &[(1.0, 1.0)])).to_vec();
    let chart = Chart { lines, ..Chart::default() };
    assert!(Legend::new(&chart, 480.0).height() > Legend::new(&chart, 4800.0).height());
}

#[test]
fn numbers_are_as_long_as_they_mean_something() {
    let texts = [0.0, 0.1234, 1.5, 8.256, 33.333, 1234.5, -2.0].map(number);
    assert_eq!(texts, ["0", "0.123", "1.5", "8.26", "33.3", "1234", "-2"]);
}
