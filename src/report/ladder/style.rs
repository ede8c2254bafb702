//! How large a ladder is drawn, and in which colours: for the screen, a slide, a column of a paper, a handout.
//!
//! All lengths of a ladder hang on the size of its letters. Widths are those of the sheet, in pixels of 1/96 inch.

use super::picture::Look;

/// What a ladder is drawn for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LadderFor {
    /// A screen: as wide as it needs to be.
    #[default]
    Screen,
    /// A slide: 1280 pixels wide at least, large letters.
    Slides,
    /// A column of a paper: 3.5 inches wide if that is possible, small letters.
    Paper,
    /// A sheet of paper, in shades of grey.
    Handout,
}

/// Lengths in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// How much larger than on a screen.
    pub(super) scale: f64,
    /// Font sizes of the title, of hosts and labels, of times and numbers.
    pub(super) title: f64,
    pub(super) label: f64,
    pub(super) small: f64,
    /// The margin with the times, at least.
    pub(super) margin: f64,
    /// The least and the greatest distance of two lifelines.
    pub(super) pitch: (f64, f64),
    /// The width that the sheet is to have.
    pub(super) width: Option<f64>,
    /// Where the first step stands.
    pub(super) top: f64,
    /// From the beginning of a step to that of the next, at least.
    pub(super) row: f64,
    /// How far a message that takes time leads down, at least.
    pub(super) slant: f64,
    /// From the end of a message to the begin of the next: the height of a label.
    pub(super) head: f64,
    /// The height of a break.
    pub(super) gap: f64,
    /// The space before what somebody begins of his own accord.
    pub(super) space: f64,
    grey: bool,
}

impl Style {
    pub(super) fn of(purpose: LadderFor) -> Self {
        let (scale, pitch, width, grey) = match purpose {
            LadderFor::Screen => (1.0, (184.0, 300.0), None, false),
            LadderFor::Slides => (1.5, (230.0, 520.0), Some(1280.0), false),
            LadderFor::Paper => (0.65, (92.0, 200.0), Some(336.0), false),
            LadderFor::Handout => (1.0, (150.0, 300.0), Some(680.0), true),
        };
        Self {
            scale,
            title: 16.0 * scale,
            label: 13.0 * scale,
            small: 11.0 * scale,
            margin: 56.0 * scale,
            pitch,
            width,
            top: 112.0 * scale,
            row: 30.0 * scale,
            slant: 12.0 * scale,
            head: 20.0 * scale,
            gap: 46.0 * scale,
            space: 12.0 * scale,
            grey,
        }
    }

    /// The colour of a message: Okabe and Ito's, or shades of grey.
    pub(super) const fn colour(&self, look: Look) -> &'static str {
        match (look, self.grey) {
            (Look::Request, false) => "#0072b2",
            (Look::Response, false) => "#009e73",
            (Look::Vain | Look::Failure | Look::Again, false) => "#d55e00",
            (Look::Request | Look::Response, true) => "#303030",
            (Look::Vain | Look::Failure | Look::Again, true) => "#000000",
            (Look::Control, _) => "#6a6a6a",
        }
    }

    /// The dashes of a message, which say what its colour says.
    pub(super) const fn dash(look: Look) -> &'static str {
        match look {
            Look::Request | Look::Vain | Look::Control => "",
            Look::Response => "7 4",
            Look::Failure => "2 3",
            Look::Again => "12 3 3 3",
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
