//! Line charts as SVG text: for a page, or as a file that a document shows.
//!
//! A chart has no background, no style sheet and no script, and its colours stand
//! out on white as on black, as an image in a document knows nothing of the page
//! around it. The y axis always begins at zero.

use std::fmt::Write;

use self::axis::{Axis, Scale};
use self::legend::Legend;
pub(super) use self::text::{escape, number};

mod axis;
mod legend;
mod text;

/// A chart to be drawn.
#[derive(Clone, Debug, Default)]
pub struct Chart<'a> {
    /// What the values are.
    pub title: &'a str,
    /// Of the values: `ms`. Empty for a plain number.
    pub unit: &'a str,
    pub across: Across<'a>,
    pub lines: Vec<Line>,
    /// A value that should not be crossed, and its name.
    pub limit: Option<(&'a str, f64)>,
    pub size: Size,
}

/// What the x axis shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Across<'a> {
    /// A number, named, from zero.
    Number(&'a str),
    /// Seconds, from the first point to the last, told in s, min or h.
    #[default]
    Time,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    #[default]
    Large,
    /// For many charts side by side.
    Small,
}

/// One line of a chart.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub name: String,
    /// Index of the colour; lines may share one.
    pub colour: usize,
    pub is_dashed: bool,
    /// In the order of x. Values that are not finite break the line.
    pub points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: Option<f64>,
    /// Drawn as a ring and not as a dot.
    pub is_hollow: bool,
}

/// Of middle lightness, at least 3 : 1 against white and against `#0d1117`.
const COLOURS: [&str; 6] = ["#3b82f6", "#d9731f", "#1f9d61", "#c850a0", "#8468e8", "#a8841a"];
const INK: &str = "#7b828c";
const LIMIT_COLOUR: &str = "#e5484d";

/// Dots are drawn up to this many points a line, and can be pointed at up to this many.
const DOTS_MAX: usize = 40;
const POINTS_MAX: usize = 240;

/// Size of the text, and how wide a character of it is on average.
const FONT: f64 = 13.0;
const FONT_WIDTH: f64 = 7.0;

/// A drawn chart's places, in its own units.
struct Frame {
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
}

/// Draws a chart as an SVG of its own.
#[must_use]
pub fn line_chart(chart: &Chart<'_>) -> String {
    let (width, height) = match chart.size {
        Size::Large => (480.0, 280.0),
        Size::Small => (360.0, 190.0),
    };
    let legend = Legend::new(chart, width);
    let top = 38.0 + legend.height();
    let (x, y) = axes(chart, height - top);
    let left = 14.0 + FONT_WIDTH * y.widest() as f64;
    let (right, bottom) = (width - 16.0, height - 42.0);
    let frame = Frame { height, left, right, top, bottom, x, y };

    let mut svg = String::new();
    let name = if chart.unit.is_empty() {
        escape(chart.title)
    } else {
        format!("{} ({})", escape(chart.title), escape(chart.unit))
    };
    put(
        &mut svg,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{name}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"{FONT}\" fill=\"{INK}\">\n\
             <text x=\"8\" y=\"20\" font-size=\"15\" font-weight=\"600\">{name}</text>\n"
        ),
    );
    legend.draw(&mut svg);
    frame.draw_axes(chart, &mut svg);
    frame.draw_limit(chart, &mut svg);
    let mut has_any = false;
    for line in &chart.lines {
        has_any |= frame.draw_line(chart, line, &mut svg);
    }
    if !has_any {
        let (x, y) = ((frame.left + right) / 2.0, (frame.top + bottom) / 2.0);
        put(
            &mut svg,
            format_args!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">nothing measured</text>\n"
            ),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn axes(chart: &Chart<'_>, height: f64) -> (Axis, Axis) {
    let points = || chart.lines.iter().flat_map(|line| &line.points);
    let finite = |value: f64| value.is_finite().then_some(value);
    let xs = points().filter_map(|point| finite(point.x));
    let (low, high) = xs.fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x), b.max(x)));
    let x = match chart.across {
        Across::Number(_) => Axis::new(0.0, high.max(0.0), 6, Scale::Number),
        Across::Time => Axis::new(low.min(high), high, 6, Scale::Time),
    };
    let ys = points().filter_map(|point| point.y.and_then(finite));
    let limit = chart.limit.map(|(_, value)| value);
    let high = ys.chain(limit).fold(0.0, f64::max);
    (x, Axis::new(0.0, high, (height / 40.0) as usize, Scale::Number))
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        self.left + self.x.share(value) * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.y.share(value) * (self.bottom - self.top)
    }

    fn draw_axes(&self, chart: &Chart<'_>, svg: &mut String) {
        let (left, right, bottom) = (self.left, self.right, self.bottom);
        for (value, text) in self.y.ticks() {
            let y = self.y(value);
            let opacity = if value > 0.0 { 0.25 } else { 0.8 };
            put(
                svg,
                format_args!(
                    "<line x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" \
                     stroke=\"{INK}\" stroke-opacity=\"{opacity}\"/>\
                     <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>\n",
                    left - 6.0,
                    y + 4.5
                ),
            );
        }
        for (value, text) in self.x.ticks() {
            let x = self.x(value);
            put(
                svg,
                format_args!(
                    "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom:.1}\" y2=\"{:.1}\" \
                     stroke=\"{INK}\" stroke-opacity=\"0.8\"/>\
                     <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>\n",
                    bottom + 4.0,
                    bottom + 18.0
                ),
            );
        }
        let across = match chart.across {
            Across::Number(name) => escape(name),
            Across::Time => format!("time ({})", self.x.unit()),
        };
        put(
            svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{across}</text>\n",
                (left + right) / 2.0,
                self.height - 8.0
            ),
        );
    }

    fn draw_limit(&self, chart: &Chart<'_>, svg: &mut String) {
        let Some((name, value)) = chart.limit else { return };
        let y = self.y(value);
        put(
            svg,
            format_args!(
                "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" \
                 stroke=\"{LIMIT_COLOUR}\" stroke-width=\"1.5\" stroke-dasharray=\"2 4\">\
                 <title>{}: {}</title></line>\n",
                self.left,
                self.right,
                escape(name),
                with_unit(value, chart.unit)
            ),
        );
    }

    /// Returns whether there was anything to draw.
    fn draw_line(&self, chart: &Chart<'_>, line: &Line, svg: &mut String) -> bool {
        let points = thinned(&line.points);
        let colour = colour(line.colour);
        let dash = if line.is_dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let (mut path, mut is_drawing) = (String::new(), false);
        for point in &points {
            let Some(y) = drawable(point) else {
                is_drawing = false;
                continue;
            };
            let verb = if is_drawing { 'L' } else { 'M' };
            put(&mut path, format_args!("{verb}{:.1} {:.1}", self.x(point.x), self.y(y)));
            is_drawing = true;
        }
        if path.is_empty() {
            return false;
        }
        put(
            svg,
            format_args!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
                 stroke-linejoin=\"round\" stroke-linecap=\"round\"{dash}/>\n"
            ),
        );
        let has_dots = points.len() <= DOTS_MAX;
        for point in &points {
            let Some(y) = drawable(point) else { continue };
            let look = match (point.is_hollow, has_dots) {
                (true, _) => format!(
                    "r=\"4\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" pointer-events=\"all\""
                ),
                (false, true) => {
                    format!("r=\"3\" fill=\"{colour}\" stroke=\"transparent\" stroke-width=\"8\"")
                }
                (false, false) => "r=\"5\" fill=\"transparent\"".to_owned(),
            };
            put(
                svg,
                format_args!(
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" {look}><title>{}: {} at {}</title></circle>\n",
                    self.x(point.x),
                    self.y(y),
                    escape(&line.name),
                    with_unit(y, chart.unit),
                    self.place(chart, point.x)
                ),
            );
        }
        true
    }

    fn place(&self, chart: &Chart<'_>, x: f64) -> String {
        match chart.across {
            Across::Number(name) => format!("{} {}", number(x), escape(name)),
            Across::Time => with_unit(x / self.x.unit_size(), self.x.unit()),
        }
    }
}

fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

fn drawable(point: &Point) -> Option<f64> {
    point.y.filter(|y| y.is_finite() && point.x.is_finite())
}

/// At most about [`POINTS_MAX`] points that keep every peak: the least and the
/// greatest of each run of neighbours.
fn thinned(points: &[Point]) -> Vec<Point> {
    if points.len() <= POINTS_MAX {
        return points.to_vec();
    }
    let run = (points.len() * 2).div_ceil(POINTS_MAX);
    let mut kept = Vec::with_capacity(POINTS_MAX + 1);
    for run in points.chunks(run) {
        let known = || (0..run.len()).filter(|&index| drawable(&run[index]).is_some());
        let by_y = |a: &usize, b: &usize| {
            let y = |index: &usize| drawable(&run[*index]).unwrap_or_default();
            y(a).total_cmp(&y(b))
        };
        let (Some(least), Some(greatest)) = (known().min_by(by_y), known().max_by(by_y)) else {
            kept.push(run[0]);
            continue;
        };
        kept.push(run[least.min(greatest)]);
        if least != greatest {
            kept.push(run[least.max(greatest)]);
        }
    }
    kept
}

fn with_unit(value: f64, unit: &str) -> String {
    let value = number(value);
    if unit.is_empty() { value } else { format!("{value} {}", escape(unit)) }
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes everything");
}

#[cfg(test)]
mod tests;
