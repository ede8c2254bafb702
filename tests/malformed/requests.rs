//! Good dialogues of HTTP, from which others are made: requests to a Web server and to webmail, responses, and what an IMAP
//! server says.

use posthaste::base::Streams;

pub(crate) const SITE: [&str; 4] = [
    "GET /index.html HTTP/1.1\r\nHost: kiwi.test\r\nAccept: */*\r\n\r\nHEAD /index.html HTTP/1.1\r\nHost: kiwi.test\r\n\r\n\
     GET /image.png HTTP/1.1\r\nHost: kiwi.test\r\nIf-None-Match: \"a2ee4f5fadd65b81\"\r\n\r\nGET /old HTTP/1.1\r\nHost: kiwi.test\r\nConnection: close\r\n\r\n",
    "PUT /new HTTP/1.1\r\nHost: kiwi.test\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello\r\nGET /new HTTP/1.1\r\nHost: kiwi.test\r\n\r\n\
     DELETE /new HTTP/1.1\r\nHost: kiwi.test\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: kiwi.test\r\n\r\n",
    "PUT /new HTTP/1.1\r\nHost: kiwi.test\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5;a=b\r\nhello\r\n3\r\n\r\nx\r\n0\r\nX: y\r\n\r\n\
     GET http://kiwi.test/index.html?x=%41 HTTP/1.1\r\nHost: other\r\nRange: bytes=0-3\r\n\r\n",
    "GET /index.html HTTP/1.0\r\nConnection: keep-alive\r\n\r\nPOST /index.html HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\na=b\
     GET / HTTP/1.1\r\nHost: kiwi.test\r\nIf-Modified-Since: Mon, 05 Jan 2026 09:00:00 GMT\r\n\r\nTRACE / HTTP/1.0\r\n\r\n",
];

/// `{visit}`, `{session}` and `{token}` stand for what the server draws, `^` for the fields that all requests have.
const WEBMAIL: [&str; 4] = [
    "GET /folder?name=INBOX HTTP/1.1\r\n^\r\nGET /message?folder=INBOX&uid=2 HTTP/1.1\r\n^\r\nGET /headers?folder=INBOX&uid=1 HTTP/1.1\r\n^\r\n\
     GET /part?folder=INBOX&uid=2&place=1 HTTP/1.1\r\n^\r\nGET /raw?folder=INBOX&uid=1 HTTP/1.1\r\n^\r\nGET /folder?name=INBOX&page=1&from=a&subject=%6fne&unseen=1 HTTP/1.1\r\n^\r\n",
    "POST /act HTTP/1.1\r\n^Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 75\r\n\r\n\
     csrf={token}&folder=INBOX&uid=1&uid=2&do=flag&x=\r\n\
     POST /folders HTTP/1.1\r\n^Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n\
     6\r\nname=x\r\n26\r\n&csrf={token}\r\n0\r\n\r\nGET /compose?about=reply&folder=INBOX&uid=2 HTTP/1.1\r\n^\r\n",
    "POST /compose HTTP/1.1\r\n^Content-Type: multipart/form-data; boundary=\"b\"\r\nContent-Length: 449\r\n\r\n\
     --b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--b\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\ncarol@kiwi.test\r\n\
     --b\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\nsend\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhi\r\n.\r\n\
     --b\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nafternoon\r\n\
     --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22\\\".png\"\r\nContent-Type: image/png\r\n\r\n--b-\r\n\r\n--b--\r\nGET / HTTP/1.1\r\n^\r\n",
    "HEAD /style.css HTTP/1.1\r\nHost: kiwi.test\r\n\r\nGET / HTTP/1.1\r\nHost: kiwi.test:80\r\nCookie: a; session.kiwi.test=\"; =\r\n\r\n\
     POST /logout HTTP/1.1\r\n^Origin: http://kiwi.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 37\r\n\r\ncsrf={token}\
     GET /folder HTTP/1.1\r\n^\r\nGET /x HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n",
];

/// How someone logs in: what stands in front of each dialogue.
const LOGIN: &str = "GET /login HTTP/1.1\r\nHost: kiwi.test\r\n\r\nPOST /login HTTP/1.1\r\nHost: kiwi.test\r\nCookie: visit.kiwi.test={visit}\r\n\
     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 62\r\n\r\nuser=bob&password=hungry&csrf={visit}";

/// Webmail's dialogues as they go with what the first visitor is given.
pub(crate) fn webmail() -> Vec<String> {
    let mut draws = Streams::new(1).stream("webmail/sessions");
    let mut draw = || format!("{:016x}{:016x}", draws.next_u64(), draws.next_u64());
    let (visit, session, token) = (draw(), draw(), draw());
    let fields = "Host: kiwi.test\r\nCookie: session.kiwi.test={session}; visit.kiwi.test={visit}\r\n";
    let whole = |text: &&str| {
        let text = format!("{LOGIN}{}", text.replace('^', fields));
        text.replace("{visit}", &visit).replace("{session}", &session).replace("{token}", &token)
    };
    WEBMAIL.iter().map(whole).collect()
}

/// What servers say to a client that asks GET, HEAD, POST and GET.
pub(crate) const RESPONSES: [&str; 3] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 303 See Other\r\nLocation: /\r\n\
     Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nX: y\r\n\r\n",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 304 \r\nETag: \"x\"\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\nto the end",
    "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 500 x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
];

/// Webmail's pages as its client sees them.
pub(crate) const PAGES: [&str; 2] = [
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: visit=v; Path=/\r\nContent-Length: 53\r\n\r\n<body data-page=\"login\"><input name=csrf value=\"v\">\r\n\
     HTTP/1.1 303 See Other\r\nLocation: /folder?name=INBOX\r\nSet-Cookie: session=s\r\nContent-Length: 0\r\n\r\n\
     HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 142\r\n\r\n<body data-page=\"folder\"><table data-validity=7><tr data-uid=\"3\" data-size=12 data-flags=\"\\Seen\"><a>x</a></table><a rel=\"next\" href=\"/folder\">\
     HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<body data-page=\"login\">HTTP/1.1 303 x\r\nLocation: /folder\r\nContent-Length: 0\r\n\r\n\
     HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 25\r\n\r\n<body data-page=\"folder\">HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: 24\r\n\r\n<body data-page=\"login\">HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\
     Content-Length: 25\r\n\r\n<body data-page=\"folder\">HTTP/1.1 303 x\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n",
];

/// What an IMAP server says to its client.
pub(crate) const UNTAGGED: [&str; 2] = [
    "* OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE IDLE LITERAL+ NAMESPACE] x\r\n* CAPABILITY IMAP4rev1 MOVE\r\na1 OK x\r\na2 OK [CAPABILITY IMAP4rev1 IDLE] in\r\n\
     * 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* FLAGS (\\Seen)\r\na3 OK [READ-WRITE] x\r\n\
     * 1 FETCH (UID 3 RFC822.SIZE 12 FLAGS (\\Seen) ENVELOPE (NIL \"x\" ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL NIL {3}\r\n<a>) BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1))\r\n\
     a4 OK x\r\n* 1 FETCH (UID 3 BODY[] {2}\r\nhi)\r\na5 OK x\r\n* SEARCH 3\r\na6 OK x\r\n+ go\r\na7 NO x\r\n* BYE x\r\na8 OK x\r\n",
    "* PREAUTH x\r\na1 BAD x\r\n* BYE\r\n",
];
