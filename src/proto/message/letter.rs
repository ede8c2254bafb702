//! What people write: text, perhaps also as HTML with images in it, and files.
//!
//! A text in ASCII and nothing else stays the plain message that [`Draft`] builds; whatever needs
//! MIME gets it. Alternatives are ordered as RFC 2046 5.1.4 asks, the richest last; images stand
//! with the HTML that shows them (RFC 2387).

use std::sync::Arc;

use super::build::{Draft, plain_head};
use super::encoding::Encoding;
use super::mime::{Cost, Disposition, Labels, Node};

/// A file or an image that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// File name; images may have none.
    pub name: Option<String>,
    /// Media type.
    pub media: String,
    /// The Content-ID of an image, without angle brackets.
    pub id: Option<String>,
    /// Its octets.
    pub content: Arc<[u8]>,
    /// The encoding wished for; none: the shortest.
    pub encoding: Option<Encoding>,
}

/// A message as its author thinks of it.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Its header, and its lines of text.
    pub draft: Draft<'a>,
    /// Lines of HTML, without CRLF.
    pub html: Option<&'a [String]>,
    /// Images that the HTML shows.
    pub images: &'a [Attachment],
    /// Files.
    pub attachments: &'a [Attachment],
    /// The encoding wished for texts; none: the shortest.
    pub encoding: Option<Encoding>,
}

impl Letter<'_> {
    /// One in which nothing is said.
    pub const EMPTY: Self = Self { draft: Draft::EMPTY, html: None, images: &[], attachments: &[], encoding: None };

    /// The octets of the message, and what its parts cost; a message without MIME has none.
    #[must_use]
    pub fn build(&self) -> (Vec<u8>, Vec<Cost>) {
        if self.is_plain() {
            return (self.draft.build(), Vec::new());
        }
        let mut out = Vec::new();
        plain_head(&mut out, &self.draft);
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        let tree = self.tree();
        tree.write(self.draft.message_id, &mut out);
        // A leaf that is all there is may end without a line end; a message may not.
        if !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
        (out, tree.costs())
    }

    /// Whether it needs no MIME.
    fn is_plain(&self) -> bool {
        let texts = self.draft.subject.is_none_or(str::is_ascii) && self.draft.body.iter().all(|line| line.is_ascii());
        texts
            && self.html.is_none()
            && self.images.is_empty()
            && self.attachments.is_empty()
            && self.encoding.is_none_or(|encoding| encoding == Encoding::SevenBit)
    }

    fn tree(&self) -> Node {
        let mut alternatives = Vec::new();
        if !self.draft.body.is_empty() || self.html.is_none() {
            alternatives.push(Node::text("plain", &joined(self.draft.body), self.encoding));
        }
        let images = self.images.iter().map(|image| attached(image, Disposition::Inline));
        if let Some(html) = self.html {
            let html = Node::text("html", &joined(html), self.encoding);
            // RFC 2387 3.1: the type of the part that the others belong to is given.
            let kind = "related; type=text/html";
            alternatives.push(Node::join(kind, std::iter::once(html).chain(images.clone()).collect()));
        }
        let mut parts = vec![Node::join("alternative", alternatives)];
        if self.html.is_none() {
            parts.extend(images);
        }
        parts.extend(self.attachments.iter().map(|file| attached(file, Disposition::Attachment)));
        Node::join("mixed", parts)
    }
}

fn attached(file: &Attachment, disposition: Disposition) -> Node {
    let labels = Labels { disposition: Some(disposition), name: file.name.clone(), id: file.id.clone() };
    Node::leaf(&file.media, labels, &file.content, file.encoding)
}

fn joined(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
}

/// Made-up octets of a file: always the same, and no text in them.
#[must_use]
pub fn made_up(octets: u64) -> Vec<u8> {
    // The constants of splitmix64.
    let word = |n: u64| {
        let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    };
    let length = usize::try_from(octets).unwrap_or(usize::MAX);
    (1..=octets.div_ceil(8)).flat_map(word).take(length).collect()
}
