//! `multipart/form-data` (RFC 7578).

use memchr::memmem;

use super::{File, Filled, Form, FormError, MAX_FIELDS};
use crate::proto::message::read::media::Media;

/// The header of a part, which has two or three short fields.
const MAX_HEADER: usize = 8 << 10;

/// The boundary in a Content-Type of `multipart/form-data`.
#[must_use]
pub fn boundary_of(media: &str) -> Option<String> {
    let media = Media::parse(media.as_bytes()).filter(|media| media.is(b"multipart", Some(b"form-data")))?;
    let boundary = std::str::from_utf8(media.parameter(b"boundary")?).ok()?;
    // RFC 2046 5.1.1: 1 to 70 characters of a set that needs no care.
    let plain = |c: char| c.is_ascii_alphanumeric() || "'()+_,-./:=? ".contains(c);
    let fits = (1..=70).contains(&boundary.len()) && boundary.chars().all(plain) && !boundary.ends_with(' ');
    fits.then(|| boundary.to_owned())
}

/// Writes a form: its Content-Type and its octets. The same form gives the same boundary.
#[must_use]
pub fn multipart(form: &Form) -> (String, Vec<u8>) {
    let boundary = free_boundary(form);
    let mut out = Vec::new();
    for field in &form.0 {
        out.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(&field.name)).as_bytes(),
        );
        if let Some(File { name, media }) = &field.file {
            let media: String = media.chars().filter(|c| !c.is_control()).collect();
            let media = if media.is_empty() { "application/octet-stream" } else { &media };
            out.extend_from_slice(format!("; filename=\"{}\"\r\nContent-Type: {media}", quoted(name)).as_bytes());
        }
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&field.content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), out)
}

fn free_boundary(form: &Form) -> String {
    let mut number = 0_u64;
    loop {
        let boundary = format!("----posthaste-form-{number}");
        if form.0.iter().all(|field| memmem::find(&field.content, boundary.as_bytes()).is_none()) {
            return boundary;
        }
        number += 1;
    }
}

/// A name as browsers write it: what would end the quotes or the line by percent (RFC 7578 2).
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

fn unquoted(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0d", "\r").replace("%0A", "\n").replace("%0a", "\n")
}

/// Reads a form.
///
/// # Errors
/// It does not begin with the boundary, is cut off, has a part without a name, text that is no UTF-8 or
/// too many parts.
pub fn read_multipart(boundary: &str, content: &[u8]) -> Result<Form, FormError> {
    let mut form = Form::default();
    let first = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = content.strip_prefix(first.as_bytes()).ok_or(FormError::Syntax)?;
    loop {
        match rest {
            [b'-', b'-'] | [b'-', b'-', b'\r', b'\n'] => return Ok(form),
            [b'\r', b'\n', part @ ..] => {
                if form.0.len() == MAX_FIELDS {
                    return Err(FormError::TooMany);
                }
                let head = memmem::find(&part[..part.len().min(MAX_HEADER)], b"\r\n\r\n").ok_or(FormError::Syntax)?;
                let body = &part[head + 4..];
                // A part without octets ends with the line end of its header's empty line.
                let end = memmem::find(body, delimiter.as_bytes()).ok_or(FormError::Syntax)?;
                form.0.push(filled(&part[..head], &body[..end])?);
                rest = &body[end + delimiter.len()..];
            }
            _ => return Err(FormError::Syntax),
        }
    }
}

fn filled(head: &[u8], content: &[u8]) -> Result<Filled, FormError> {
    let head = std::str::from_utf8(head).map_err(|_| FormError::Charset)?;
    let (mut named, mut media) = (None, None);
    for line in head.split("\r\n") {
        // A field that is folded, or no field, is not what a browser sends.
        let (name, value) = line.split_once(':').ok_or(FormError::Syntax)?;
        if name.starts_with([' ', '\t']) || line.contains(['\r', '\n', '\0']) {
            return Err(FormError::Syntax);
        }
        if name.eq_ignore_ascii_case("content-disposition") {
            if named.is_some() {
                return Err(FormError::Syntax);
            }
            named = Some(disposition(value.trim())?);
        } else if name.eq_ignore_ascii_case("content-type") {
            media = Some(value.trim().to_owned());
        }
    }
    let (name, file) = named.ok_or(FormError::Syntax)?;
    if file.is_none() && std::str::from_utf8(content).is_err() {
        return Err(FormError::Charset);
    }
    let media = media.unwrap_or_else(|| "text/plain".to_owned());
    Ok(Filled { name, file: file.map(|name| File { name, media }), content: content.to_vec() })
}

/// The name of the field, and that of the file.
fn disposition(value: &str) -> Result<(String, Option<String>), FormError> {
    let mut rest = value.get(..9).filter(|kind| kind.eq_ignore_ascii_case("form-data")).map(|_| &value[9..]);
    let (mut field, mut file) = (None, None);
    while let Some(parameter) = rest.take() {
        let parameter = parameter.trim_start();
        if parameter.is_empty() {
            return field.map(|field| (field, file)).ok_or(FormError::Syntax);
        }
        let parameter = parameter.strip_prefix(';').ok_or(FormError::Syntax)?.trim_start();
        let (name, value) = parameter.split_once('=').ok_or(FormError::Syntax)?;
        let (value, behind) = match value.strip_prefix('"') {
            // Browsers escape nothing by a backslash: it is a character of the name.
            Some(value) => value.split_once('"').ok_or(FormError::Syntax)?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        let known = match name.trim_end().to_ascii_lowercase().as_str() {
            "name" => Some(&mut field),
            "filename" => Some(&mut file),
            _ => None,
        };
        if let Some(known) = known
            && known.replace(unquoted(value)).is_some()
        {
            return Err(FormError::Syntax);
        }
        rest = Some(behind);
    }
    Err(FormError::Syntax)
}
