//! One entry of a site's `pages`: the file itself, and the objects that come with it.

use crate::base::HostId;
use crate::proto::http::{Body, Resource};
use crate::scenario::check::Context;
use crate::scenario::problem::Path;
use crate::scenario::resolved::host_index;
use crate::scenario::schema::{WebObject, WebPage};

use super::{check_path, moved, octets, resource};

/// So many objects may a page have.
const MAX_OBJECTS: u64 = 10_000;

/// A file: its host if that is another one's, its path, and what it is.
type File = (Option<HostId>, String, Resource);

/// The files that an entry stands for.
pub(super) fn read(cx: &mut Context<'_>, here: Path<'_>, named: (&str, &str, &WebPage)) -> Vec<File> {
    let (_, path, page) = named;
    if let Some(to) = &page.moved_to {
        return moved(cx, here, named, to).map(|resource| (None, path.to_owned(), resource)).into_iter().collect();
    }
    if page.status.is_some() {
        cx.problems.at(here.key("status"), "a status belongs to \"moved_to\"");
    }
    let media = page.media.as_deref().unwrap_or("text/html");
    let html = media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("text/html"));
    if !html && !page.objects.is_empty() {
        cx.problems.at(here.key("objects"), "only a page of the type text/html refers to objects");
        return Vec::new();
    }
    let size = page.size.map(|size| octets(cx, here.key("size"), size));
    let (mut files, mut tags) = (Vec::new(), Vec::new());
    for (index, object) in page.objects.iter().enumerate() {
        let list = here.key("objects");
        read_objects(cx, list.index(index), named, object, (&mut files, &mut tags));
    }
    let lines = page.text.as_ref().map_or(&[][..], |text| text.items.as_slice());
    let body = if html {
        let text = page_text(path, lines, &tags);
        match size {
            Some(size) if size < text.len() + FILLER.len() && size != text.len() => {
                let needed = text.len() + FILLER.len();
                cx.problems.at(
                    here.key("size"),
                    format!("with its references and text this page has at least {needed} octets"),
                );
                return Vec::new();
            }
            size => Body::Octets(filled(text, size).into_bytes().into()),
        }
    } else if lines.is_empty() {
        Body::Made(size.unwrap_or(0))
    } else {
        if size.is_some() {
            cx.problems.at(here.key("size"), "give either `text` or `size`");
        }
        Body::Octets(lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect())
    };
    let own = resource(cx, here, media, body, (page.max_age, page.changes));
    files.push((None, path.to_owned(), own));
    files
}

/// Adds the files and the tags of one entry of `objects`.
fn read_objects(
    cx: &mut Context<'_>,
    here: Path<'_>,
    (name, path, _): (&str, &str, &WebPage),
    object: &WebObject,
    (files, tags): (&mut Vec<File>, &mut Vec<String>),
) {
    let sites = &cx.scenario.web;
    let host = object.host.as_deref().unwrap_or(name);
    let Some(site) = sites.get(host) else {
        cx.problems.unknown(here.key("host"), "Web server", host, sites.keys().map(String::as_str));
        return;
    };
    let count = object.count.unwrap_or(1);
    if count == 0 || u64::from(count) + tags.len() as u64 > MAX_OBJECTS {
        cx.problems
            .at(here.key("count"), format!("a page has at most {MAX_OBJECTS} objects, and an entry at least one"));
        return;
    }
    let listed = object.path.as_ref().and_then(|path| site.pages.get(path));
    let media = match (&object.path, listed, object.size) {
        // what is elsewhere may be any image
        (Some(_), Some(file), None) => file.media.clone().unwrap_or_else(|| "image/jpeg".to_owned()),
        (Some(path), None, None) => {
            let help = "give its `size`, or list it in `pages`";
            let known = site.pages.keys().map(String::as_str);
            return cx.problems.unknown_else(here.key("path"), "file of that server", path, known, Some(help));
        }
        (None, _, None) => return cx.problems.at(here, "give the `size` of the objects, or the `path` of a file"),
        (Some(_), Some(_), Some(_)) => {
            return cx.problems.at(here.key("path"), "this file is listed in `pages` and made here");
        }
        (None, _, Some(_)) | (Some(_), None, Some(_)) => object.media.clone().unwrap_or_default(),
    };
    if count > 1 && object.path.is_some() {
        return cx.problems.at(here.key("count"), "a file with a path of its own is one object");
    }
    let reference = |path: &str| if host == name { path.to_owned() } else { format!("http://{host}{path}") };
    for _ in 0..count {
        let path = object.path.clone().unwrap_or_else(|| made_path(path, tags.len() + 1, &media));
        let Some(tag) = tag(&reference(&path), &media) else {
            cx.problems.at(here, "the objects of a page are images, style sheets and scripts");
            return;
        };
        tags.push(tag);
        if let Some(size) = object.size {
            check_path(cx, here.key("path"), &path);
            let size = octets(cx, here.key("size"), size);
            let resource = resource(cx, here, &media, Body::Made(size), (object.max_age, object.changes));
            files.push((host_index(cx.hosts, host), path, resource));
        }
    }
}

/// `/index.html` has `/index-1.jpg`.
fn made_path(page: &str, number: usize, media: &str) -> String {
    let stem = match page.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') => stem,
        Some(_) | None => page,
    };
    let ending = match media {
        "text/css" => "css",
        "text/javascript" => "js",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/svg+xml" => "svg",
        _ => "jpg",
    };
    format!("{stem}-{number}.{ending}")
}

fn tag(reference: &str, media: &str) -> Option<String> {
    match media {
        "text/css" => Some(format!("<link rel=\"stylesheet\" href=\"{reference}\">")),
        "text/javascript" => Some(format!("<script src=\"{reference}\"></script>")),
        _ if media.starts_with("image/") => Some(format!("<img src=\"{reference}\" alt=\"\">")),
        _ => None,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Around what fills a page up.
const FILLER: &str = "<p></p>";
const END: &str = "</body>\n</html>\n";

/// A page with these lines and references, as short as it can be.
fn page_text(path: &str, lines: &[String], tags: &[String]) -> String {
    let head = format!("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>{}</title>\n", escape(path));
    let (images, others): (Vec<&String>, Vec<&String>) = tags.iter().partition(|tag| tag.starts_with("<img"));
    let mut page = head;
    others.iter().for_each(|tag| page.extend([tag.as_str(), "\n"]));
    page.push_str("</head>\n<body>\n");
    lines.iter().for_each(|line| page.extend(["<p>", &escape(line), "</p>\n"]));
    images.iter().for_each(|tag| page.extend([tag.as_str(), "\n"]));
    page.push_str(END);
    page
}

/// The page with that size.
fn filled(page: String, size: Option<usize>) -> String {
    const WORDS: &str = "Do you like ketchup? How about pickles?\n";
    let Some(room) = size.and_then(|size| size.checked_sub(page.len() + FILLER.len())) else { return page };
    let body = page.len() - END.len();
    let words: String = WORDS.chars().cycle().take(room).collect();
    format!("{}<p>{words}</p>{END}", &page[..body])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a page had another size than was said.
    #[test]
    fn pages_have_their_size() {
        let page = page_text("/a&b.html", &["x < y".to_owned()], &["<img src=\"/i.png\" alt=\"\">".to_owned()]);
        assert!(page.contains("<title>/a&amp;b.html</title>") && page.contains("<p>x &lt; y</p>\n<img"));
        let least = page.len() + FILLER.len();
        for size in [least, least + 1, 1000, 12_345] {
            assert_eq!(filled(page.clone(), Some(size)).len(), size);
        }
        assert_eq!(filled(page.clone(), None), page);
        assert_eq!(made_path("/a.b/page", 3, "image/jpeg"), "/a.b/page-3.jpg");
    }
}
