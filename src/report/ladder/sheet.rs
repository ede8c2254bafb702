//! A sheet of a ladder: lifelines, strokes that lean with the time that they take, times in the margin.
//!
//! Each step has room of its own, so no text lies on another one, and a long pause is a break in the lifelines. Dashes
//! and crosses say what the colours say. All strokes are drawn before all texts, which stand on strips of paper.

use super::grid::{Grid, Setting};
use super::ink::{Ink, PngError, png};
use super::layout::{Layout, TimeScale};
use super::letters::Letters;
use super::pages::{Heading, Plan, plans};
use super::picture::{Ladder, Line, Look, What};
use super::style::{LadderFor, Style};
use super::svg::document;
use crate::report::charts::{Align, Color};

/// With more steps than these the names stand below, too.
const TALL: usize = 24;
/// How much of its way is drawn of what is lost.
pub(super) const LOST: f64 = 0.66;

pub(super) const INK: Color = (0x1e, 0x1e, 0x1e);
const FAINT: Color = (0x5a, 0x5a, 0x5a);
pub(super) const PAPER: Color = (0xff, 0xff, 0xff);
const HEAD: Color = (0xf2, 0xf2, 0xf2);

/// A sheet that is drawn.
#[derive(Clone, Debug)]
pub struct Sheet {
    pub(super) style: Style,
    pub(super) letters: Letters,
    /// Strokes, and texts that stand above them.
    pub(super) strokes: Vec<Ink>,
    pub(super) texts: Vec<Ink>,
    /// The boxes of all texts: left, top, right, bottom.
    pub(super) boxes: Vec<([f64; 4], String)>,
    /// Texts of which not all is shown.
    cut: Vec<String>,
    width: f64,
    pub(super) height: f64,
    title: String,
    about: String,
}

impl Ladder {
    /// The sheets of the ladder, at least one.
    #[must_use]
    pub fn sheets(&self, purpose: LadderFor, time: TimeScale) -> Vec<Sheet> {
        let setting = Setting::new(self, Style::of(purpose));
        let style = setting.style;
        let mut letters = Letters::default();
        if self.is_empty() {
            return vec![self.blank(&setting, letters)];
        }
        let whole = || Grid::of(&setting, 0..self.steps.len(), &mut Letters::default()).width;
        let width = style.frame.map_or_else(whole, |frame| frame.width);
        let room = width - 24.0 * style.scale;
        let longest = format!("{} Page 888 of 888.", self.remarks(about(time, true, 888)));
        let heading = Heading {
            title: letters.lines(&self.title, style.title, (room, 3)).0,
            foot: letters.lines(&longest, style.small, (room, 9)).0.len(),
        };
        let plans = plans(&setting, &heading, time, &mut letters);
        let of = plans.len();
        let drawn = plans.iter().enumerate().map(|(index, plan)| {
            let mut sheet = Sheet::new(&setting, width, letters.clone());
            let left = plan.laid.places.iter().filter(|place| !place.labelled).count();
            let mut remarks = self.remarks(about(time, !plan.laid.breaks.is_empty(), left));
            if of > 1 {
                remarks = format!("{remarks} Page {} of {of}.", index + 1);
                sheet.title = format!("{}, page {} of {of}", self.title, index + 1);
            }
            sheet.draw(&setting, &heading, plan, &remarks);
            sheet
        });
        drawn.collect()
    }

    /// The ladder as an SVG document for a screen.
    #[must_use]
    pub fn svg(&self) -> String {
        self.sheets(LadderFor::Screen, TimeScale::Breaks).iter().map(Sheet::svg).collect()
    }

    /// What stands below it.
    fn remarks(&self, about: String) -> String {
        self.remark().map_or_else(|| about.clone(), |remark| format!("{about} {remark}."))
    }

    /// The sheet of a ladder without steps.
    fn blank(&self, setting: &Setting<'_>, letters: Letters) -> Sheet {
        let (style, unit) = (setting.style, setting.style.scale);
        let width = style.frame.map_or(240.0 * unit, |frame| frame.width);
        let mut sheet = Sheet::new(setting, width, letters);
        let room = width - 24.0 * unit;
        sheet.text((12.0 * unit, 26.0 * unit), &self.title, (style.title, INK, Align::Left), room);
        sheet.text((12.0 * unit, 70.0 * unit), "Nothing to draw.", (style.label, FAINT, Align::Left), room);
        sheet.height = style.frame.filter(|frame| frame.always).map_or(100.0 * unit, |frame| frame.height);
        sheet
    }

    /// A step in words, for whoever points at it or cannot see it.
    fn words(&self, line: &Line<'_>, setting: &Setting<'_>) -> String {
        let host = |place: usize| self.lifelines.get(place).map_or("", String::as_str);
        let at = setting.time(line.step.at.as_nanos());
        match &line.step.what {
            What::Message(message) => {
                let there = match message.arrives {
                    Some(arrives) => format!(", there at {}", setting.time(arrives.as_nanos())),
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
fn about(time: TimeScale, breaks: bool, unlabelled: usize) -> String {
    match time {
        TimeScale::Breaks if !breaks => "Time runs down, not to scale.".to_owned(),
        TimeScale::Breaks => "Time runs down, not to scale; pauses are cut out where lines break.".to_owned(),
        TimeScale::Even => "Time runs down, a line for each step.".to_owned(),
        TimeScale::Linear => match unlabelled {
            0 => "Time runs down, to scale.".to_owned(),
            1 => "Time runs down, to scale; 1 label has no room.".to_owned(),
            count => format!("Time runs down, to scale; {count} labels have no room."),
        },
    }
}

impl Sheet {
    fn new(setting: &Setting<'_>, width: f64, letters: Letters) -> Self {
        let ladder = setting.ladder;
        let messages = ladder.steps.iter().filter(|step| matches!(step.what, What::Message(_))).count();
        let hosts = if ladder.lifelines.is_empty() { "no hosts".to_owned() } else { ladder.lifelines.join(", ") };
        let about = format!(
            "Messages in the order of time between {hosts}: {messages} of them. Each stroke has its times and its text \
             as a title."
        );
        let (style, title) = (setting.style, ladder.title.clone());
        let (strokes, texts, boxes, cut) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { style, letters, strokes, texts, boxes, cut, width, height: 0.0, title, about }
    }

    /// As an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        document(&[&self.strokes, &self.texts], (self.width, self.height), (&self.title, &self.about))
    }

    /// As a PNG file.
    ///
    /// # Errors
    /// It would be too large, or the drawing library refuses.
    pub fn png(&self) -> Result<Vec<u8>, PngError> {
        let dots = self.style.frame.map_or((1.0, None), |frame| frame.dots);
        png(&[&self.strokes, &self.texts], (self.width, self.height), dots, (&self.title, &self.about))
    }

    /// Its size in pixels of 1/96 inch.
    #[must_use]
    pub const fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// Texts that are too long to be shown whole.
    #[must_use]
    pub fn shortened(&self) -> &[String] {
        &self.cut
    }

    /// Texts that lie on others or leave the sheet: none, whatever the run.
    #[must_use]
    pub fn text_faults(&self) -> Vec<String> {
        let width = self.width.round();
        let mut boxes = self.boxes.clone();
        boxes.sort_by(|(a, _), (b, _)| a[1].total_cmp(&b[1]));
        let mut faults = Vec::new();
        for (index, (a, text)) in boxes.iter().enumerate() {
            if a[0] < 0.0 || a[1] < 0.0 || a[2] > width || a[3] > self.height.round() {
                faults.push(format!("{text:?} at {a:?} leaves the sheet"));
            }
            let below = boxes[index + 1..].iter().take_while(|(b, _)| b[1] < a[3]);
            let on = below.filter(|(b, _)| a[0] < b[2] && b[0] < a[2]);
            faults.extend(on.map(|(b, other)| format!("{text:?} at {a:?} lies on {other:?} at {b:?}")));
        }
        faults
    }

    fn draw(&mut self, setting: &Setting<'_>, heading: &Heading, plan: &Plan, remarks: &str) {
        let (style, unit) = (self.style, self.style.scale);
        let room = self.width - 24.0 * unit;
        for (index, line) in heading.title.iter().enumerate() {
            let y = 26.0 * unit + index as f64 * style.title * 1.25;
            self.text((12.0 * unit, y), line, (style.title, INK, Align::Left), room);
        }
        self.margin(setting, &plan.grid, &plan.laid);
        let feet = style.frame.is_none() && plan.range.len() > TALL;
        let bottom = plan.laid.bottom;
        for (place, name) in &plan.grid.hosts {
            let whole = setting.ladder.lifelines.get(*place).map_or("", String::as_str);
            self.name(plan.grid.x(*place), &plan.grid, (name, whole), plan.heads);
            self.lifeline(plan.grid.x(*place), plan.heads.0 + plan.heads.1, plan);
            if feet {
                self.name(plan.grid.x(*place), &plan.grid, (name, whole), (bottom, plan.heads.1));
            }
        }
        let lines = setting.ladder.lines().skip(plan.range.start).take(plan.range.len());
        for ((line, place), caption) in lines.zip(&plan.laid.places).zip(&plan.captions) {
            self.strokes.push(Ink::Step(setting.ladder.words(&line, setting)));
            self.step(&line, &plan.grid, place);
            self.strokes.push(Ink::StepEnd);
            if place.labelled {
                self.caption(&line, caption, &plan.grid, place);
            }
        }
        let mut y = bottom + if feet { plan.heads.1 + 16.0 * unit } else { 22.0 * unit };
        for line in self.letters.lines(remarks, style.small, (room, 9)).0 {
            self.text((12.0 * unit, y), &line, (style.small, FAINT, Align::Left), room);
            y += 16.0 * unit;
        }
        self.height = style.frame.filter(|frame| frame.always).map_or(y, |frame| frame.height);
    }

    /// A text, cut to the room that it has; the point is at half the height of its letters.
    fn text(&mut self, at: (f64, f64), text: &str, look: (f64, Color, Align), room: f64) {
        let short = self.letters.cut(text, look.0, room);
        let whole = (short != text).then_some(text);
        self.put(at, &short, whole, look);
    }

    /// A text; if it is not all of it, with the whole.
    pub(super) fn put(
        &mut self,
        (x, y): (f64, f64),
        text: &str,
        whole: Option<&str>,
        (size, color, align): (f64, Color, Align),
    ) {
        let wide = self.letters.width(text, size);
        let left = match align {
            Align::Left => x,
            Align::Center => x - wide / 2.0,
            Align::Right => x - wide,
        };
        let base = y + size * 0.36;
        self.boxes.push(([left, base - size * 0.8, left + wide, base + size * 0.2], text.to_owned()));
        self.cut.extend(whole.map(str::to_owned));
        let (text, whole) = (text.to_owned(), whole.map(str::to_owned));
        self.texts.push(Ink::Text { at: (x, base), text, whole, size, color, align });
    }

    pub(super) fn stroke(&mut self, points: &[(f64, f64)], (color, width, dash): (Color, f64, &'static [f64])) {
        self.strokes.push(Ink::Line { points: points.to_vec(), color, width, dash });
    }

    /// Times and pauses.
    fn margin(&mut self, setting: &Setting<'_>, grid: &Grid, laid: &Layout) {
        let (small, unit, margin) = (self.style.small, self.style.scale, grid.margin);
        let room = margin - 14.0 * unit;
        for (y, at) in &laid.times {
            let text = setting.time(at.as_nanos());
            self.text((margin - 8.0 * unit, *y), &text, (small, INK, Align::Right), room);
        }
        for (y, pause) in &laid.breaks {
            let text = setting.pause(*pause);
            self.text((margin - 8.0 * unit, *y), &text, (small, FAINT, Align::Right), room);
        }
    }

    /// A lifeline, with a zigzag where time is cut out.
    fn lifeline(&mut self, x: f64, top: f64, plan: &Plan) {
        let unit = self.style.scale;
        let mut points = vec![(x, top)];
        for (y, _) in &plan.laid.breaks {
            let swing = [(0.0, -8.0), (6.0, -4.0), (-6.0, 4.0), (0.0, 8.0)];
            points.extend(swing.map(|(aside, down)| (x + aside * unit, y + down * unit)));
        }
        points.push((x, plan.laid.bottom));
        self.stroke(&points, (FAINT, unit, &[]));
    }

    /// A host's name in its box.
    fn name(&mut self, x: f64, grid: &Grid, (lines, whole): (&[String], &str), (top, height): (f64, f64)) {
        let (unit, line) = (self.style.scale, self.style.line);
        let half = (grid.pitch / 2.0 - 3.0 * unit).min(150.0 * unit);
        let area = [x - half, top, 2.0 * half, height];
        self.strokes.push(Ink::Box { area, fill: HEAD, edge: Some(INK) });
        let first = top + (height - line * lines.len().saturating_sub(1) as f64) / 2.0;
        let cut = lines.last().is_some_and(|line| line.ends_with('\u{2026}'));
        for (index, text) in lines.iter().enumerate() {
            let whole = Some(whole).filter(|_| cut && index + 1 == lines.len());
            self.put((x, first + line * index as f64), text, whole, (self.style.host, INK, Align::Center));
        }
    }
}
