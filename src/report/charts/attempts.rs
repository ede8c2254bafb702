//! How often servers tried: copies of users' messages by their count of attempts.
//!
//! No attempt means that the first server had the recipient's mailbox itself, or that the
//! copy never left its sender.

use super::axes::{Frame, TICK_SIZE, empty, heading};
use super::canvas::{Align, Canvas, Label, text_width};
use super::look::Theme;
use super::scale::Scale;
use super::{ChartSource, copies, user_copies};

const TITLE: &str = "Attempts per message";
/// Bars that fit beside each other when each is for one count, and when each is for several.
const MOST_SINGLE: u32 = 16;
const MOST_BINNED: u32 = 8;

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let counts: Vec<u32> = user_copies(run.tables).map(|row| row.attempts).collect();
    let Some(most) = counts.iter().copied().max() else {
        return empty(theme, TITLE, "No message was composed.");
    };
    // Bars of equal width: 0, 1, 2, ... or 0-4, 5-9, ...
    let width = if most < MOST_SINGLE { 1 } else { most / MOST_BINNED + 1 };
    let mut bars = vec![0_u32; (most / width + 1).max(4) as usize];
    for count in &counts {
        bars[(count / width) as usize] += 1;
    }
    let tallest = f64::from(bars.iter().copied().max().unwrap_or(0));
    let mut x = Scale::count("attempts of servers to pass the copy on", 1.0);
    x.ticks.clear();
    let mut frame = Frame::new(theme, x, Scale::count("copies", tallest));
    frame.top += 16.0;
    let mut canvas = heading(theme, TITLE, &format!("{} of users' messages", copies(counts.len())));
    frame.draw(&mut canvas);
    let slot = (frame.right - frame.left) / bars.len() as f64;
    for (index, (count, from)) in bars.iter().zip((0_u32..).step_by(width as usize)).enumerate() {
        let middle = frame.left + slot * (index as f64 + 0.5);
        let name =
            if width == 1 { from.to_string() } else { format!("{from}\u{2013}{}", from.saturating_add(width - 1)) };
        let size = fitting(&name, slot);
        canvas.text(Label::new((middle, frame.bottom + 20.0), name, size, Align::Center));
        if *count > 0 {
            let top = frame.at_y(f64::from(*count));
            let half = (slot * 0.36).min(48.0);
            canvas.part((middle - half, top), (middle + half, frame.bottom), theme.fill(0));
            let size = fitting(&count.to_string(), slot);
            canvas.text(Label::new((middle, top - 12.0), count.to_string(), size, Align::Center));
        }
    }
    canvas
}

/// The size at which a text leaves a little room in its bar's slot.
fn fitting(text: &str, slot: f64) -> f64 {
    TICK_SIZE.min(TICK_SIZE * (slot - 8.0) / text_width(text, TICK_SIZE, false))
}
