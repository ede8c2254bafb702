//! Schedules against independent computations, to the nanosecond: nothing here calls what it checks.

use super::*;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;
/// The copy is taken then, tried a little later.
const ACCEPTED: u64 = 1_234_567_890_123;

/// A copy whose attempts all fail after `takes`: when they begin, from the acceptance, and its end.
fn schedule(policy: &RetryPolicy, takes: u64, first: u64) -> (Vec<u64>, u64) {
    run(policy, takes, first, || 0)
}

fn run(policy: &RetryPolicy, takes: u64, first: u64, mut draw: impl FnMut() -> u64) -> (Vec<u64>, u64) {
    let at = |nanos: u64| SimTime::from_nanos(ACCEPTED + nanos);
    let mut attempts = vec![first];
    let mut last_wait = None;
    loop {
        let started = attempts[attempts.len() - 1];
        let now = started + takes;
        let history = History {
            booted: SimTime::ZERO,
            accepted: at(0),
            first_attempt: at(first),
            first_failure: at(first + takes),
            attempts: u32::try_from(attempts.len()).unwrap(),
            started: at(started),
            last_wait,
            now: at(now),
            report: false,
        };
        match policy.next(&history, &mut draw) {
            Next::Attempt(next) => {
                let next = next.as_nanos() - ACCEPTED;
                assert!(next >= now);
                let from = if policy.wait_from == WaitFrom::Start { started } else { now };
                last_wait = Some(SimDuration::from_nanos(next - from));
                attempts.push(next);
            }
            Next::GiveUp(end) => return (attempts, end.as_nanos() - ACCEPTED),
        }
    }
}

fn named(name: &str) -> RetryPolicy {
    RetryPolicy::named(name).expect("a preset")
}

/// Attempts in whole seconds, all failing at once.
fn seconds(policy: &RetryPolicy) -> Vec<u64> {
    let (attempts, _) = schedule(policy, 0, 0);
    assert!(attempts.iter().all(|at| at % SECOND == 0));
    attempts.iter().map(|at| at / SECOND).collect()
}

/// Would break if the length of an attempt moved the next one, or if an attempt were made
/// after the lifetime.
#[test]
fn the_lectures_table() {
    for (days, retries) in [(5, 240), (4, 192)] {
        for takes in [0, 63 * SECOND, 29 * 60 * SECOND] {
            let policy = RetryPolicy { lifetime: SimDuration::from_nanos(days * DAY), ..named("lecture") };
            let (attempts, end) = schedule(&policy, takes, 7);
            assert_eq!(attempts.len() - 1, retries);
            for (k, at) in (0..).zip(&attempts) {
                assert_eq!(*at, 7 + 1_800 * SECOND * k);
            }
            assert_eq!(end, 7 + days * DAY + takes);
        }
    }
}

#[test]
fn a_lifetime_between_two_attempts_is_waited_for() {
    let minutes = |n: u64| SimDuration::from_secs(60 * n);
    let policy = RetryPolicy::fixed(minutes(30), minutes(100));
    let (attempts, end) = schedule(&policy, 60 * SECOND, 0);
    assert_eq!(attempts.len(), 4);
    assert_eq!(end, 6_000 * SECOND);
    // An attempt that takes longer than the interval is followed by the next at once.
    let (attempts, _) = schedule(&policy, 45 * 60 * SECOND, 0);
    assert_eq!(attempts, [0, 2_700 * SECOND, 5_400 * SECOND]);
}

#[test]
fn rfc_5321() {
    let attempts = seconds(&named("rfc5321"));
    assert_eq!(attempts[..5], [0, 1_800, 3_600, 10_800, 18_000]);
    assert!(attempts.windows(2).all(|pair| pair[1] - pair[0] >= 1_800));
    assert_eq!(attempts.len(), 1 + 2 + (5 * 86_400 - 3_600) / 7_200);
}

/// The recurrence t += clamp(t), run in seconds.
#[test]
fn postfix() {
    let attempts = seconds(&named("postfix"));
    assert_eq!(attempts[..10], [0, 300, 600, 1_200, 2_400, 4_800, 8_800, 12_800, 16_800, 20_800]);
    assert_eq!(attempts.len() - 1, 111);
    let (mut t, mut own) = (0_u64, vec![0]);
    while t + t.clamp(300, 4_000) <= 432_000 {
        t += t.clamp(300, 4_000);
        own.push(t);
    }
    assert_eq!(attempts, own);
}

/// Postfix counts the age from the arrival and the wait from the failure: an attempt that takes
/// 63 s, begun 2 s after the arrival.
#[test]
fn postfix_counts_from_arrival_and_failure() {
    let (attempts, _) = schedule(&named("postfix"), 63 * SECOND, 2 * SECOND);
    let mut own = vec![2 * SECOND];
    for k in 0..20 {
        let failed = own[k] + 63 * SECOND;
        own.push(failed + failed.clamp(300 * SECOND, 4_000 * SECOND));
    }
    assert_eq!(attempts[..21], own[..]);
    assert_eq!(attempts[3] / SECOND, 2 + 63 + 300 + 63 + 428 + 63 + 919);
}

/// Scans at whole multiples of 300 s since the server's start find what is due by then.
#[test]
fn postfix_with_scans() {
    let scan = 300 * SECOND;
    let policy = RetryPolicy { scan: SimDuration::from_nanos(scan), ..named("postfix") };
    let (attempts, _) = schedule(&policy, 0, 0);
    let mut own = vec![0_u64];
    while own.len() < 60 {
        let last = own[own.len() - 1];
        let due = ACCEPTED + last + last.clamp(300 * SECOND, 4_000 * SECOND);
        own.push(due.div_ceil(scan) * scan - ACCEPTED);
    }
    assert_eq!(attempts[..60], own[..]);
    assert!(attempts[1..].iter().all(|at| (at + ACCEPTED).is_multiple_of(scan)));
}

#[test]
fn sendmail() {
    let (attempts, end) = schedule(&named("sendmail"), 63 * SECOND, 0);
    let run = 1_800 * SECOND;
    for (k, at) in (1..).zip(&attempts[1..]) {
        assert_eq!(at + ACCEPTED, run * k);
    }
    assert_eq!(end, 5 * DAY);
    assert_eq!(attempts.len() - 1, 240);
}

/// As the reference has it, in binary floating point, which is exact for these numbers.
#[test]
fn exim() {
    let (attempts, end) = schedule(&named("exim"), 0, 0);
    let (mut t, mut gap, mut own) = (0.0_f64, 3_600.0, vec![0.0]);
    while t < 4.0 * 86_400.0 {
        if t < 7_200.0 {
            t += 900.0;
        } else if t < 57_600.0 {
            t += gap;
            gap *= 1.5;
        } else {
            t += 21_600.0;
        }
        own.push(t);
    }
    // The last one of the reference is the first beyond the lifetime.
    own.pop();
    let halves = |at: &u64| u32::try_from(at / (SECOND / 2)).unwrap();
    assert!(attempts.iter().all(|at| at % (SECOND / 2) == 0));
    assert_eq!(attempts.iter().map(|at| f64::from(halves(at)) / 2.0).collect::<Vec<_>>(), own);
    let hours = [2.0, 3.0, 4.5, 6.75, 10.125, 15.1875, 22.78125];
    assert_eq!(own[8..15].iter().map(|t| t / 3_600.0).collect::<Vec<_>>(), hours);
    assert_eq!(end, 4 * DAY);
}

/// Exim counts from the first failure: with attempts of 63 s each wait begins 63 s later.
#[test]
fn exim_counts_from_failures() {
    let (attempts, end) = schedule(&named("exim"), 63 * SECOND, 5 * SECOND);
    for (k, at) in (0..8).zip(&attempts) {
        assert_eq!(*at, (5 + 963 * k) * SECOND);
    }
    // The eighth fails at the age of 6,741 s, the ninth at 7,704 s: then the first wait is 1 h.
    assert_eq!(attempts[9] - attempts[8], 3_663 * SECOND);
    assert_eq!(attempts[10] - attempts[9], 5_463 * SECOND);
    assert_eq!(end, (68 + 4 * 86_400) * SECOND);
}

#[test]
fn squares() {
    for (name, days) in [("opensmtpd", 4), ("qmail", 7)] {
        let own: Vec<u64> = (0..).map(|n| 400 * n * n).take_while(|at| *at <= days * 86_400).collect();
        assert_eq!(seconds(&named(name)), own, "{name}");
    }
}

/// Both count from the arrival, so attempts that take 90 s stand at the same squares; OpenSMTPD
/// steps over a square that an attempt took longer than, and qmail goes on from where it is.
#[test]
fn squares_of_long_attempts() {
    let opensmtpd = schedule(&named("opensmtpd"), 90 * SECOND, 0).0;
    assert_eq!(opensmtpd[..4], [0, 400 * SECOND, 1_600 * SECOND, 3_600 * SECOND]);
    let late = schedule(&named("opensmtpd"), 2_000 * SECOND, 0).0;
    assert_eq!(late[..4], [0, 3_600 * SECOND, 6_400 * SECOND, 10_000 * SECOND]);
    let qmail = schedule(&named("qmail"), 90 * SECOND, 100 * SECOND).0;
    assert_eq!(qmail[..4], [100 * SECOND, 900 * SECOND, 2_500 * SECOND, 4_900 * SECOND]);
}

#[test]
fn lists() {
    let exchange = seconds(&named("exchange"));
    assert_eq!(exchange[..12], [0, 60, 120, 180, 240, 540, 840, 1_140, 1_440, 1_740, 2_040, 2_640]);
    assert_eq!(exchange.len() - 1, 10 + (2 * 86_400 - 2_040) / 600);
    let stalwart = seconds(&named("stalwart"));
    assert_eq!(stalwart, [0, 120, 420, 1_020, 1_920, 3_720, 7_320, 14_520, 100_920]);
    assert_eq!(schedule(&named("stalwart"), 0, 0).1, 3 * DAY);
    let rule = Rule::List { intervals: vec![SimDuration::from_secs(60); 2], repeat: false };
    let ending = RetryPolicy { rule, ..named("lecture") };
    assert_eq!(schedule(&ending, 0, 0), (vec![0, 60 * SECOND, 120 * SECOND], 5 * DAY));
}

#[test]
fn exponential() {
    let [first, cap] = [60, 3_600].map(SimDuration::from_secs);
    let policy = |factor| RetryPolicy { rule: Rule::Exponential { first, factor, cap }, ..named("lecture") };
    assert_eq!(seconds(&policy(2_000))[..9], [0, 60, 180, 420, 900, 1_860, 3_780, 7_380, 10_980]);
    assert_eq!(seconds(&policy(1_000))[..4], [0, 60, 120, 180]);
    let third = schedule(&policy(1_333), 0, 0).0;
    assert_eq!(third[2] - third[1], 79_980_000_000);
    assert_eq!(third[3] - third[2], 106_613_340_000);
}

/// Would break if jitter left its share, leant to one side, or were drawn when there is none.
#[test]
fn jitter() {
    let share = Probability::new(0.25).unwrap();
    let policy = RetryPolicy { jitter: share, ..named("lecture") };
    let waits = |bits| run(&policy, 0, 0, || bits).0[1] / SECOND;
    assert_eq!([waits(0), waits(1 << 63), waits(u64::MAX)], [1_350, 1_800, 2_250]);
    let mut stream = crate::base::Streams::new(1).stream("jitter");
    let (attempts, _) = run(&policy, 0, 0, || stream.next_u64());
    let gaps: Vec<u64> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| (1_350 * SECOND..=2_250 * SECOND).contains(gap)));
    let mean = gaps.iter().sum::<u64>() / u64::try_from(gaps.len()).unwrap() / SECOND;
    assert!((1_740..1_860).contains(&mean), "{mean}");
    run(&named("lecture"), 0, 0, || panic!("nothing is drawn without jitter"));
    for name in PRESETS {
        run(&named(name), 0, 0, || panic!("{name} draws nothing"));
    }
}

#[test]
fn reports_have_a_lifetime_of_their_own() {
    let policy = RetryPolicy { report_lifetime: SimDuration::from_secs(3_600), ..named("lecture") };
    assert_eq!(policy.end(SimTime::ZERO, true), SimTime::from_nanos(3_600 * SECOND));
    assert_eq!(policy.end(SimTime::ZERO, false), SimTime::from_nanos(5 * DAY));
}

/// Whatever a policy is, attempts rise, none is later than the lifetime, and the end is the age
/// itself unless an attempt lasted beyond it.
#[test]
fn every_policy_ends() {
    for name in PRESETS {
        for (takes, first) in [(0, 0), (30 * SECOND, 1), (4_000 * SECOND, 3 * SECOND)] {
            let policy = named(name);
            let (attempts, end) = schedule(&policy, takes, first);
            let born = match policy.age_from {
                AgeFrom::Acceptance => 0,
                AgeFrom::FirstAttempt => first,
                AgeFrom::FirstFailure => first + takes,
            };
            let lifetime = policy.lifetime.as_nanos();
            assert!(attempts.windows(2).all(|pair| pair[1] >= pair[0] + takes), "{name}");
            let last = attempts[attempts.len() - 1];
            assert!(last <= born + lifetime, "{name}");
            assert_eq!(end, (born + lifetime).max(last + takes), "{name}");
        }
    }
}

/// Measured attempts of providers, in minutes and seconds after the first, against greylisting:
/// the first attempt later than the threshold is the one that gets through.
#[test]
fn providers_against_greylisting() {
    for (who, schedule_of, six_hours) in PROVIDERS {
        let at: Vec<u64> = schedule_of.iter().map(|(m, s)| 60 * m + s).collect();
        let mut last = 0;
        let intervals = at.iter().map(|at| SimDuration::from_secs(at - std::mem::replace(&mut last, *at))).collect();
        let policy = RetryPolicy { rule: Rule::List { intervals, repeat: false }, ..named("lecture") };
        let attempts = seconds(&policy);
        assert_eq!(attempts[1..], at[..], "{who}");
        for threshold in [60, 300, 301, 1_800, 21_600] {
            let got = attempts.iter().find(|t| **t >= threshold);
            assert_eq!(got, at.iter().find(|t| **t >= threshold), "{who}");
        }
        let passed = attempts.iter().find(|t| **t >= 21_600).map(|t| (t / 60, t % 60));
        assert_eq!(passed, *six_hours, "{who}");
    }
}

/// Who, the attempts, and the first of them after six hours.
type Provider = (&'static str, &'static [(u64, u64)], Option<(u64, u64)>);
const PROVIDERS: &[Provider] = &[
    ("gmail.com", &[(6, 2), (29, 2), (56, 36), (98, 44), (162, 3), (229, 44), (309, 5), (434, 46)], Some((434, 46))),
    ("yahoo.co.uk", &[(2, 7), (5, 39), (12, 58), (27, 16), (55, 13), (109, 35), (216, 47), (430, 36)], Some((430, 36))),
    (
        "mail.com",
        &[(5, 2), (12, 37), (23, 59), (41, 3), (66, 38), (105, 1), (162, 35), (248, 56), (378, 28)],
        Some((378, 28)),
    ),
    (
        "gmx.com",
        &[(5, 1), (12, 33), (23, 50), (40, 46), (66, 9), (104, 14), (161, 22), (247, 4), (375, 36)],
        Some((375, 36)),
    ),
    (
        "india.com",
        &[(6, 21), (16, 21), (36, 21), (76, 21), (146, 22), (216, 21), (286, 21), (356, 21), (426, 21)],
        Some((426, 21)),
    ),
    ("aol.com", &[(5, 32), (11, 32), (21, 32), (31, 32)], None),
];
