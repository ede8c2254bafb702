//! Internationalised domain names: from the labels that people write to those that the DNS knows
//! (RFC 5890, RFC 5891 section 4), by Punycode (RFC 3492).
//!
//! Before that, letters become small and the full stops of East Asian scripts become dots (RFC 5895
//! section 2). Left out: normal form C, so a label with a combining accent is refused instead of
//! composed; the tables of RFC 5892, of which only whole blocks of signs are refused; the rules on
//! joiners and on text from right to left (RFC 5893); and the way back to what people read.

use std::borrow::Cow;

/// RFC 3492 section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 0x80;

/// RFC 1035 section 2.3.4.
const LONGEST: usize = 63;

/// The domain with each label beyond ASCII as its A-label; a domain in ASCII is as it was.
/// `None` when a label has none.
#[must_use]
pub fn to_ascii(domain: &str) -> Option<Cow<'_, str>> {
    if domain.is_ascii() {
        return Some(Cow::Borrowed(domain));
    }
    let dots = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    let labels: Option<Vec<Cow<'_, str>>> = domain.split(dots).map(a_label).collect();
    labels.map(|labels| Cow::Owned(labels.join(".")))
}

fn a_label(label: &str) -> Option<Cow<'_, str>> {
    if label.is_ascii() {
        return Some(Cow::Borrowed(label));
    }
    let small: Vec<char> = label.chars().flat_map(char::to_lowercase).collect();
    // RFC 5891 section 4.2.3.1: no hyphen at an end, nor two in the third and fourth place.
    let hyphens = small.first() == Some(&'-') || small.last() == Some(&'-') || small.get(2..4) == Some(&['-', '-']);
    if hyphens || !small.iter().all(|c| may_stand(*c)) {
        return None;
    }
    let text = format!("xn--{}", encode(&small)?);
    (text.len() <= LONGEST).then_some(Cow::Owned(text))
}

/// RFC 5892 in whole blocks: letters, digits and marks of scripts, but no signs.
fn may_stand(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
        // What normal form C would compose.
        '\u{300}'..='\u{36f}' => false,
        // The middle dot of Catalan and the joiners need their neighbours (RFC 5892 appendix A): they are taken.
        '\u{b7}' | '\u{200c}' | '\u{200d}' => true,
        '\u{80}'..='\u{bf}' | '\u{d7}' | '\u{f7}' => false,
        // Punctuation, signs, arrows, boxes.
        '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{3004}' | '\u{fe00}'..='\u{fe6f}' | '\u{ff00}'..='\u{ffef}' => false,
        // For private use, for no use, and pictures.
        '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}' | '\u{1f000}'..='\u{1faff}' | '\u{e0000}'.. => false,
        _ => !c.is_control() && !c.is_whitespace(),
    }
}

/// RFC 3492 section 6.3. `None` when a number outgrows its type (section 6.4), as only texts too long for a label can.
fn encode(text: &[char]) -> Option<String> {
    let mut out: String = text.iter().filter(|c| c.is_ascii()).collect();
    let basic = u32::try_from(out.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (INITIAL_N, 0_u32, INITIAL_BIAS, basic);
    let length = u32::try_from(text.len()).ok()?;
    while handled < length {
        let next = text.iter().map(|c| u32::from(*c)).filter(|c| *c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for c in text.iter().map(|c| u32::from(*c)) {
            if c < n {
                delta = delta.checked_add(1)?;
            }
            if c == n {
                put_integer(delta, bias, &mut out);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(out)
}

/// A number of digits of varying weight (RFC 3492 section 3.3).
fn put_integer(delta: u32, bias: u32, out: &mut String) {
    let mut rest = delta;
    let mut k = BASE;
    loop {
        let t = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if rest < t {
            out.push(digit(rest));
            return;
        }
        out.push(digit(t + (rest - t) % (BASE - t)));
        rest = (rest - t) / (BASE - t);
        k += BASE;
    }
}

/// RFC 3492 section 5: a to z are 0 to 25, 0 to 9 are 26 to 35.
fn digit(value: u32) -> char {
    char::from_digit((value + 10) % BASE, BASE).unwrap_or('0').to_ascii_lowercase()
}

/// RFC 3492 section 6.1.
fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / count;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The samples of RFC 3492 section 7.1, in small letters where those of the RFC are mixed.
    const SAMPLES: [(&str, &str); 12] = [
        ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
        ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
        ("他們爲什麽不說中文", "ihqwctvzc91f659drss3x8bo0yb"),
        ("pročprostěnemluvíčesky", "proprostnemluvesky-uyb24dma41a"),
        ("למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b"),
        ("यहलोगहिन्दीक्योंनहींबोलसकतेहैं", "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd"),
        ("なぜみんな日本語を話してくれないのか", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"),
        (
            "세계의모든사람들이한국어를이해한다면얼마나좋을까",
            "989aomsvi5e83db1d2a355cv1e0vak1dwrv93d5xbh15a0dt30a5jpsd879ccm6fea98c",
        ),
        ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
        ("porquénopuedensimplementehablarenespañol", "porqunopuedensimplementehablarenespaol-fmd56a"),
        ("tạisaohọkhôngthểchỉnóitiếngviệt", "tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g"),
        ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
    ];

    #[test]
    fn the_samples_of_rfc_3492() {
        for (text, expected) in SAMPLES {
            let text: Vec<char> = text.chars().collect();
            assert_eq!(encode(&text).as_deref(), Some(expected));
        }
        // With signs that no domain has: section 7.1 (S).
        assert_eq!(encode(&"-> $1.00 <-".chars().collect::<Vec<_>>()).as_deref(), Some("-> $1.00 <--"));
    }

    #[test]
    fn domains_become_those_of_the_dns() {
        for (domain, expected) in [
            ("crêpes.fr", Some("xn--crpes-isa.fr")),
            ("CRÊPES.fr", Some("xn--crpes-isa.fr")),
            ("mail.bücher.example", Some("mail.xn--bcher-kva.example")),
            ("münchen。de", Some("xn--mnchen-3ya.de")),
            ("Crepes.FR", Some("Crepes.FR")),
            ("", Some("")),
            ("cre\u{302}pes.fr", None),
            ("-é.fr", None),
            ("ab--é.fr", None),
            ("☃.net", None),
            ("é b.fr", None),
            ("é_.fr", None),
        ] {
            assert_eq!(to_ascii(domain).as_deref(), expected, "{domain}");
        }
        assert_eq!(to_ascii(&"é".repeat(64)), None);
    }

    proptest! {
        /// Whatever is written, what comes out is no longer than a label and goes unchanged through again.
        #[test]
        fn any_text_becomes_labels_or_none(text in "\\PC{0,80}") {
            if let Some(ascii) = to_ascii(&text) {
                prop_assert!(ascii.is_ascii());
                let again = to_ascii(&ascii);
                prop_assert_eq!(again.as_deref(), Some(&*ascii));
            }
        }
    }
}
