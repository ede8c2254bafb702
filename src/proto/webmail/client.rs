//! The client: the tasks of a person turned into requests for pages and forms, and the pages into answers.
//!
//! ```text
//!  Entering (GET /login, the style sheet, POST /login) --> Idle --a task--> its requests, one after the other --> Idle
//! ```
//!
//! A redirection is followed at once, as browsers do; the list that is shown after logging in serves for the
//! first task that asks for it. Cookies, and the style sheet, are kept over connections: when the server has closed one, the
//! next request wants another ([`MailboxClient::wants_connection`]). When the server has forgotten the login, the person
//! logs in again and asks for the page again (`expired`). Left out: requests side by side, scripts, all of
//! showing a page.

mod expired;
mod tasks;

use std::collections::VecDeque;

use super::page::Page;
use crate::base::{SimDuration, SimTime};
use crate::proto::http::client::{Client as Http, ClientEvent, End, Manner};
use crate::proto::http::cookie::Jar;
use crate::proto::http::form::{Form, encode, urlencoded};
use crate::proto::http::{Method, Request, Response};
use crate::proto::mailbox::{Done, Handle, MailboxClient, MailboxEvent, Part, Summary, Task, Writing};
use crate::proto::session::{Input, Output, Session};

/// A person who waits for news looks again so often.
const REFRESH: SimDuration = SimDuration::from_secs(60);
/// Redirections in a row that are followed (RFC 9110 15.4 asks for an end).
const MAX_REDIRECTIONS: u32 = 5;

/// What the present requests are for.
#[derive(Clone, Debug)]
enum Doing {
    /// Nothing was asked yet.
    Waiting,
    /// The page where one logs in.
    Entering,
    Style {
        login: Box<Page>,
    },
    LoggingIn,
    Idle,
    Listing {
        behind: Option<Handle>,
        found: Vec<Summary>,
    },
    Opening {
        message: Handle,
        part: Part,
    },
    Acting,
    Searching {
        found: Vec<Handle>,
    },
    Watching {
        until: SimTime,
    },
    Composing(Box<Writing>),
    Submitting {
        draft: bool,
    },
    Leaving,
    Over,
}

/// How often a page is asked for over another connection when the one before was closed in between.
const MAX_RETRIES: u32 = 2;

fn is_safe(request: &Request) -> bool {
    request.method == Method::Get
}

/// The client.
#[derive(Clone, Debug)]
pub struct Client {
    host: String,
    user: String,
    password: String,
    http: Http,
    /// Whether a connection was there once.
    begun: bool,
    jar: Jar,
    has_style: bool,
    token: String,
    doing: Doing,
    tasks: VecDeque<Task>,
    /// What was asked last and is not answered.
    asked: Option<Request>,
    /// Whether that waits for another connection.
    unsent: bool,
    redirections: u32,
    /// The page that was asked for, wherever that led; none: a form was handed in.
    wanted: Option<String>,
    /// What waits for another login.
    interrupted: Option<Box<expired::Interrupted>>,
    /// Whether the present page was asked for again after that.
    refreshed: bool,
    requests: u64,
    /// The list shown after logging in.
    fresh: Option<Page>,
    folder: String,
    /// The Message-ID of the message that is shown.
    shown: Option<String>,
    /// The newest message seen in the folder.
    newest: u64,
    /// When a person who watches looks again.
    again: SimTime,
    /// How often the present request was sent in vain.
    retries: u32,
    output: VecDeque<Output<MailboxEvent>>,
}

impl Client {
    /// A browser that is to call a host by that name.
    #[must_use]
    pub fn new(host: String, user: String, password: String) -> Self {
        Self {
            host,
            user,
            password,
            http: Http::new(Manner::default()),
            begun: false,
            jar: Jar::default(),
            has_style: false,
            token: String::new(),
            doing: Doing::Waiting,
            tasks: VecDeque::new(),
            asked: None,
            unsent: false,
            redirections: 0,
            wanted: None,
            interrupted: None,
            refreshed: false,
            requests: 0,
            fresh: None,
            folder: "INBOX".to_owned(),
            shown: None,
            newest: 0,
            again: SimTime::NEVER,
            retries: 0,
            output: VecDeque::new(),
        }
    }

    fn request(&mut self, now: SimTime, mut request: Request) {
        if let Some(cookies) = self.jar.field() {
            request.fields = request.fields.with("Cookie", cookies);
        }
        self.requests += 1;
        self.unsent = self.http.is_over();
        self.http.ask(now, &request);
        self.asked = Some(request);
    }

    fn get(&mut self, now: SimTime, target: &str) {
        self.wanted = Some(target.to_owned());
        self.follow(now, target);
    }

    fn follow(&mut self, now: SimTime, target: &str) {
        let request = Request::new(Method::Get, &self.host, target);
        self.request(now, request);
    }

    fn post(&mut self, now: SimTime, target: &str, (media, content): (String, Vec<u8>)) {
        let mut request = Request::new(Method::Post, &self.host, target);
        request.fields = request.fields.with("Content-Type", media).with("Origin", format!("http://{}", self.host));
        request.content = content;
        self.wanted = None;
        self.request(now, request);
    }

    fn post_texts(&mut self, now: SimTime, target: &str, form: Form) {
        let form = form.with("csrf", self.token.clone());
        let media = "application/x-www-form-urlencoded".to_owned();
        self.post(now, target, (media, urlencoded(&form).into_bytes()));
    }

    fn tell(&mut self, event: MailboxEvent) {
        self.output.push_back(Output::Event(event));
    }

    /// Does what the connection brought, and takes what is to be sent over it.
    fn work(&mut self, now: SimTime) {
        while let Some(output) = self.http.poll() {
            match output {
                Output::Transmit(bytes) => self.output.push_back(Output::Transmit(bytes)),
                Output::Close => self.output.push_back(Output::Close),
                Output::Event(ClientEvent::Answered(answer)) => self.answered(now, answer.response),
                Output::Event(ClientEvent::Ended(end)) => self.ended(end),
            }
        }
    }

    fn done(&mut self, done: Done) {
        self.doing = Doing::Idle;
        self.tell(MailboxEvent::Done(done));
    }

    fn fail(&mut self, why: &str) {
        self.doing = Doing::Over;
        self.asked = None;
        self.tasks.clear();
        self.again = SimTime::NEVER;
        self.tell(MailboxEvent::Failed(why.to_owned()));
        self.http.quit();
    }

    /// Begins tasks until one needs an answer.
    fn begin(&mut self, now: SimTime) {
        while matches!(self.doing, Doing::Idle) {
            let Some(task) = self.tasks.pop_front() else { return };
            self.start(now, task);
        }
    }

    /// A response came.
    fn answered(&mut self, now: SimTime, response: Response) {
        (self.asked, self.retries) = (None, 0);
        response.fields.all("Set-Cookie").for_each(|field| self.jar.take(field));
        if matches!(response.status, 301..=303 | 307 | 308) {
            let location =
                response.fields.first("Location").filter(|target| target.starts_with('/')).map(str::to_owned);
            self.redirections += 1;
            return match location.filter(|_| self.redirections <= MAX_REDIRECTIONS) {
                Some(target) => self.follow(now, &target),
                None => self.fail("a redirection that leads nowhere"),
            };
        }
        self.redirections = 0;
        let is_page = response.fields.first("Content-Type").is_some_and(|media| media.starts_with("text/html"));
        let page = if is_page { Page::read(&response.content) } else { Page::default() };
        if let Some(token) = page.token() {
            token.clone_into(&mut self.token);
        }
        if response.status >= 500 || response.status == 421 {
            return self.fail(&format!("the server answered {}", response.status));
        }
        let at_door = matches!(
            self.doing,
            Doing::Entering | Doing::LoggingIn | Doing::Style { .. } | Doing::Leaving | Doing::Waiting
        );
        if page.kind() == "login" && !at_door {
            return self.expired(now);
        }
        self.refreshed &= at_door;
        self.go_on(now, page, response);
    }

    fn go_on(&mut self, now: SimTime, page: Page, response: Response) {
        let refused = response.status >= 400;
        let why = || page.alert().unwrap_or_else(|| format!("the server answered {}", response.status));
        match std::mem::replace(&mut self.doing, Doing::Idle) {
            Doing::Waiting | Doing::Idle | Doing::Over => {}
            Doing::Entering if refused || page.kind() != "login" => self.fail("there is no page to log in"),
            Doing::Entering => match page.style().filter(|_| !self.has_style).map(str::to_owned) {
                Some(target) => {
                    self.has_style = true;
                    self.doing = Doing::Style { login: Box::new(page) };
                    self.get(now, &target);
                }
                None => self.log_in(now),
            },
            Doing::Style { login } => {
                login.token().unwrap_or_default().clone_into(&mut self.token);
                self.log_in(now);
            }
            Doing::LoggingIn if page.kind() != "folder" => self.fail(&why()),
            Doing::LoggingIn => self.entered(now, page),
            Doing::Listing { .. } | Doing::Searching { .. } if refused => self.done(Done::Refused(why())),
            Doing::Listing { behind, found } => {
                self.doing = Doing::Listing { behind, found };
                self.listed(now, &page);
            }
            Doing::Searching { mut found } => {
                let known = found.len();
                found.extend(page.rows().iter().map(|row| row.message));
                let fresh = found[known..].iter().any(|message| !found[..known].contains(message));
                match page.next().filter(|_| fresh) {
                    Some(next) => {
                        self.doing = Doing::Searching { found };
                        self.get(now, next);
                    }
                    None => {
                        found.sort_unstable();
                        self.done(Done::Found(found));
                    }
                }
            }
            Doing::Opening { .. } | Doing::Acting if refused => self.done(Done::Refused(why())),
            Doing::Opening { message, part } => {
                self.shown = page.message_id().map(str::to_owned);
                let content = match part {
                    Part::Header | Part::Text => page.text().unwrap_or_default().replace('\n', "\r\n").into_bytes(),
                    Part::Place(_) | Part::Whole => response.content,
                };
                self.done(Done::Opened { message, part, content });
            }
            Doing::Acting => self.done(Done::Changed),
            Doing::Watching { until } => self.looked(now, &page, until),
            Doing::Composing(_) if refused => self.done(Done::Refused(why())),
            Doing::Composing(writing) => self.submit(now, &page, &writing),
            Doing::Submitting { .. } if refused => self.done(Done::Refused(why())),
            Doing::Submitting { draft: true } => self.done(Done::Sent(page.kept().map(str::to_owned))),
            Doing::Submitting { draft: false } => self.done(Done::Sent(page.sent().map(str::to_owned))),
            Doing::Leaving => {
                self.doing = Doing::Over;
                self.tell(MailboxEvent::Finished);
                self.http.quit();
            }
        }
        self.begin(now);
    }

    fn log_in(&mut self, now: SimTime) {
        self.doing = Doing::LoggingIn;
        let form = Form::default().with("user", self.user.clone()).with("password", self.password.clone());
        self.post_texts(now, "/login", form);
    }

    /// The connection is no more.
    fn ended(&mut self, end: End) {
        match (&self.doing, end) {
            (Doing::Over, _) => {}
            // It was lost before the page was answered: a new connection makes no difference.
            (Doing::Waiting | Doing::Entering, _) => self.fail("the server ended the connection"),
            (_, End::Over) if self.asked.is_none() || self.unsent => {}
            (_, End::Over) if self.retries < MAX_RETRIES && self.asked.as_ref().is_some_and(is_safe) => {
                self.retries += 1
            }
            // RFC 9110 9.2.2: what may have been done is not asked for again.
            (_, End::Over | End::Cut) => self.fail("the connection was lost"),
            (_, End::Fault(_)) => self.fail("the server answered no proper HTTP, or not in time"),
        }
    }
}

impl Session for Client {
    type Event = MailboxEvent;

    /// [`Input::Start`] tells that there is a connection, or another one.
    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        match input {
            Input::Start => {
                if std::mem::replace(&mut self.begun, true) {
                    self.http = Http::new(Manner::default());
                }
                self.http.handle(now, input);
                match self.asked.clone() {
                    Some(request) => {
                        self.unsent = false;
                        self.http.ask(now, &request);
                    }
                    None if matches!(self.doing, Doing::Waiting) => {
                        self.doing = Doing::Entering;
                        self.get(now, "/login");
                    }
                    None => {}
                }
            }
            Input::Tick => {
                if self.again <= now {
                    self.again = SimTime::NEVER;
                    self.get(now, &format!("/folder?name={}", encode(&self.folder)));
                }
                self.http.handle(now, input);
            }
            Input::Bytes(_) | Input::EndOfStream => self.http.handle(now, input),
        }
        self.work(now);
    }

    fn poll(&mut self) -> Option<Output<MailboxEvent>> {
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        self.http.deadline().min(self.again)
    }
}

impl MailboxClient for Client {
    fn ask(&mut self, now: SimTime, task: Task) {
        if matches!(self.doing, Doing::Over) {
            return;
        }
        self.tasks.push_back(task);
        self.begin(now);
        self.work(now);
    }

    fn opened_id(&self) -> Option<&str> {
        self.shown.as_deref()
    }

    fn commands(&self) -> u64 {
        self.requests
    }

    fn outlasts_connection(&self) -> bool {
        !matches!(self.doing, Doing::Over)
    }

    fn wants_connection(&self) -> bool {
        self.asked.is_some() && self.http.is_over()
    }
}
