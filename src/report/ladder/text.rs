//! A ladder for a terminal: one line a message, indented by the depth of whom it is for, so that
//! the recursive picture leans to the right and the iterative one stands upright. What does not come at once has the
//! time at which it does, or that it never does.

use std::fmt::Write as _;

use super::picture::{Ladder, Look, What};

impl Ladder {
    /// The ladder as lines of text.
    #[must_use]
    pub fn text(&self) -> String {
        let host = |place: usize| self.lifelines.get(place).map_or("", String::as_str);
        let rows: Vec<[String; 5]> = self
            .lines()
            .map(|line| {
                let indent = "  ".repeat(line.step.depth.min(16));
                let number = line.number.map_or_else(String::new, |number| number.to_string());
                let time = line.time.map_or_else(String::new, |time| self.exact_time(time.as_nanos()));
                match &line.step.what {
                    What::Message(message) => {
                        let ends = format!("{indent}{} -> {}", host(message.from), host(message.to));
                        let there = match message.arrives {
                            Some(at) if at > line.step.at => self.exact_time(at.as_nanos()),
                            Some(_) => String::new(),
                            None if message.look == Look::Vain && !message.numbered => "lost".to_owned(),
                            None => String::new(),
                        };
                        [number, time, there, ends, message.label.clone()]
                    }
                    What::Note { beside, text, .. } => {
                        [number, time, String::new(), format!("{indent}{}", host(*beside)), text.clone()]
                    }
                }
            })
            .collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let [number, time, there, ends] = [width(0), width(1), width(2), width(3)];
        let mut out = format!("{}\n", self.title);
        if self.is_empty() {
            out.push_str("Nothing to draw.\n");
        }
        // numbers and arrivals take no room where there are none
        let room = |width: usize| if width == 0 { 0 } else { width + 2 };
        for (row, line) in rows.iter().zip(self.lines()) {
            if let Some(pause) = line.pause {
                let pause = format!("... {}", self.exact_time(pause.as_nanos()));
                let _ = writeln!(out, "{pause:>0$}", room(number) + time);
            }
            let whole = format!(
                "{:>number$}{:number_gap$}{:>time$}  {:>there$}{:there_gap$}{:ends$}  {}",
                row[0],
                "",
                row[1],
                row[2],
                "",
                row[3],
                row[4],
                number_gap = room(number) - number,
                there_gap = room(there) - there,
            );
            let _ = writeln!(out, "{}", whole.trim_end());
        }
        if let Some(remark) = self.remark() {
            let _ = writeln!(out, "{remark}");
        }
        out
    }
}
