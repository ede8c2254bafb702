//! Forms written and read, and damaged ones.

use proptest::prelude::*;

use super::*;

fn sample() -> Form {
    Form::default()
        .with("to", "alice@crepes.fr")
        .with("text", "Grüße,\r\n--boundary\r\n\"quoted\" & more=1")
        .with("empty", "")
        .with_file("file", File { name: "a \"b\"\r\nc.bin".into(), media: "image/png".into() }, vec![0, 13, 10, 255])
}

#[test]
fn forms_come_back_as_they_were() {
    let form = sample();
    let (media, content) = multipart(&form);
    assert_eq!(Form::read(&media, &content).unwrap(), form);
    let texts = Form(form.0.into_iter().filter(|field| field.file.is_none()).collect());
    let written = urlencoded(&texts);
    assert!(written.starts_with("to=alice%40crepes.fr&text=Gr%C3%BC%C3%9Fe%2C%0D%0A"));
    assert_eq!(Form::read("application/x-www-form-urlencoded; charset=UTF-8", written.as_bytes()).unwrap(), texts);
    assert_eq!(texts.text("empty"), Some(""));
    assert_eq!(texts.text("none"), None);
}

#[test]
fn what_a_browser_sends_is_read() {
    let content = b"------WebKitFormBoundary7MA\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nHello\r\n\
        ------WebKitFormBoundary7MA\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\r\n------WebKitFormBoundary7MA--\r\n";
    let form = Form::read("multipart/form-data; boundary=----WebKitFormBoundary7MA", content).unwrap();
    assert_eq!(form.text("subject"), Some("Hello"));
    assert_eq!(form.files("file").count(), 0, "no file was chosen");
}

#[test]
fn a_form_that_is_cut_off_is_none() {
    let (media, content) = multipart(&sample());
    // The last CRLF may be missing, and nothing else.
    for end in 0..content.len() - 2 {
        assert!(Form::read(&media, &content[..end]).is_err(), "cut at {end}");
    }
    assert!(Form::read(&media, &content[..content.len() - 2]).is_ok());
    assert_eq!(Form::read(&media, &[&content[..], b"x"].concat()), Err(FormError::Syntax));
}

#[test]
fn what_is_wrong_is_said() {
    let urlencoded = "application/x-www-form-urlencoded";
    for (media, content, error) in [
        ("text/plain", &b"a=b"[..], FormError::Media),
        ("multipart/form-data", b"--x--", FormError::Media),
        ("multipart/form-data; boundary=\"a\\\"b\"", b"--x--", FormError::Media),
        (urlencoded, b"a=%4", FormError::Syntax),
        (urlencoded, b"a=%zz", FormError::Syntax),
        (urlencoded, b"a=%ff", FormError::Charset),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n\r\n--x--",
            FormError::Syntax,
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: text/plain\r\n\r\n\r\n--x--", FormError::Syntax),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--x--",
            FormError::Charset,
        ),
    ] {
        assert_eq!(Form::read(media, content), Err(error), "{media} {}", String::from_utf8_lossy(content));
    }
    assert_eq!(read_urlencoded("a&".repeat(MAX_FIELDS + 1).as_bytes()), Err(FormError::TooMany));
    assert_eq!(read_urlencoded("a&".repeat(MAX_FIELDS).as_bytes()).unwrap().0.len(), MAX_FIELDS);
}

fn any_field() -> impl Strategy<Value = Filled> {
    let file = proptest::option::of(("[^%\0]{0,12}", "[a-z]{1,5}/[a-z]{1,5}"));
    ("[^%\0]{0,8}", file, proptest::collection::vec(any::<u8>(), 0..40), any::<String>()).prop_map(
        |(name, file, octets, text)| Filled {
            name,
            content: if file.is_some() { octets } else { text.into_bytes() },
            file: file.map(|(name, media)| File { name, media }),
        },
    )
}

proptest! {
    #[test]
    fn any_form_comes_back(fields in proptest::collection::vec(any_field(), 0..6)) {
        let form = Form(fields);
        let (media, content) = multipart(&form);
        if !form.0.is_empty() {
            prop_assert_eq!(Form::read(&media, &content).unwrap(), form.clone());
        }
        let texts = Form(form.0.into_iter().filter(|field| field.file.is_none()).collect());
        prop_assert_eq!(read_urlencoded(urlencoded(&texts).as_bytes()).unwrap(), texts);
    }

    #[test]
    fn nothing_panics(octets in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let _ = read_urlencoded(&octets);
        let _ = read_multipart("x", &[b"--x\r\n", &octets[..]].concat());
        let _ = boundary_of(&String::from_utf8_lossy(&octets));
        let (media, mut content) = multipart(&sample());
        let at = at.index(content.len());
        content.splice(at..at, octets);
        let _ = Form::read(&media, &content);
    }
}
