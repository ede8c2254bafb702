//! A ladder as an SVG document: lifelines, strokes that lean with the time that they take, times in the margin.
//!
//! Each step has room of its own, so no text lies on another one, and a long pause is a break in the lifelines. A
//! text that has no room is cut, and the whole of it is in a `<title>`, as are the times of each step. Dashes and crosses
//! say what the colours say. All strokes are drawn before all texts, which stand on strips of paper.

use std::fmt::Write as _;

use super::layout::{Layout, Place, TimeScale, layout};
use super::letters::Letters;
use super::picture::{Ladder, Line, Look, Message, What};
use super::style::{LadderFor, Style};

/// The radius of the disc with a message's number.
const DISC: f64 = 9.0;
/// How far a message from a host to itself leads away.
const LOOP: f64 = 30.0;
/// The height of the box with a host's name.
const HEAD: f64 = 28.0;
/// With more steps than these the names stand below, too.
const TALL: usize = 24;

const INK: &str = "#1e1e1e";
const FAINT: &str = "#5a5a5a";

#[derive(Clone, Copy)]
enum Align {
    Start,
    Middle,
    End,
}

/// A document under construction.
pub(super) struct Sheet {
    style: Style,
    /// Strokes, and texts that stand above them.
    strokes: String,
    texts: String,
    letters: Letters,
    /// The boxes of all texts: left, top, right, bottom.
    pub(super) boxes: Vec<([f64; 4], String)>,
    pitch: f64,
    width: f64,
}

impl Ladder {
    /// The ladder as an SVG document for a screen.
    #[must_use]
    pub fn svg(&self) -> String {
        self.svg_for(LadderFor::Screen, TimeScale::Breaks)
    }

    /// The ladder as an SVG document.
    #[must_use]
    pub fn svg_for(&self, purpose: LadderFor, time: TimeScale) -> String {
        let (sheet, height) = self.sheet(purpose, time);
        sheet.document(height, self)
    }

    /// Texts that lie on others or leave the sheet: none, whatever the run.
    #[must_use]
    pub fn text_faults(&self, purpose: LadderFor, time: TimeScale) -> Vec<String> {
        let (sheet, height) = self.sheet(purpose, time);
        sheet.faults(height)
    }

    /// The sheet with all that is drawn, and its height.
    pub(super) fn sheet(&self, purpose: LadderFor, time: TimeScale) -> (Sheet, f64) {
        let mut style = Style::of(purpose);
        let mut letters = Letters::default();
        style.margin = self.margin(&style, &mut letters);
        let columns = self.lifelines.len().max(1) as f64 + if self.needs_margin() { 0.5 } else { 0.0 };
        let share =
            style.width.map_or_else(|| self.share(&style, &mut letters), |width| (width - style.margin) / columns);
        // many lifelines side by side are no easier to read when they are far apart
        let most = if self.lifelines.len() > 4 { style.pitch.0 * 1.2 } else { style.pitch.1 };
        let pitch = share.clamp(style.pitch.0, most).round();
        let width = (style.margin + pitch * columns).max(style.width.unwrap_or(0.0));
        let (strokes, texts, boxes) = (String::new(), String::new(), Vec::new());
        let mut sheet = Sheet { style, strokes, texts, letters, boxes, pitch, width };
        let unit = style.scale;
        let all = width - 24.0 * unit;
        sheet.text((12.0 * unit, 26.0 * unit), &self.title, (style.title, INK, Align::Start), all);
        if self.is_empty() {
            let at = (12.0 * unit, 70.0 * unit);
            sheet.text(at, "Nothing to draw.", (style.label, FAINT, Align::Start), all);
            return (sheet, 100.0 * unit);
        }
        let laid = layout(self, time, &style);
        sheet.margin(self, &laid);
        let places: Vec<f64> = laid.breaks.iter().map(|(y, _)| *y).collect();
        let feet = self.steps.len() > TALL;
        for (place, name) in self.lifelines.iter().enumerate() {
            sheet.lifeline(place, name, laid.bottom, &places);
            if feet {
                sheet.name(place, name, laid.bottom);
            }
        }
        for (line, place) in self.lines().zip(&laid.places) {
            sheet.step(self, &line, place);
        }
        let mut remarks = vec![about(time, &laid)];
        remarks.extend(self.remark().map(|remark| format!("{remark}.")));
        let mut y = laid.bottom + (if feet { HEAD + 16.0 } else { 22.0 }) * unit;
        for remark in remarks {
            sheet.text((12.0 * unit, y), &remark, (style.small, FAINT, Align::Start), all);
            y += 16.0 * unit;
        }
        (sheet, y)
    }

    /// The room that times and pauses need.
    fn margin(&self, style: &Style, letters: &mut Letters) -> f64 {
        let times = self.steps.iter().map(|step| self.time(step.at.as_nanos()));
        let pauses = self.steps.windows(2).map(|two| {
            // a stroke that arrives meanwhile makes it shorter
            format!("... {}", self.time(two[1].at.since(two[0].at).as_nanos()))
        });
        let widest = times.chain(pauses).map(|text| letters.width(&text, style.small)).fold(0.0, f64::max);
        (widest + 16.0 * style.scale).max(56.0 * style.scale).round()
    }

    /// The room that a lifeline needs for its name, and for what goes to its neighbours.
    fn share(&self, style: &Style, letters: &mut Letters) -> f64 {
        let names = self.lifelines.iter().map(|name| letters.width(name, style.label) + 36.0 * style.scale);
        let names = names.fold(0.0, f64::max);
        let said = self.steps.iter().filter_map(|step| match &step.what {
            What::Message(message) if message.from.abs_diff(message.to) == 1 => {
                let disc = if message.numbered { 4.0 * DISC } else { 0.0 };
                Some(letters.width(&message.label, style.label) + (disc + 20.0) * style.scale)
            }
            What::Message(_) | What::Note { .. } => None,
        });
        said.fold(names, f64::max)
    }

    /// Whether something is written to the right of the last lifeline.
    fn needs_margin(&self) -> bool {
        let last = self.lifelines.len().saturating_sub(1);
        self.steps.iter().any(|step| match &step.what {
            What::Message(message) => message.from == last && message.to == last,
            What::Note { beside, .. } => *beside == last && last == 0,
        })
    }

    /// A step in words, for whoever points at it or cannot see it.
    fn words(&self, line: &Line<'_>) -> String {
        let host = |place: usize| self.lifelines.get(place).map_or("", String::as_str);
        let at = self.time(line.step.at.as_nanos());
        match &line.step.what {
            What::Message(message) => {
                let there = match message.arrives {
                    Some(arrives) => format!(", there at {}", self.time(arrives.as_nanos())),
                    None if message.look == Look::Vain => ", never there".to_owned(),
                    None => String::new(),
                };
                let said = message.full.as_ref().unwrap_or(&message.label);
                format!("{at}{there}: {} to {}: {said}", host(message.from), host(message.to))
            }
            What::Note { beside, text, .. } => format!("{at}: {}: {text}", host(*beside)),
        }
    }
}

/// What the reader must know about the axis.
fn about(time: TimeScale, laid: &Layout) -> String {
    match time {
        TimeScale::Breaks if laid.breaks.is_empty() => "Time runs down, not to scale.".to_owned(),
        TimeScale::Breaks => "Time runs down, not to scale; pauses are cut out where lines break.".to_owned(),
        TimeScale::Even => "Time runs down, a line for each step.".to_owned(),
        TimeScale::Linear => match laid.places.iter().filter(|place| !place.labelled).count() {
            0 => "Time runs down, to scale.".to_owned(),
            1 => "Time runs down, to scale; 1 label has no room.".to_owned(),
            count => format!("Time runs down, to scale; {count} labels have no room."),
        },
    }
}

/// The text without the characters that XML keeps for itself, and without those that it does not take.
fn plain(text: &str) -> String {
    let legal = |c: &char| !c.is_control() || matches!(c, '\t' | '\n');
    let text: String = text.chars().filter(legal).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Sheet {
    /// Texts that lie on others, or leave a sheet of that height.
    pub(super) fn faults(&self, height: f64) -> Vec<String> {
        let width = self.width.round();
        let mut boxes = self.boxes.clone();
        boxes.sort_by(|(a, _), (b, _)| a[1].total_cmp(&b[1]));
        let mut faults = Vec::new();
        for (index, (a, text)) in boxes.iter().enumerate() {
            if a[0] < 0.0 || a[1] < 0.0 || a[2] > width || a[3] > height.round() {
                faults.push(format!("{text:?} at {a:?} leaves the sheet"));
            }
            let below = boxes[index + 1..].iter().take_while(|(b, _)| b[1] < a[3]);
            let on = below.filter(|(b, _)| a[0] < b[2] && b[0] < a[2]);
            faults.extend(on.map(|(b, other)| format!("{text:?} at {a:?} lies on {other:?} at {b:?}")));
        }
        faults
    }

    fn document(self, height: f64, ladder: &Ladder) -> String {
        let Self { strokes, texts, width, .. } = self;
        let messages = ladder.steps.iter().filter(|step| matches!(step.what, What::Message(_))).count();
        let hosts = ladder.lifelines.join(", ");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"DejaVu Sans, Verdana, sans-serif\" role=\"img\" \
             aria-labelledby=\"title desc\">\n\
             <title id=\"title\">{}</title>\n<desc id=\"desc\">Messages in the order of time between {}: {messages} of \
             them. Each stroke has its times and its text as a title.</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{strokes}{texts}</svg>\n",
            plain(&ladder.title),
            plain(if hosts.is_empty() { "no hosts" } else { &hosts }),
        )
    }

    /// Where a lifeline stands.
    fn x(&self, place: usize) -> f64 {
        self.style.margin + self.pitch * (place as f64 + 0.5)
    }

    /// A text, cut to the room that it has; the point is at half the height of its letters.
    fn text(&mut self, (x, y): (f64, f64), text: &str, (size, colour, align): (f64, &str, Align), room: f64) {
        let short = self.letters.cut(text, size, room);
        let wide = self.letters.width(&short, size);
        let left = match align {
            Align::Start => x,
            Align::Middle => x - wide / 2.0,
            Align::End => x - wide,
        };
        let base = y + size * 0.36;
        self.boxes.push(([left, base - size * 0.8, left + wide, base + size * 0.2], short.clone()));
        let anchor = match align {
            Align::Start => "start",
            Align::Middle => "middle",
            Align::End => "end",
        };
        let whole = if short == text { String::new() } else { format!("<title>{}</title>", plain(text)) };
        let _ = writeln!(
            self.texts,
            "<text x=\"{x:.1}\" y=\"{base:.1}\" font-size=\"{size:.1}\" fill=\"{colour}\" text-anchor=\"{anchor}\">{whole}{}</text>",
            plain(&short)
        );
    }

    fn stroke(&mut self, points: &[(f64, f64)], (colour, width, dash): (&str, f64, &str)) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let _ = writeln!(
            self.strokes,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width:.1}\"{dash}/>",
            points.join(" ")
        );
    }

    /// Times and pauses.
    fn margin(&mut self, ladder: &Ladder, laid: &Layout) {
        let (small, unit, margin) = (self.style.small, self.style.scale, self.style.margin);
        let room = margin - 14.0 * unit;
        for (y, at) in &laid.times {
            let text = ladder.time(at.as_nanos());
            self.text((margin - 8.0 * unit, *y), &text, (small, INK, Align::End), room);
        }
        for (y, pause) in &laid.breaks {
            let text = format!("... {}", ladder.time(pause.as_nanos()));
            self.text((margin - 8.0 * unit, *y), &text, (small, FAINT, Align::End), room);
        }
    }

    /// A lifeline with the name at its head, and a zigzag where time is cut out.
    fn lifeline(&mut self, place: usize, name: &str, bottom: f64, breaks: &[f64]) {
        let (x, unit) = (self.x(place), self.style.scale);
        let top = 48.0 * unit;
        self.name(place, name, top);
        let mut points = vec![(x, top + HEAD * unit)];
        for y in breaks {
            let swing = [(0.0, -8.0), (6.0, -4.0), (-6.0, 4.0), (0.0, 8.0)];
            points.extend(swing.map(|(aside, down)| (x + aside * unit, y + down * unit)));
        }
        points.push((x, bottom));
        self.stroke(&points, (FAINT, unit, ""));
    }

    /// A host's name in its box.
    fn name(&mut self, place: usize, name: &str, top: f64) {
        let (x, unit) = (self.x(place), self.style.scale);
        let half = self.pitch / 2.0 - 8.0 * unit;
        let height = HEAD * unit;
        let _ = writeln!(
            self.strokes,
            "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"#f2f2f2\" stroke=\"{INK}\"/>",
            x - half,
            2.0 * half
        );
        let middle = (x, top + height / 2.0);
        self.text(middle, name, (self.style.label, INK, Align::Middle), 2.0 * half - 10.0 * unit);
    }

    fn step(&mut self, ladder: &Ladder, line: &Line<'_>, place: &Place) {
        let _ = writeln!(self.strokes, "<g><title>{}</title>", plain(&ladder.words(line)));
        match &line.step.what {
            What::Message(message) if message.from == message.to => self.own(message, line, place),
            What::Message(message) => self.message(message, line, place),
            What::Note { beside, text, bad } => {
                let x = self.x(*beside);
                if *bad {
                    self.cross(x, place.y);
                } else {
                    self.dot(x, place.y);
                }
                if place.labelled {
                    self.note((x, place.y), text);
                }
            }
        }
        self.strokes.push_str("</g>\n");
    }

    /// A remark, on the side of its lifeline where there is room for it.
    fn note(&mut self, (x, y): (f64, f64), text: &str) {
        let aside = 12.0 * self.style.scale;
        let (left, right) = (x - aside - self.style.margin, self.width - x - 2.0 * aside);
        if self.letters.width(text, self.style.label) <= right || right >= left {
            self.label((x + aside, y), text, Align::Start, right);
        } else {
            self.label((x - aside, y), text, Align::End, left);
        }
    }

    fn message(&mut self, message: &Message, line: &Line<'_>, place: &Place) {
        let (tail, tip) = (self.x(message.from), self.x(message.to));
        let (unit, look) = (self.style.scale, message.look);
        let ahead = (tip - tail).signum();
        let colour = self.style.colour(look);
        // what is lost leads two thirds of the way
        let share = if look == Look::Vain { 0.66 } else { 1.0 };
        let drop = if look == Look::Vain { self.style.slant * 0.66 } else { place.end - place.y };
        let end = (tail + (tip - tail) * share, place.y + drop);
        self.stroke(&[(tail, place.y), end], (colour, self.style.thickness(look), Style::dash(look)));
        if look == Look::Vain {
            self.cross(end.0, end.1);
        } else {
            self.head(end, (end.0 - tail, end.1 - place.y), colour);
        }
        let disc = DISC * unit;
        let aside = if let Some(number) = line.number.filter(|_| place.labelled) {
            self.disc(tail + ahead * (disc + 5.0 * unit), place.y, colour, number);
            disc + unit
        } else {
            0.0
        };
        if place.labelled {
            // what lies between the disc and the head
            let middle = f64::midpoint(tail, tip) + ahead * aside;
            let room = (tip - tail).abs() - 2.0 * aside - 16.0 * unit;
            self.label((middle, place.y - 11.0 * unit), &message.label, Align::Middle, room);
        }
    }

    /// A message from a host to itself: out and back.
    fn own(&mut self, message: &Message, line: &Line<'_>, place: &Place) {
        let (x, y, unit) = (self.x(message.from), place.y, self.style.scale);
        let colour = self.style.colour(message.look);
        let (out, low, high) = (x + LOOP * unit, y + 8.0 * unit, y - 4.0 * unit);
        let look = (colour, self.style.thickness(message.look), Style::dash(message.look));
        self.stroke(&[(x, high), (out, high), (out, low), (x, low)], look);
        self.head((x, low), (-1.0, 0.0), colour);
        if let Some(number) = line.number.filter(|_| place.labelled) {
            self.disc(x + (DISC + 5.0) * unit, high, colour, number);
        }
        if place.labelled {
            let room = self.pitch - (LOOP + 20.0) * unit;
            self.label((out + 6.0 * unit, y + 1.0 * unit), &message.label, Align::Start, room);
        }
    }

    /// A text on a strip of paper, so that lifelines do not run through it.
    fn label(&mut self, (x, y): (f64, f64), text: &str, align: Align, room: f64) {
        let (size, unit) = (self.style.label, self.style.scale);
        let short = self.letters.cut(text, size, room);
        let shown = self.letters.width(&short, size);
        let left = match align {
            Align::Start => x,
            Align::Middle => x - shown / 2.0,
            Align::End => x - shown,
        };
        let _ = writeln!(
            self.texts,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#ffffff\"/>",
            left - 2.0 * unit,
            y - 7.5 * unit,
            shown + 4.0 * unit,
            15.0 * unit
        );
        self.text((x, y), text, (size, INK, align), room);
    }

    /// The head of a stroke that comes from that direction.
    fn head(&mut self, (x, y): (f64, f64), (right, down): (f64, f64), colour: &str) {
        let unit = self.style.scale;
        let length = right.hypot(down).max(1e-9);
        let (right, down) = (right / length * unit, down / length * unit);
        let back = (x - 10.0 * right, y - 10.0 * down);
        let _ = writeln!(
            self.strokes,
            "<polygon points=\"{x:.1},{y:.1} {:.1},{:.1} {:.1},{:.1}\" fill=\"{colour}\"/>",
            back.0 - 4.5 * down,
            back.1 + 4.5 * right,
            back.0 + 4.5 * down,
            back.1 - 4.5 * right
        );
    }

    fn cross(&mut self, x: f64, y: f64) {
        let (colour, unit) = (self.style.colour(Look::Vain), self.style.scale);
        let arm = 5.0 * unit;
        self.stroke(&[(x - arm, y - arm), (x + arm, y + arm)], (colour, 2.0 * unit, ""));
        self.stroke(&[(x - arm, y + arm), (x + arm, y - arm)], (colour, 2.0 * unit, ""));
    }

    fn dot(&mut self, x: f64, y: f64) {
        let radius = 4.0 * self.style.scale;
        let _ = writeln!(self.strokes, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{INK}\"/>");
    }

    /// A message's number on a disc.
    fn disc(&mut self, x: f64, y: f64, colour: &str, number: usize) {
        let radius = DISC * self.style.scale;
        let _ = writeln!(self.texts, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{colour}\"/>");
        let small = self.style.small;
        let size = if number < 100 { small } else { small - 3.0 * self.style.scale };
        self.text((x, y), &number.to_string(), (size, "#ffffff", Align::Middle), 4.0 * radius);
    }
}
