//! A ladder as an SVG document: lifelines, level strokes with their numbers, times in the margin.
//!
//! Time runs down but not to scale: each step has a line of its own, so no text lies on another
//! one, and a long pause is a break in the lifelines. A text that has no room is cut, and the
//! whole of it is in its `<title>`. Colours are Okabe and Ito's; dashes and crosses say the same
//! without them.

use std::fmt::Write as _;

use super::picture::{Ladder, Line, Look, What};
use crate::report::charts::{FONT_SIZE_RATIO, shortened, text_width};

/// The margin with the times.
const MARGIN: f64 = 96.0;
/// The least and the greatest distance of two lifelines.
const PITCH: (f64, f64) = (184.0, 250.0);
/// Where the first step stands.
const TOP: f64 = 108.0;
/// The height of a step, and of a break before one.
const ROW: f64 = 38.0;
const BREAK: f64 = 30.0;
/// The space between what somebody began of his own accord and what was before.
const SPACE: f64 = 10.0;
/// Font sizes of titles, hosts and labels, and of times and numbers.
const TITLE: f64 = 16.0;
const LABEL: f64 = 13.0;
const SMALL: f64 = 11.0;
/// The radius of the disc with a message's number.
const DISC: f64 = 9.0;
/// How far a message from a host to itself leads away.
const LOOP: f64 = 30.0;

const INK: &str = "#1e1e1e";
const FAINT: &str = "#5a5a5a";
const BLUE: &str = "#0072b2";
const GREEN: &str = "#009e73";
const VERMILION: &str = "#d55e00";

#[derive(Clone, Copy)]
enum Align {
    Start,
    Middle,
    End,
}

/// A document under construction.
struct Sheet {
    body: String,
    pitch: f64,
    width: f64,
}

impl Ladder {
    /// The ladder as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        let widest = self.lifelines.iter().map(|name| width(name, LABEL)).fold(0.0, f64::max);
        let pitch = (widest + 36.0).clamp(PITCH.0, PITCH.1).round();
        let count = self.lifelines.len().max(1);
        let beyond = if self.needs_margin() { pitch / 2.0 } else { 0.0 };
        let width = MARGIN + pitch * count as f64 + beyond;
        let mut sheet = Sheet { body: String::new(), pitch, width };
        sheet.text((12.0, 26.0), &self.title, (TITLE, INK, Align::Start), width - 24.0);
        let mut y = TOP;
        let mut breaks = Vec::new();
        let mut steps = Sheet { body: String::new(), pitch, width };
        for line in self.lines() {
            if let Some(pause) = line.pause {
                breaks.push(y - ROW / 2.0 + BREAK / 2.0 - 4.0);
                let text = format!("... {}", self.time(pause.as_nanos()));
                let at = (MARGIN - 8.0, y - ROW / 2.0 + BREAK / 2.0 - 4.0);
                steps.text(at, &text, (SMALL, FAINT, Align::End), MARGIN - 16.0);
                y += BREAK;
            }
            if line.step.begins() && y > TOP {
                y += SPACE;
            }
            if let Some(time) = line.time {
                let text = self.time(time.as_nanos());
                steps.text((MARGIN - 8.0, y), &text, (SMALL, INK, Align::End), MARGIN - 16.0);
            }
            steps.step(&line, y);
            y += ROW;
        }
        let bottom = y - ROW / 2.0 + 4.0;
        for (place, name) in self.lifelines.iter().enumerate() {
            sheet.lifeline(place, name, bottom, &breaks);
        }
        sheet.body.push_str(&steps.body);
        let mut remark = "Time runs down, not to scale.".to_owned();
        if self.left_out > 0 {
            let _ = write!(remark, " {} more messages are not shown.", self.left_out);
        }
        sheet.text((12.0, bottom + 22.0), &remark, (SMALL, FAINT, Align::Start), width - 24.0);
        sheet.document(bottom + 38.0, &self.title)
    }
}

impl Ladder {
    /// Whether something is written to the right of the last lifeline.
    fn needs_margin(&self) -> bool {
        let last = self.lifelines.len().saturating_sub(1);
        self.steps.iter().any(|step| match &step.what {
            What::Message { from, to, .. } => *from == last && *to == last,
            What::Note { beside, .. } => *beside == last,
        })
    }
}

/// The width of a text as our letters have it; those of other fonts are narrower as a rule.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text_width(text, size / FONT_SIZE_RATIO, false)
}

/// The text without the characters that XML keeps for itself.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const fn colour(look: Look) -> &'static str {
    match look {
        Look::Request => BLUE,
        Look::Response => GREEN,
        Look::Vain | Look::Failure => VERMILION,
    }
}

impl Sheet {
    fn document(self, height: f64, title: &str) -> String {
        let Self { body, width, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"DejaVu Sans, Verdana, sans-serif\" role=\"img\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n",
            plain(title)
        )
    }

    /// Where a lifeline stands.
    fn x(&self, place: usize) -> f64 {
        MARGIN + self.pitch * (place as f64 + 0.5)
    }

    /// A text, cut to the room that it has; the point is at half the height of its letters.
    fn text(&mut self, (x, y): (f64, f64), text: &str, (size, colour, align): (f64, &str, Align), room: f64) {
        let short = shortened(text, size / FONT_SIZE_RATIO, room);
        let anchor = match align {
            Align::Start => "start",
            Align::Middle => "middle",
            Align::End => "end",
        };
        let whole = if short == text { String::new() } else { format!("<title>{}</title>", plain(text)) };
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"{size}\" fill=\"{colour}\" text-anchor=\"{anchor}\">{whole}{}</text>",
            y + size * 0.36,
            plain(&short)
        );
    }

    fn stroke(&mut self, points: &[(f64, f64)], colour: &str, width: f64, dash: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>",
            points.join(" ")
        );
    }

    /// A lifeline with the name at its head, and two small strokes where time is cut out.
    fn lifeline(&mut self, place: usize, name: &str, bottom: f64, breaks: &[f64]) {
        let x = self.x(place);
        let half = self.pitch / 2.0 - 8.0;
        let _ = writeln!(
            self.body,
            "<rect x=\"{:.1}\" y=\"48.0\" width=\"{:.1}\" height=\"28\" fill=\"#f2f2f2\" stroke=\"{INK}\"/>",
            x - half,
            2.0 * half
        );
        self.text((x, 62.0), name, (LABEL, INK, Align::Middle), 2.0 * half - 10.0);
        let mut from = 76.0;
        for y in breaks {
            self.stroke(&[(x, from), (x, y - 4.0)], FAINT, 1.0, "");
            for shift in [-4.0, 4.0] {
                self.stroke(&[(x - 7.0, y + shift + 3.0), (x + 7.0, y + shift - 3.0)], FAINT, 1.0, "");
            }
            from = y + 4.0;
        }
        self.stroke(&[(x, from), (x, bottom)], FAINT, 1.0, "");
    }

    fn step(&mut self, line: &Line<'_>, y: f64) {
        match &line.step.what {
            What::Message { from, to, label, look } if from == to => self.own(self.x(*from), y, label, *look, line),
            What::Message { from, to, label, look } => {
                let (tail, tip) = (self.x(*from), self.x(*to));
                let ahead = (tip - tail).signum();
                let dash = match look {
                    Look::Request | Look::Vain => "",
                    Look::Response => "7 4",
                    Look::Failure => "2 3",
                };
                let end = if *look == Look::Vain { tip - ahead * 26.0 } else { tip };
                self.stroke(&[(tail, y), (end, y)], colour(*look), 1.8, dash);
                if *look == Look::Vain {
                    self.cross(end, y);
                } else {
                    self.head(tip, y, ahead, colour(*look));
                }
                self.disc(tail + ahead * (DISC + 5.0), y, colour(*look), line.number);
                // what lies between the disc and the head
                let middle = (tail + tip) / 2.0 + ahead * (DISC + 1.0);
                let room = (tip - tail).abs() - 2.0 * DISC - 26.0;
                self.label((middle, y - 11.0), label, Align::Middle, room);
            }
            What::Note { beside, text } => {
                let x = self.x(*beside);
                self.cross(x, y);
                self.label((x + 12.0, y), text, Align::Start, self.pitch - 26.0);
            }
        }
    }

    /// A message from a host to itself: out and back.
    fn own(&mut self, x: f64, y: f64, label: &str, look: Look, line: &Line<'_>) {
        let dash = if look == Look::Response { "7 4" } else { "" };
        let low = y + 10.0;
        self.stroke(&[(x, y - 4.0), (x + LOOP, y - 4.0), (x + LOOP, low), (x, low)], colour(look), 1.8, dash);
        self.head(x, low, -1.0, colour(look));
        self.disc(x + DISC + 5.0, y - 4.0, colour(look), line.number);
        self.label((x + LOOP + 6.0, y + 3.0), label, Align::Start, self.pitch - LOOP - 20.0);
    }

    /// A text on a strip of paper, so that lifelines do not run through it.
    fn label(&mut self, (x, y): (f64, f64), text: &str, align: Align, room: f64) {
        let shown = width(&shortened(text, LABEL / FONT_SIZE_RATIO, room), LABEL);
        let left = match align {
            Align::Start => x,
            Align::Middle => x - shown / 2.0,
            Align::End => x - shown,
        };
        let _ = writeln!(
            self.body,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"15\" fill=\"#ffffff\"/>",
            left - 2.0,
            y - 7.5,
            shown + 4.0
        );
        self.text((x, y), text, (LABEL, INK, align), room);
    }

    fn head(&mut self, x: f64, y: f64, ahead: f64, colour: &str) {
        let back = x - ahead * 10.0;
        let _ = writeln!(
            self.body,
            "<polygon points=\"{x:.1},{y:.1} {back:.1},{:.1} {back:.1},{:.1}\" fill=\"{colour}\"/>",
            y - 4.5,
            y + 4.5
        );
    }

    fn cross(&mut self, x: f64, y: f64) {
        self.stroke(&[(x - 5.0, y - 5.0), (x + 5.0, y + 5.0)], VERMILION, 2.0, "");
        self.stroke(&[(x - 5.0, y + 5.0), (x + 5.0, y - 5.0)], VERMILION, 2.0, "");
    }

    /// A message's number on a disc.
    fn disc(&mut self, x: f64, y: f64, colour: &str, number: Option<usize>) {
        let Some(number) = number else { return };
        let _ = writeln!(self.body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{DISC}\" fill=\"{colour}\"/>");
        let size = if number < 100 { SMALL } else { SMALL - 3.0 };
        self.text((x, y), &number.to_string(), (size, "#ffffff", Align::Middle), 4.0 * DISC);
    }
}
