//! What forms of HTML carry: `application/x-www-form-urlencoded`, as in a target's query, and
//! `multipart/form-data` (RFC 7578), written and read.
//!
//! Reading is strict, since a form is made by a program: what is cut off, encoded wrongly or is no
//! UTF-8 is an error as a whole. Left out: charsets other than UTF-8, transfer encodings of parts
//! (RFC 7578 4.7 deprecates them), parts of parts.

mod multipart;
#[cfg(test)]
mod tests;
mod urlencoded;

use thiserror::Error;

pub use multipart::{boundary_of, multipart, read_multipart};
pub use urlencoded::{encode, read_urlencoded, urlencoded};

/// Fields of one form; no page of ours has nearly as many.
pub const MAX_FIELDS: usize = 1_000;

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FormError {
    /// The media type is none of a form, or has no usable boundary.
    #[error("this is no form")]
    Media,
    /// It is not written as its media type says.
    #[error("the form is not written properly")]
    Syntax,
    /// A text is no UTF-8.
    #[error("the form is not in UTF-8")]
    Charset,
    /// There are more fields than any page has.
    #[error("the form has too many fields")]
    TooMany,
}

/// A file that was chosen for a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name as the client gives it: anything.
    pub name: String,
    /// Its media type as the client gives it.
    pub media: String,
}

/// A field that is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The name of the field.
    pub name: String,
    /// If it is a file, which.
    pub file: Option<File>,
    /// The text, in UTF-8, or the octets of the file.
    pub content: Vec<u8>,
}

/// A form that is filled in, its fields in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(pub Vec<Filled>);

impl Form {
    /// Reads the content of a request by its Content-Type.
    ///
    /// # Errors
    /// It is no form, or not a proper one.
    pub fn read(media: &str, content: &[u8]) -> Result<Self, FormError> {
        let kind = media.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return read_urlencoded(content);
        }
        let boundary = boundary_of(media).ok_or(FormError::Media)?;
        read_multipart(&boundary, content)
    }

    /// The text of the first field of that name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|field| field.name == name && field.file.is_none())?;
        std::str::from_utf8(&field.content).ok()
    }

    /// The texts of all fields of that name.
    pub fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fields = self.0.iter().filter(move |field| field.name == name && field.file.is_none());
        fields.filter_map(|field| std::str::from_utf8(&field.content).ok())
    }

    /// The files of a field. One that nobody chose has no name and no octets.
    pub fn files<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a File, &'a [u8])> {
        let fields = self.0.iter().filter(move |field| field.name == name);
        let files = fields.filter_map(|field| field.file.as_ref().map(|file| (file, field.content.as_slice())));
        files.filter(|(file, content)| !file.name.is_empty() || !content.is_empty())
    }

    /// Adds a text.
    #[must_use]
    pub fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        self.0.push(Filled { name: name.to_owned(), file: None, content: text.into().into_bytes() });
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn with_file(mut self, name: &str, file: File, content: Vec<u8>) -> Self {
        self.0.push(Filled { name: name.to_owned(), file: Some(file), content });
        self
    }
}
