//! What a request asks for: something to be shown, or something to be done. Nothing else is understood.
//!
//! Whatever changes anything is a POST with a form (RFC 9110 9.2.1: GET is safe), but for one thing: a message that is shown
//! is marked as read.

use crate::proto::http::form::{Form, FormError, read_urlencoded};
use crate::proto::http::{Method, Request};
use crate::proto::mailbox::{About, Criteria};

/// A message in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) folder: String,
    pub(super) uid: u32,
}

/// Something to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Where everybody begins.
    Start,
    Login,
    Style,
    Folder {
        folder: String,
        page: usize,
        criteria: Criteria,
    },
    Message(Place),
    Headers(Place),
    Raw(Place),
    Part(Place, String),
    Compose(Source),
}

/// What a message that is written comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Source {
    #[default]
    Nothing,
    About(Place, About),
    Draft(Place),
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Login { user: String, password: String },
    Logout,
    Act { folder: String, uids: Vec<u32>, act: Act },
    Create { name: String },
    Submit(Box<Submitted>),
}

/// What is done to messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Seen(bool),
    Flagged(bool),
    Answered(bool),
    Deleted(bool),
    Draft(bool),
    Delete,
    Move(String),
}

/// A form of a message that was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Submitted {
    pub(super) to: String,
    pub(super) cc: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) source: Source,
    /// Places of parts of the source that go along.
    pub(super) keep: Vec<String>,
    /// Names, media types, contents.
    pub(super) files: Vec<(String, String, Vec<u8>)>,
    /// Whether it is only to be kept among the drafts.
    pub(super) draft: bool,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Show(View),
    /// With the token of the form.
    Do(Deed, String),
}

/// Why it asks for nothing that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no such page.
    NotFound,
    /// The page is there, for these methods.
    Method(&'static str),
    /// The form cannot be read.
    Form(FormError),
    /// A field is missing or says nothing that can be understood.
    Field(&'static str),
}

/// Understands a request.
pub(super) fn asked(request: &Request) -> Result<Asked, Fault> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let posted = match request.method {
        Method::Get | Method::Head => false,
        Method::Post => true,
        Method::Put | Method::Delete | Method::Options | Method::Other(_) => return Err(unsupported(path)),
    };
    if posted {
        let media = request.fields.first("Content-Type").unwrap_or_default();
        let form = || Form::read(media, &request.content).map_err(Fault::Form);
        let deed = match path {
            "/login" => login(&form()?)?,
            "/logout" => (Deed::Logout, token(&form()?)?),
            "/act" => act(&form()?)?,
            "/folders" => {
                let form = form()?;
                (Deed::Create { name: text(&form, "name")?.trim().to_owned() }, token(&form)?)
            }
            "/compose" => submitted(form()?)?,
            _ => return Err(unsupported(path)),
        };
        return Ok(Asked::Do(deed.0, deed.1));
    }
    let query = read_urlencoded(query.as_bytes()).map_err(Fault::Form)?;
    Ok(Asked::Show(match path {
        "/" => View::Start,
        "/login" => View::Login,
        "/style.css" => View::Style,
        "/folder" => View::Folder { folder: text(&query, "name")?, page: page(&query)?, criteria: criteria(&query) },
        "/message" => View::Message(place(&query)?),
        "/headers" => View::Headers(place(&query)?),
        "/raw" => View::Raw(place(&query)?),
        "/part" => View::Part(place(&query)?, text(&query, "place")?),
        "/compose" => View::Compose(source(&query)?),
        _ => return Err(unsupported(path)),
    }))
}

fn unsupported(path: &str) -> Fault {
    match path {
        "/" | "/style.css" | "/folder" | "/message" | "/headers" | "/raw" | "/part" => Fault::Method("GET, HEAD"),
        "/login" | "/compose" => Fault::Method("GET, HEAD, POST"),
        "/logout" | "/act" | "/folders" => Fault::Method("POST"),
        _ => Fault::NotFound,
    }
}

fn text(form: &Form, name: &'static str) -> Result<String, Fault> {
    form.text(name).map(str::to_owned).ok_or(Fault::Field(name))
}

fn token(form: &Form) -> Result<String, Fault> {
    text(form, "csrf")
}

fn number(text: &str, name: &'static str) -> Result<u32, Fault> {
    text.parse().map_err(|_| Fault::Field(name))
}

fn place(form: &Form) -> Result<Place, Fault> {
    Ok(Place { folder: text(form, "folder")?, uid: number(&text(form, "uid")?, "uid")? })
}

fn page(form: &Form) -> Result<usize, Fault> {
    form.text("page").map_or(Ok(1), |page| page.parse().ok().filter(|page| *page > 0).ok_or(Fault::Field("page")))
}

fn criteria(form: &Form) -> Criteria {
    let given = |name| form.text(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    Criteria { from: given("from"), subject: given("subject"), text: given("text"), unseen: given("unseen").is_some() }
}

/// By which name a query says how a message is about another.
pub(super) const fn about_name(about: About) -> &'static str {
    match about {
        About::Reply => "reply",
        About::ReplyAll => "reply-all",
        About::Forward => "forward",
    }
}

fn source(form: &Form) -> Result<Source, Fault> {
    match form.text("about") {
        None | Some("") => Ok(Source::Nothing),
        Some("draft") => Ok(Source::Draft(place(form)?)),
        Some(name) => {
            let known = [About::Reply, About::ReplyAll, About::Forward].into_iter();
            let about = known.into_iter().find(|about| about_name(*about) == name).ok_or(Fault::Field("about"))?;
            Ok(Source::About(place(form)?, about))
        }
    }
}

fn login(form: &Form) -> Result<(Deed, String), Fault> {
    Ok((Deed::Login { user: text(form, "user")?, password: text(form, "password")? }, token(form)?))
}

fn act(form: &Form) -> Result<(Deed, String), Fault> {
    let uids: Result<Vec<u32>, Fault> = form.texts("uid").map(|uid| number(uid, "uid")).collect();
    let mut uids = uids?;
    uids.sort_unstable();
    uids.dedup();
    let act = match form.text("do").ok_or(Fault::Field("do"))? {
        "seen" => Act::Seen(true),
        "unseen" => Act::Seen(false),
        "flag" => Act::Flagged(true),
        "unflag" => Act::Flagged(false),
        "answered" => Act::Answered(true),
        "unanswered" => Act::Answered(false),
        "mark-deleted" => Act::Deleted(true),
        "unmark-deleted" => Act::Deleted(false),
        "mark-draft" => Act::Draft(true),
        "unmark-draft" => Act::Draft(false),
        "delete" => Act::Delete,
        "move" => Act::Move(text(form, "to")?),
        _ => return Err(Fault::Field("do")),
    };
    Ok((Deed::Act { folder: text(form, "folder")?, uids, act }, token(form)?))
}

fn submitted(form: Form) -> Result<(Deed, String), Fault> {
    let given = |name| form.text(name).unwrap_or_default().to_owned();
    let draft = match form.text("do") {
        Some("save") => true,
        Some("send") => false,
        _ => return Err(Fault::Field("do")),
    };
    let submitted = Submitted {
        to: given("to"),
        cc: given("cc"),
        subject: given("subject"),
        text: given("text"),
        source: source(&form)?,
        keep: form.texts("keep").map(str::to_owned).collect(),
        files: form
            .files("file")
            .map(|(file, content)| (file.name.clone(), file.media.clone(), content.to_vec()))
            .collect(),
        draft,
    };
    Ok((Deed::Submit(Box::new(submitted)), token(&form)?))
}
