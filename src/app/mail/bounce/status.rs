//! The status code of a failure (RFC 3463): the one that the other server gave with its reply
//! (RFC 2034), else what fits the kind of trouble.

use crate::app::mail::failure::Reason;
use crate::base::trace::FailureKind;

/// The status code that tells why a copy failed, or is late.
pub(super) fn of(reason: &Reason) -> String {
    let told = enhanced(reason).map(str::to_owned);
    match reason.kind {
        // RFC 3463 section 2: class 4 also stands for what was abandoned after a temporary trouble.
        FailureKind::Expired => "4.4.7".to_owned(),
        FailureKind::Reply => told.unwrap_or_else(|| by_code(reason.code).to_owned()),
        FailureKind::NoSuchDomain => "5.1.2".to_owned(),
        // RFC 7505 section 4.2: a domain that says it takes no mail has its own. RFC 3463 section 3.5: X.4.4,
        // "Unable to route".
        FailureKind::NoMailServer => told.unwrap_or_else(|| "5.4.4".to_owned()),
        // RFC 3463 section 3.7: X.6.0.
        FailureKind::Unsendable => told.unwrap_or_else(|| "5.6.0".to_owned()),
        FailureKind::Loop => "5.4.6".to_owned(),
        FailureKind::DnsFailure => "4.4.3".to_owned(),
        FailureKind::ConnectionRefused | FailureKind::ConnectionTimedOut => "4.4.1".to_owned(),
        FailureKind::Unreachable => "4.4.4".to_owned(),
        // RFC 3463 section 3.5: X.4.2, "either because of time-out, or inadequate connection quality".
        FailureKind::ConnectionLost | FailureKind::ReplyTimedOut => "4.4.2".to_owned(),
        // RFC 3463 section 3.8: X.7.4, "Security features not supported".
        FailureKind::NoTls => "4.7.4".to_owned(),
        FailureKind::ProtocolError => "4.5.0".to_owned(),
    }
}

/// The code at the beginning of a reply's text, if it is of the reply's class. Without a reply it is a failure for good.
fn enhanced(reason: &Reason) -> Option<&str> {
    let word = reason.text.split(' ').next()?;
    let mut numbers = word.split('.');
    let class = numbers.next()?;
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let well_formed = numbers.next().is_some_and(number) && numbers.next().is_some_and(number);
    let of_reply = if reason.code == 0 { 5 } else { reason.code / 100 };
    (well_formed && numbers.next().is_none() && class == of_reply.to_string()).then_some(word)
}

/// What RFC 5321 says of a code, in the words of RFC 3463.
const fn by_code(code: u16) -> &'static str {
    match code {
        421 => "4.3.2",
        450 => "4.2.0",
        451 => "4.3.0",
        452 => "4.3.1",
        550 => "5.1.1",
        551 => "5.1.6",
        552 => "5.2.2",
        553 => "5.1.3",
        554 => "5.0.0",
        500..=504 => "5.5.0",
        400..=499 => "4.0.0",
        _ => "5.0.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_the_reply_comes_first() {
        let reply = |code, text: &str| Reason { kind: FailureKind::Reply, code, text: text.to_owned() };
        for (reason, status) in [
            (reply(550, "5.7.1 no"), "5.7.1"),
            (reply(550, "4.7.1 another class"), "5.1.1"),
            (reply(550, "5.7 too short"), "5.1.1"),
            (reply(550, "5.7.1.1 too long"), "5.1.1"),
            (reply(550, "5.7.x"), "5.1.1"),
            (reply(550, ""), "5.1.1"),
            (reply(452, "4.2.2 full"), "4.2.2"),
            (reply(571, "odd"), "5.0.0"),
            (Reason { kind: FailureKind::Expired, code: 450, text: "4.7.1 later".to_owned() }, "4.4.7"),
            (Reason::new(FailureKind::ConnectionRefused, "5.0.0"), "4.4.1"),
            (Reason::new(FailureKind::NoMailServer, "5.1.10 no"), "5.1.10"),
            (Reason::new(FailureKind::NoMailServer, "h has no address"), "5.4.4"),
            (Reason::unsendable(crate::proto::smtp::Unsendable::Utf8), "5.6.7"),
        ] {
            assert_eq!(of(&reason), status, "{reason:?}");
        }
    }
}
