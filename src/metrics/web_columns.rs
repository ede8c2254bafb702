//! The columns of the tables about pages and requests of browsers; a part of the list in `columns`.

use super::columns::TableDoc;

/// Requests of browsers.
pub const WEB_REQUESTS: TableDoc = TableDoc {
    name: "web_requests",
    about: "Only when somebody browsed. One row for each thing that a browser wanted for a page, each redirection for \
            itself, sorted by the time from which it was wanted.",
    columns: &[
        ("page", "the page for which it was wanted (see the table web_pages)"),
        ("url", "what"),
        ("method", "the method of the request"),
        ("status", "the status of the answer; empty without one; 200 of a fresh copy"),
        (
            "source",
            "network, validated (a server said that the browser's copy is good), cache (a fresh copy: nobody was asked), nowhere (given up)",
        ),
        ("connection", "the connection of the last attempt (see the table connections)"),
        ("sent_bytes", "octets of the request"),
        ("received_bytes", "octets of the response, its head and the marks of its chunks included"),
        ("wanted_s", "when the browser knew that it wants it"),
        ("sent_s", "when the request was handed to the connection; it may have waited for one"),
        ("began_s", "when the first octet of the response came"),
        ("ended_s", "when all of it was there, or it was given up"),
        ("time_s", "ended_s - wanted_s"),
    ],
};

/// Pages.
pub const WEB_PAGES: TableDoc = TableDoc {
    name: "web_pages",
    about: "Only when somebody browsed. One row for each page that was asked for, sorted by that time.",
    columns: &[
        ("page", "its name: the host and its count of pages"),
        ("host", "the browser's host"),
        ("url", "where it is, after redirections"),
        ("asked_s", "when it was asked for"),
        ("ended_s", "when it and all its objects were there or given up; empty when that never was"),
        ("time_s", "ended_s - asked_s"),
        ("lookup_s", "how long the look-up of its server's name took"),
        ("status", "the status of the page itself; empty without an answer"),
        ("objects", "objects to which it refers, each once"),
        ("missing", "those that could not be had"),
        ("cached", "page and objects that the browser had itself, fresh"),
        ("validated", "page and objects of which a server said that the browser's copy is good"),
        ("connections", "connections that carried answers for it"),
        ("sent_bytes", "octets of the requests"),
        ("received_bytes", "octets of the responses"),
    ],
};
