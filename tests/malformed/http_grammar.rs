//! What HTTP servers may answer (RFC 9112), read here without any of the program's readers: strictly, since nobody who
//! answers has a reason to be lax.

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether it says that it is the last.
    pub(crate) closes: bool,
    pub(crate) head: String,
    pub(crate) content: Vec<u8>,
}

impl Reply {
    /// The value of a field that stands there once at most.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.head.split("\r\n").skip(1).filter_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then_some(value.trim_matches([' ', '\t']))
        });
        let first = found.next();
        assert!(found.next().is_none(), "{name} twice: {}", self.head);
        first
    }
}

fn position(octets: &[u8], what: &[u8]) -> Option<usize> {
    octets.windows(what.len()).position(|part| part == what)
}

/// A head, up to and without its empty line.
fn head(octets: &[u8]) -> Reply {
    let head: String = octets.iter().copied().map(char::from).collect();
    let mut lines = head.split("\r\n");
    let start = lines.next().unwrap_or_default();
    let text = |text: &str| text.chars().all(|c| c == '\t' || !c.is_ascii_control());
    // status-line = HTTP-version SP status-code SP [ reason-phrase ]
    let rest = start.strip_prefix("HTTP/1.1 ").or(start.strip_prefix("HTTP/1.0 "));
    let (code, reason) = rest.and_then(|rest| rest.split_at_checked(3)).unwrap_or_else(|| panic!("{start:?}"));
    assert!(code.bytes().all(|b| b.is_ascii_digit()) && reason.starts_with(' ') && text(reason), "{start:?}");
    for line in lines {
        // field-line = field-name ":" OWS field-value OWS
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no field: {line:?}"));
        let good = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        assert!(!name.is_empty() && name.bytes().all(good) && text(value), "{line:?}");
    }
    let mut reply = Reply { status: code.parse().unwrap(), closes: false, head, content: Vec::new() };
    reply.closes = reply.field("Connection").is_some_and(|option| option.eq_ignore_ascii_case("close"));
    reply.closes |= reply.head.starts_with("HTTP/1.0") && reply.field("Connection").is_none();
    reply
}

/// Takes a content in chunks from octets.
fn chunks(octets: &mut &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let end = position(octets, b"\r\n").expect("the line of a chunk");
        let digits = std::str::from_utf8(&octets[..end]).expect("a size");
        let size = usize::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("{digits:?}"));
        let (chunk, rest) = octets[end + 2..].split_at_checked(size).expect("a whole chunk");
        content.extend_from_slice(chunk);
        *octets = rest.strip_prefix(b"\r\n").expect("the end of a chunk");
        if size == 0 {
            return content;
        }
    }
}

/// All that a server says on a connection. Whether a content is left out, because HEAD was asked, shows where the next
/// response begins; `heads` tells whether it may have been.
pub(crate) fn replies(mut said: &[u8], heads: bool) -> Vec<Reply> {
    let mut replies: Vec<Reply> = Vec::new();
    while !said.is_empty() {
        let here = said;
        let told = || here[..here.len().min(2_000)].escape_ascii().to_string();
        assert!(replies.last().is_none_or(|last| !last.closes), "something behind the last response: {}", told());
        let end = position(said, b"\r\n\r\n").unwrap_or_else(|| panic!("a head without an end: {}", told()));
        let mut reply = head(&said[..end]);
        let told = told();
        said = &said[end + 4..];
        let length = reply.field("Content-Length").map(str::to_owned);
        let coding = reply.field("Transfer-Encoding").map(str::to_owned);
        let bare = matches!(reply.status, 100..200 | 204 | 304);
        let headless = heads && (said.is_empty() || said.starts_with(b"HTTP/1."));
        match (length, coding) {
            // RFC 9112 6.1 and 6.2, RFC 9110 8.6.
            (length, coding) if bare => {
                assert!(coding.is_none() && (length.is_none() || reply.status == 304), "{told}");
            }
            (Some(length), None) => {
                assert!(length.bytes().all(|b| b.is_ascii_digit()), "{told}");
                let length = if headless { 0 } else { length.parse().expect("a length") };
                let (content, rest) = said.split_at_checked(length).unwrap_or_else(|| panic!("short: {told}"));
                reply.content = content.to_vec();
                said = rest;
            }
            (None, Some(coding)) => {
                assert_eq!(coding, "chunked", "{told}");
                reply.content = if headless { Vec::new() } else { chunks(&mut said) };
            }
            (None, None) | (Some(_), Some(_)) => panic!("where does it end? {told}"),
        }
        replies.push(reply);
    }
    // RFC 9110 15.2: a response proper follows, unless the connection ends first.
    assert!(replies.iter().all(|reply| reply.status >= 200 || reply.status == 100));
    replies
}
