//! How large a ladder is drawn, and in which colours: for the screen, a slide, a column of a paper, a handout.
//!
//! All lengths of a ladder hang on the size of its letters. Widths are those of the sheet, in pixels of 1/96 inch. A
//! sheet of a given size has letters that can be read there, whatever stands on it; what has no room goes to the next one.

use super::picture::Look;
use crate::report::charts::Color;

/// What a ladder is drawn for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LadderFor {
    /// A screen: one sheet, as wide and as high as it needs to be.
    #[default]
    Screen,
    /// Slides of 1280 by 720 pixels, large letters.
    Slides,
    /// Columns of a paper, 3.5 inches wide and at most 9 high, letters of 7 points.
    Paper,
    /// Sheets of paper, 180 mm wide and at most 254 high, in shades of grey.
    Handout,
}

impl LadderFor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Screen, Self::Slides, Self::Paper, Self::Handout];
}

/// The sheet that a ladder has to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Whether it is so high however little stands on it.
    pub(super) always: bool,
    /// Pixels of a PNG for one of these, and how many of them make a metre if it is for print.
    pub(super) dots: (f64, Option<u32>),
}

/// Lengths in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// How much larger than on a screen.
    pub(super) scale: f64,
    /// Font sizes of the title, of hosts, of labels, of times and numbers.
    pub(super) title: f64,
    pub(super) host: f64,
    pub(super) label: f64,
    pub(super) small: f64,
    /// From one line of a label to the next.
    pub(super) line: f64,
    /// The least and the greatest distance of two lifelines.
    pub(super) pitch: (f64, f64),
    /// The sheet; none when it is as large as need be.
    pub(super) frame: Option<Frame>,
    /// From the beginning of a step to the label of the next, at least.
    pub(super) clear: f64,
    /// The height of a label of one line above its step.
    pub(super) above: f64,
    /// How far a message that takes time leads down, at least.
    pub(super) slant: f64,
    /// The height of a break.
    pub(super) gap: f64,
    /// The space before what somebody begins of his own accord.
    pub(super) space: f64,
    grey: bool,
}

impl Style {
    pub(super) fn of(purpose: LadderFor) -> Self {
        let frame = |width, height, always, dots| Some(Frame { width, height, always, dots });
        let (scale, pitch, frame, grey) = match purpose {
            LadderFor::Screen => (1.0, (184.0, 300.0), None, false),
            LadderFor::Slides => (1.4, (112.0, f64::MAX), frame(1280.0, 720.0, true, (1.0, None)), false),
            // 400 and 300 to the inch
            LadderFor::Paper => {
                (0.72, (50.0, f64::MAX), frame(336.0, 864.0, false, (400.0 / 96.0, Some(15_748))), false)
            }
            LadderFor::Handout => {
                (1.0, (84.0, f64::MAX), frame(680.0, 960.0, false, (300.0 / 96.0, Some(11_811))), true)
            }
        };
        Self {
            scale,
            title: 16.0 * scale,
            host: if purpose == LadderFor::Paper { 11.0 * scale } else { 13.0 * scale },
            label: 13.0 * scale,
            small: 11.0 * scale,
            line: 16.0 * scale,
            pitch,
            frame,
            clear: 11.5 * scale,
            above: 18.5 * scale,
            slant: 12.0 * scale,
            gap: 46.0 * scale,
            space: 12.0 * scale,
            grey,
        }
    }

    /// The colour of a message: Okabe and Ito's, or shades of grey.
    pub(super) const fn colour(&self, look: Look) -> Color {
        match (look, self.grey) {
            (Look::Request, false) => (0x00, 0x72, 0xb2),
            (Look::Response, false) => (0x00, 0x9e, 0x73),
            (Look::Vain | Look::Failure | Look::Again, false) => (0xd5, 0x5e, 0x00),
            (Look::Request | Look::Response, true) => (0x30, 0x30, 0x30),
            (Look::Vain | Look::Failure | Look::Again, true) => (0, 0, 0),
            (Look::Control, _) => (0x6a, 0x6a, 0x6a),
        }
    }

    /// The dashes of a message, which say what its colour says.
    pub(super) const fn dash(look: Look) -> &'static [f64] {
        match look {
            Look::Request | Look::Vain | Look::Control => &[],
            Look::Response => &[7.0, 4.0],
            Look::Failure => &[2.0, 3.0],
            Look::Again => &[12.0, 3.0, 3.0, 3.0],
        }
    }

    /// The thickness of its stroke.
    pub(super) const fn thickness(&self, look: Look) -> f64 {
        match look {
            Look::Control => 1.1 * self.scale,
            Look::Request | Look::Response | Look::Vain => 1.8 * self.scale,
            Look::Failure | Look::Again => 2.2 * self.scale,
        }
    }
}
