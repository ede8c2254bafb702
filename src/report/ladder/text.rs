//! A ladder for a terminal: one line a message, indented by the depth of whom it is for, so that
//! the recursive picture leans to the right and the iterative one stands upright.

use std::fmt::Write as _;

use super::picture::{Ladder, What};

impl Ladder {
    /// The ladder as lines of text.
    #[must_use]
    pub fn text(&self) -> String {
        let host = |place: usize| self.lifelines.get(place).map_or("", String::as_str);
        let rows: Vec<[String; 4]> = self
            .lines()
            .map(|line| {
                let indent = "  ".repeat(line.step.depth.min(16));
                let number = line.number.map_or_else(String::new, |number| number.to_string());
                let time = line.time.map_or_else(String::new, |time| self.time(time.as_nanos()));
                match &line.step.what {
                    What::Message { from, to, label, .. } => {
                        [number, time, format!("{indent}{} -> {}", host(*from), host(*to)), label.clone()]
                    }
                    What::Note { beside, text } => [number, time, format!("{indent}{}", host(*beside)), text.clone()],
                }
            })
            .collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let [number, time, ends] = [width(0), width(1), width(2)];
        let mut out = format!("{}\n", self.title);
        for (row, line) in rows.iter().zip(self.lines()) {
            if let Some(pause) = line.pause {
                let pause = format!("... {}", self.time(pause.as_nanos()));
                let _ = writeln!(out, "{pause:>0$}", number + 2 + time);
            }
            let whole = format!("{:>number$}  {:>time$}  {:ends$}  {}", row[0], row[1], row[2], row[3]);
            let _ = writeln!(out, "{}", whole.trim_end());
        }
        if self.left_out > 0 {
            let _ = writeln!(out, "{} more messages are not shown", self.left_out);
        }
        out
    }
}
