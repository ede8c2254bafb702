//! How a mail server speaks SMTP, and how its users submit.

use crate::app::mail::SmtpConfig;
use crate::app::user::SubmissionConfig;
use crate::base::SimDuration;
use crate::proto::sasl::Mechanism;
use crate::proto::smtp::{ClientTimeouts, Dialect, Extension, Extensions, PORT, SUBMISSION_PORT, TlsUse};
use crate::proto::tls;
use crate::scenario::check::Context;
use crate::scenario::problem::Path;
use crate::scenario::schema::{
    DialectName, Duration, ExtensionName, LoginName, MailDomain, Size, Smtp, Submission, TlsUseName, TlsVersionName,
};

pub(super) fn read(cx: &mut Context<'_>, here: Path<'_>, domain: &MailDomain) -> SmtpConfig {
    let (usual, smtp, here) = (SmtpConfig::default(), &domain.smtp, here.key("smtp"));
    let (extensions, starttls) = read_offers(cx, here, smtp);
    let model = read_model(cx, here, smtp);
    SmtpConfig {
        dialect: read_dialect(domain),
        extensions,
        tls: starttls.then_some(model),
        recipients_per_message: at_least_one(cx, here.key("recipients"), smtp.recipients)
            .map_or(usual.recipients_per_message, |most| most as usize),
        max_message: above_zero(cx, here.key("message_size"), smtp.message_size).map(|size| size.0.bytes()),
        max_errors: at_least_one(cx, here.key("mistakes"), smtp.mistakes).unwrap_or(usual.max_errors),
        messages_per_session: at_least_one(cx, here.key("messages"), smtp.messages)
            .unwrap_or(usual.messages_per_session),
        sessions_per_client: at_least_one(cx, here.key("sessions_per_client"), smtp.sessions_per_client)
            .unwrap_or(usual.sessions_per_client),
        trusts_inside: smtp.trusts_computers.unwrap_or(usual.trusts_inside),
        idle_timeout: time(cx, here.key("idle"), smtp.idle, usual.idle_timeout),
        pipelining: smtp.pipelining.unwrap_or(usual.pipelining),
        chunks: (smtp.chunking == Some(true)).then(|| read_chunk(cx, here, smtp.chunk)),
        tls_use: tls_use(smtp.tls.client, model.version),
        timeouts: read_timeouts(cx, here, smtp),
    }
}

fn read_dialect(domain: &MailDomain) -> Dialect {
    match domain.dialect.unwrap_or_default() {
        DialectName::Rfc5321 => Dialect::Rfc5321,
        DialectName::Lecture => Dialect::Lecture,
    }
}

fn at_least_one(cx: &mut Context<'_>, path: Path<'_>, number: Option<u32>) -> Option<u32> {
    if number == Some(0) {
        cx.problems.at(path, "this number must be above zero");
    }
    number
}

/// RFC 1870 section 4: a SIZE of 0 means that there is no limit, which leaving it out says.
pub(super) fn above_zero(cx: &mut Context<'_>, path: Path<'_>, size: Option<Size>) -> Option<Size> {
    if size.is_some_and(|size| size.0.bytes() == 0) {
        cx.problems.help(path, "no message is as small as that", "leave it out for no limit");
    }
    size
}

fn time(cx: &mut Context<'_>, path: Path<'_>, given: Option<Duration>, usual: SimDuration) -> SimDuration {
    if given.is_some() { cx.positive(path, given) } else { usual }
}

fn read_offers(cx: &mut Context<'_>, here: Path<'_>, smtp: &Smtp) -> (Extensions, bool) {
    let Some(names) = &smtp.offers else { return (Extensions::USUAL, false) };
    let path = here.key("offers");
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            cx.problems.at(path.index(index), "this extension is named twice");
        }
    }
    // RFC 3030 section 3.
    if names.contains(&ExtensionName::BinaryMime) && !names.contains(&ExtensionName::Chunking) {
        cx.problems.help(path, "BINARYMIME needs CHUNKING", "name \"CHUNKING\" too");
    }
    (names.iter().filter_map(|name| extension(*name)).collect(), names.contains(&ExtensionName::StartTls))
}

/// STARTTLS is offered by having a model.
const fn extension(name: ExtensionName) -> Option<Extension> {
    Some(match name {
        ExtensionName::Pipelining => Extension::Pipelining,
        ExtensionName::Size => Extension::Size,
        ExtensionName::Etrn => Extension::Etrn,
        ExtensionName::EightBitMime => Extension::EightBitMime,
        ExtensionName::Dsn => Extension::Dsn,
        ExtensionName::SmtpUtf8 => Extension::SmtpUtf8,
        ExtensionName::Chunking => Extension::Chunking,
        ExtensionName::BinaryMime => Extension::BinaryMime,
        ExtensionName::EnhancedStatusCodes => Extension::EnhancedStatusCodes,
        ExtensionName::Expn => Extension::Expn,
        ExtensionName::StartTls => return None,
    })
}

fn read_chunk(cx: &mut Context<'_>, here: Path<'_>, chunk: Option<Size>) -> usize {
    let Some(chunk) = chunk else { return usize::MAX };
    if chunk.0.bytes() == 0 {
        cx.problems.at(here.key("chunk"), "a chunk has at least one octet");
    }
    usize::try_from(chunk.0.bytes()).unwrap_or(usize::MAX)
}

fn read_model(cx: &mut Context<'_>, here: Path<'_>, smtp: &Smtp) -> tls::Model {
    /// More than any chain of certificates has.
    const MOST: u64 = 1 << 20;
    let (usual, here) = (tls::Model::default(), here.key("tls"));
    let certificate = smtp.tls.certificate.map_or(usual.certificate as u64, |size| size.0.bytes());
    if certificate == 0 || certificate > MOST {
        cx.problems.at(here.key("certificate"), "a chain of certificates has between 1 B and 1 MiB");
    }
    tls::Model {
        version: version(smtp.tls.version),
        certificate: usize::try_from(certificate.min(MOST)).unwrap_or(usual.certificate),
        cpu: cx.duration(here.key("cpu"), smtp.tls.cpu),
    }
}

fn version(name: Option<TlsVersionName>) -> tls::Version {
    match name.unwrap_or_default() {
        TlsVersionName::V12 => tls::Version::Tls12,
        TlsVersionName::V13 => tls::Version::Tls13,
    }
}

fn tls_use(name: Option<TlsUseName>, version: tls::Version) -> TlsUse {
    match name.unwrap_or_default() {
        TlsUseName::Never => TlsUse::Never,
        TlsUseName::WhenOffered => TlsUse::WhenOffered(version),
        TlsUseName::Required => TlsUse::Required(version),
    }
}

fn read_timeouts(cx: &mut Context<'_>, here: Path<'_>, smtp: &Smtp) -> ClientTimeouts {
    let (usual, given, here) = (ClientTimeouts::default(), &smtp.timeouts, here.key("timeouts"));
    ClientTimeouts {
        command: time(cx, here.key("command"), given.command, usual.command),
        mail: time(cx, here.key("mail"), given.mail, usual.mail),
        rcpt: time(cx, here.key("rcpt"), given.rcpt, usual.rcpt),
        data: time(cx, here.key("data"), given.data, usual.data),
        block: time(cx, here.key("block"), given.block, usual.block),
        end: time(cx, here.key("end"), given.end, usual.end),
    }
}

/// What a domain says of how its users submit, or one of them.
pub(super) fn check_port(cx: &mut Context<'_>, here: Path<'_>, submission: &Submission) {
    if let Some(port) = submission.port.filter(|port| ![SUBMISSION_PORT, PORT].contains(port)) {
        cx.problems.help(here.key("port"), format!("mail is not submitted to port {port}"), "give 587 or 25");
    }
}

/// How a user submits: what is not said is as the domain has it.
pub(super) fn read_submission(own: &Submission, domain: &MailDomain) -> SubmissionConfig {
    let of_domain = &domain.submission;
    let port = own.port.or(of_domain.port).unwrap_or(SUBMISSION_PORT);
    SubmissionConfig {
        port,
        dialect: read_dialect(domain),
        login: match own.login.or(of_domain.login).unwrap_or_default() {
            LoginName::Never => None,
            LoginName::Plain => Some(Mechanism::Plain),
            LoginName::Login => Some(Mechanism::Login),
        },
        pipelining: own.pipelining.or(of_domain.pipelining) == Some(true),
        tls: tls_use(own.tls.or(of_domain.tls), version(domain.smtp.tls.version)),
    }
}
