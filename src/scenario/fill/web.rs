//! What is not said of sites and browsers.

use crate::base::SimDuration;
use crate::scenario::schema::{BrowserWays, Duration, HttpVersionName, Scenario};

/// The media type that a path's ending stands for.
fn media_of(path: &str) -> Option<&'static str> {
    let file = path.rsplit('/').next().unwrap_or_default();
    let (_, ending) = file.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "js" => "text/javascript",
        "txt" => "text/plain",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    })
}

/// Sites.
pub(super) fn fill_sites(scenario: &mut Scenario) {
    for site in scenario.web.values_mut() {
        let http = *site.http.get_or_insert_default();
        site.persistent.get_or_insert(http == HttpVersionName::Http11);
        site.keep_alive.get_or_insert(Duration(SimDuration::from_secs(15)));
        site.writable.get_or_insert(false);
        for (path, page) in &mut site.pages {
            if page.moved_to.is_some() {
                page.status.get_or_insert(301);
                continue;
            }
            page.media.get_or_insert_with(|| media_of(path).unwrap_or("text/html").to_owned());
            for object in &mut page.objects {
                object.count.get_or_insert(1);
                if object.size.is_some() {
                    let media = object.path.as_deref().and_then(media_of).unwrap_or("image/jpeg");
                    object.media.get_or_insert_with(|| media.to_owned());
                }
            }
        }
    }
}

/// The browser of an entry of the workload.
pub(super) fn fill_browser(browser: &mut BrowserWays) {
    let http = *browser.http.get_or_insert_default();
    browser.persistent.get_or_insert(http == HttpVersionName::Http11);
    browser.parallel.get_or_insert(1);
    browser.pipelining.get_or_insert(1);
    browser.cache.get_or_insert(true);
}
