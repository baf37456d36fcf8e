//! Names of the lines, in rows below the title.

use super::{Chart, FONT, FONT_WIDTH, LIMIT_COLOUR, colour, escape, put};

const ROW: f64 = 20.0;
const MARGIN: f64 = 8.0;
/// Of the sample of the line, and between two names.
const SAMPLE: f64 = 22.0;
const BETWEEN: f64 = 16.0;

pub(super) struct Legend {
    names: Vec<Name>,
    rows: usize,
}

struct Name {
    x: f64,
    row: usize,
    text: String,
    colour: &'static str,
    dash: &'static str,
}

impl Legend {
    /// None of one line alone: the title says what it is.
    pub(super) fn new(chart: &Chart<'_>, width: f64) -> Self {
        let mut legend = Self { names: Vec::new(), rows: 0 };
        if chart.lines.len() < 2 && chart.limit.is_none() {
            return legend;
        }
        let lines = chart.lines.iter().map(|line| {
            let dash = if line.is_dashed { " stroke-dasharray=\"6 4\"" } else { "" };
            (line.name.as_str(), colour(line.colour), dash)
        });
        let limit = chart.limit.map(|(name, _)| (name, LIMIT_COLOUR, " stroke-dasharray=\"2 4\""));
        let mut x = MARGIN;
        legend.rows = 1;
        for (name, colour, dash) in lines.chain(limit) {
            let wide = SAMPLE + FONT_WIDTH * name.chars().count() as f64;
            if x > MARGIN && x + wide > width - MARGIN {
                x = MARGIN;
                legend.rows += 1;
            }
            let row = legend.rows - 1;
            legend.names.push(Name { x, row, text: escape(name), colour, dash });
            x += wide + BETWEEN;
        }
        legend
    }

    pub(super) fn height(&self) -> f64 {
        self.rows as f64 * ROW
    }

    pub(super) fn draw(&self, svg: &mut String) {
        for Name { x, row, text, colour, dash } in &self.names {
            let y = 40.0 + *row as f64 * ROW;
            put(
                svg,
                format_args!(
                    "<line x1=\"{x:.1}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" \
                     stroke=\"{colour}\" stroke-width=\"2\"{dash}/>\
                     <text x=\"{:.1}\" y=\"{y:.1}\" font-size=\"{FONT}\">{text}</text>\n",
                    x + SAMPLE - 6.0,
                    y - 4.5,
                    y - 4.5,
                    x + SAMPLE
                ),
            );
        }
    }
}
