//! How sheets look: three themes, and in each what tells series and parts apart.
//!
//! All themes share one set of type sizes in nominal pixels; what differs is how large the
//! sheet is in them, and how large it comes out: so a figure for a column of a paper has few
//! and large letters without being another drawing. Colours are Okabe and Ito's, told apart by
//! people of any colour vision, without their yellow, which is too faint for lines; handouts
//! have greys. A series has a dash and a marker of its own and a part a hatch, whatever the
//! theme, so colour never says anything alone.

/// A colour: red, green, blue.
pub(in crate::report) type Color = (u8, u8, u8);

pub(super) const INK: Color = (0x1e, 0x1e, 0x1e);
pub(super) const AXIS: Color = (0x3c, 0x3c, 0x3c);
pub(super) const GRID: Color = (0xe1, 0xe1, 0xe1);
pub(super) const NOTE: Color = (0x5a, 0x5a, 0x5a);
pub(super) const PAPER: Color = (0xff, 0xff, 0xff);

/// What a chart is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// A slide of 16:9, 1280 by 720 pixels, with large type.
    #[default]
    Slides,
    /// A column of a paper, 85 mm wide, without a title: the caption says it.
    Paper,
    /// A sheet that is copied in black and white, 160 mm wide.
    Handout,
}

/// What distinguishes a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pen {
    pub(super) color: Color,
    /// In nominal pixels, on and off by turns; empty for an unbroken line.
    pub(super) dash: &'static [f64],
    pub(super) marker: Marker,
}

/// Signs on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Plus,
    Wedge,
}

/// What distinguishes an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) color: Color,
    pub(super) hatch: Hatch,
}

/// Strokes on an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hatch {
    Plain,
    Rising,
    Falling,
    Crossed,
    Level,
    Upright,
    Dotted,
    Squared,
}

const PALETTE: [Color; 7] = [
    (0x00, 0x72, 0xb2),
    (0xd5, 0x5e, 0x00),
    (0x00, 0x9e, 0x73),
    (0xcc, 0x79, 0xa7),
    (0xe6, 0x9f, 0x00),
    (0x56, 0xb4, 0xe9),
    (0x00, 0x00, 0x00),
];

const DASHES: [&[f64]; PENS] = [
    &[],
    &[10.0, 5.0],
    &[3.0, 4.0],
    &[12.0, 4.0, 3.0, 4.0],
    &[18.0, 5.0],
    &[6.0, 3.0],
    &[12.0, 4.0, 3.0, 4.0, 3.0, 4.0],
];

const MARKERS: [Marker; PENS] =
    [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Cross, Marker::Plus, Marker::Wedge];

const HATCHES: [Hatch; FILLS] = [
    Hatch::Plain,
    Hatch::Rising,
    Hatch::Falling,
    Hatch::Dotted,
    Hatch::Crossed,
    Hatch::Level,
    Hatch::Squared,
    Hatch::Upright,
];

/// Greys of lines, dark enough for thin ones, and of areas, neighbours far apart.
const PEN_GREYS: [u8; PENS] = [0x00, 0x55, 0x2a, 0x77, 0x00, 0x55, 0x2a];
const FILL_GREYS: [u8; FILLS] = [0x46, 0xc8, 0x8c, 0xe6, 0x6e, 0xb4, 0x1e, 0xa0];

/// Pens and fills that there are.
pub(super) const PENS: usize = 7;
pub(super) const FILLS: usize = 8;

impl Theme {
    /// All themes.
    pub const ALL: [Self; 3] = [Self::Slides, Self::Paper, Self::Handout];

    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slides => "slides",
            Self::Paper => "paper",
            Self::Handout => "handout",
        }
    }

    /// The size of a sheet in nominal pixels, in which type has the same size in all themes.
    pub(super) const fn size(self) -> (f64, f64) {
        match self {
            Self::Slides | Self::Handout => (960.0, 540.0),
            Self::Paper => (544.0, 340.0),
        }
    }

    pub(super) const fn width(self) -> f64 {
        self.size().0
    }

    pub(super) const fn height(self) -> f64 {
        self.size().1
    }

    /// How wide an SVG says that it is, and in what unit.
    pub(super) const fn outer(self) -> (f64, &'static str) {
        match self {
            Self::Slides => (1280.0, ""),
            Self::Paper => (85.0, "mm"),
            Self::Handout => (160.0, "mm"),
        }
    }

    /// The width of a PNG, and its pixels in a metre when it is meant for print.
    pub(super) const fn pixels(self) -> (u32, Option<u32>) {
        match self {
            Self::Slides => (1280, None),
            // 600 and 300 to the inch
            Self::Paper => (2008, Some(23_622)),
            Self::Handout => (1890, Some(11_811)),
        }
    }

    /// The height of a sheet for so many nominal pixels: a slide has its own, print has room below.
    pub(super) fn height_for(self, wanted: f64) -> f64 {
        match self {
            Self::Slides => self.height(),
            Self::Paper | Self::Handout => wanted.max(self.height()).round(),
        }
    }

    /// Whether title and note stand on the sheet.
    pub(super) const fn has_heading(self) -> bool {
        match self {
            Self::Slides | Self::Handout => true,
            Self::Paper => false,
        }
    }

    /// Where a sheet begins below its heading.
    pub(super) const fn top(self) -> f64 {
        if self.has_heading() { 92.0 } else { 18.0 }
    }

    /// Lines beside each other that can be followed.
    pub(super) const fn most_series(self) -> usize {
        match self {
            Self::Slides | Self::Paper | Self::Handout => 6,
        }
    }

    /// Bars below each other that have room.
    pub(super) const fn most_rows(self) -> usize {
        match self {
            Self::Slides => 10,
            // print grows with them
            Self::Paper | Self::Handout => 20,
        }
    }

    /// The pen of the n-th series.
    pub(super) const fn pen(self, index: usize) -> Pen {
        let index = index % PENS;
        let color = match self {
            Self::Slides | Self::Paper => PALETTE[index],
            Self::Handout => grey(PEN_GREYS[index]),
        };
        Pen { color, dash: DASHES[index], marker: MARKERS[index] }
    }

    /// The fill of the n-th part. Okabe and Ito have no eighth colour for it: that one is grey.
    pub(super) const fn fill(self, index: usize) -> Fill {
        let index = index % FILLS;
        let color = match self {
            Self::Slides | Self::Paper if index < PALETTE.len() => PALETTE[index],
            Self::Slides | Self::Paper => grey(0x99),
            Self::Handout => grey(FILL_GREYS[index]),
        };
        Fill { color, hatch: HATCHES[index] }
    }
}

const fn grey(level: u8) -> Color {
    (level, level, level)
}

/// How light a colour is, from 0 to 255.
pub(super) fn light((red, green, blue): Color) -> u32 {
    (299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000
}

impl Fill {
    /// The colour of its strokes: lighter than a dark area, darker than a light one.
    pub(super) fn stroke(self) -> Color {
        let (red, green, blue) = self.color;
        let (towards, share) = if light(self.color) < 0xa8 { (255, 45) } else { (0, 45) };
        let mix = |level: u8| ((u32::from(level) * (100 - share) + towards * share) / 100) as u8;
        (mix(red), mix(green), mix(blue))
    }
}
