//! `application/x-www-form-urlencoded`.

use super::{Filled, Form, FormError, MAX_FIELDS};

/// A text as a component of a query or path: all but unreserved characters (RFC 3986 2.3) by percent.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}

/// Writes the texts of a form; files are left out.
#[must_use]
pub fn urlencoded(form: &Form) -> String {
    let texts = form.0.iter().filter(|field| field.file.is_none());
    let pairs =
        texts.map(|field| format!("{}={}", encode(&field.name), encode(&String::from_utf8_lossy(&field.content))));
    pairs.collect::<Vec<String>>().join("&")
}

/// Reads a form.
///
/// # Errors
/// A percent sign is not followed by two digits, a text is no UTF-8, or there are too many fields.
pub fn read_urlencoded(content: &[u8]) -> Result<Form, FormError> {
    let mut form = Form::default();
    for pair in content.split(|octet| *octet == b'&').filter(|pair| !pair.is_empty()) {
        let at = pair.iter().position(|octet| *octet == b'=').unwrap_or(pair.len());
        let (name, value) = (decode(&pair[..at])?, decode(pair.get(at + 1..).unwrap_or_default())?);
        if form.0.len() == MAX_FIELDS {
            return Err(FormError::TooMany);
        }
        form.0.push(Filled { name, file: None, content: value.into_bytes() });
    }
    Ok(form)
}

fn decode(text: &[u8]) -> Result<String, FormError> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [octet, tail @ ..] = rest {
        rest = tail;
        match octet {
            b'+' => out.push(b' '),
            b'%' => {
                let [high, low, tail @ ..] = tail else { return Err(FormError::Syntax) };
                let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let (high, low) = digit(*high).zip(digit(*low)).ok_or(FormError::Syntax)?;
                out.push(high << 4 | low);
                rest = tail;
            }
            other => out.push(*other),
        }
    }
    String::from_utf8(out).map_err(|_| FormError::Charset)
}
