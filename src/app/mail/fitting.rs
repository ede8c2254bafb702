//! A message as the next server can take it: in 7 bits, where that has no 8BITMIME (RFC 6152 3).

use crate::proto::message::{downgrade, is_seven_bit};
use crate::proto::smtp::{BodyType, Offers, Transaction};

/// The transaction for a server that offers this. A message that needs 8 bits and has no form in 7 says so
/// in its options: SMTP's client then refuses it with 5.6.3.
pub(in crate::app) fn fit(mut transaction: Transaction, offers: &Offers) -> Transaction {
    let carried = offers.eight_bit || offers.binary && transaction.envelope.options.body == BodyType::Binary;
    if !carried && !is_seven_bit(&transaction.content) {
        transaction.envelope.options.body = match downgrade(&transaction.content) {
            Ok(lowered) => {
                transaction.content = lowered.into();
                BodyType::SevenBit
            }
            Err(_) => BodyType::EightBit,
        };
    }
    transaction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::smtp::{Envelope, MailOptions, ReversePath};

    #[test]
    fn what_the_server_can_take_stays() {
        let fitted = |content: &str, offers: &Offers| {
            let options = MailOptions { body: BodyType::EightBit, ..MailOptions::default() };
            let envelope = Envelope { reverse_path: ReversePath::Null, recipients: Vec::new(), options };
            let fitted = fit(Transaction { envelope, content: content.as_bytes().into() }, offers);
            (String::from_utf8(fitted.content.to_vec()).unwrap(), fitted.envelope.options.body)
        };
        let (eight, seven) = (Offers { eight_bit: true, ..Offers::default() }, Offers::default());
        let message =
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nun caf\u{e9}, deux th\u{e9}s\r\n";
        assert_eq!(fitted(message, &eight), (message.to_owned(), BodyType::EightBit));
        let (lowered, body) = fitted(message, &seven);
        assert!(
            lowered.ends_with("\r\n\r\nun caf=C3=A9, deux th=C3=A9s\r\n") && body == BodyType::SevenBit,
            "{lowered}"
        );
        let hopeless = "Subject: caf\u{e9}\r\n\r\n";
        assert_eq!(fitted(hopeless, &seven), (hopeless.to_owned(), BodyType::EightBit));
    }
}
