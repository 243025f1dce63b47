//! What every store does, tried in memory and in a folder.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::store::*;

/// A store, and its folder where it has one.
struct Kept {
    store: Option<Arc<dyn Store>>,
    dir: Option<TempDir>,
}

impl Kept {
    fn in_memory() -> Self {
        Self { store: Some(open(&Place::Memory, Role::Server, |_| ()).unwrap()), dir: None }
    }

    fn in_a_folder() -> Self {
        let mut kept = Self { store: None, dir: Some(tempfile::tempdir().unwrap()) };
        kept.reopen();
        kept
    }

    /// Closes it and opens it again, where it outlives that.
    fn reopen(&mut self) {
        if let Some(dir) = &self.dir {
            self.store = None;
            self.store = Some(open(&Self::place(dir), Role::Server, |_| ()).unwrap());
        }
    }

    /// In it, the store makes its own folder, which nobody else may look into.
    fn place(dir: &TempDir) -> Place {
        Place::Dir(dir.path().join("data"))
    }

    fn store(&self) -> &dyn Store {
        &**self.store.as_ref().unwrap()
    }
}

/// The same behaviour of both.
fn both(mut behaves: impl FnMut(&mut Kept)) {
    behaves(&mut Kept::in_memory());
    behaves(&mut Kept::in_a_folder());
}

fn now<T>(answer: Answer<'_, T>) -> T {
    wait(answer).unwrap()
}

fn wait<F: Future>(answer: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(answer)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn key(name: &str) -> AccountKey {
    AccountKey(name.to_lowercase())
}

fn account(name: &str) -> Account {
    Account { key: key(name), name: name.into(), verifier: format!("$secret${name}"), created: at(0) }
}

fn id(n: u8) -> SessionId {
    SessionId([n; 16])
}

fn token(n: u16) -> TokenHash {
    let mut hash = [7; 32];
    hash[..2].copy_from_slice(&n.to_be_bytes());
    TokenHash(hash)
}

const IDLE: i64 = 1_800;
const LIFE: i64 = 43_200;
const GRACE: i64 = 30;

/// Ann's session with this number and token, from this second on.
fn opened(store: &dyn Store, n: u8, second: i64) {
    assert!(now(store.open_session(session(n, second))));
}

fn session(n: u8, second: i64) -> NewSession {
    NewSession {
        id: id(n),
        account: key("ann"),
        verifier: account("Ann").verifier,
        token: token(n.into()),
        now: at(second),
        expires: at(second + LIFE),
        idle: Duration::from_secs(IDLE.unsigned_abs()),
    }
}

fn resume(store: &dyn Store, shown: u16, next: u16, second: i64) -> Resumed {
    let grace = Duration::from_secs(GRACE.unsigned_abs());
    now(store.resume(Resumption { token: token(shown), next: token(next), now: at(second), grace }))
}

/// What became of it, without whose it is.
fn fate(resumed: &Resumed) -> &'static str {
    match resumed {
        Resumed::Session(_) => "session",
        Resumed::Unknown => "unknown",
        Resumed::Expired(_) => "expired",
        Resumed::Revoked(_) => "revoked",
        Resumed::Replayed(_) => "replayed",
    }
}

fn with_ann(behaves: impl Fn(&mut Kept)) {
    both(|kept| {
        assert!(now(kept.store().create_account(account("Ann"))));
        behaves(kept);
    });
}

#[test]
fn the_first_name_of_an_address_stays_until_it_is_forgotten() {
    both(|kept| {
        let here = ip("192.0.2.1");
        assert_eq!(now(kept.store().name_at(here)), None);
        assert_eq!(now(kept.store().introduce(here, "Łukasz".into(), at(0))), Introduced::New);
        assert_eq!(now(kept.store().introduce(here, "Eve".into(), at(1))), Introduced::Known("Łukasz".into()));
        kept.reopen();
        assert_eq!(now(kept.store().name_at(here)), Some("Łukasz".into()));
        assert_eq!(now(kept.store().name_at(ip("192.0.2.2"))), None);
        assert!(now(kept.store().forget(here)));
        assert!(!now(kept.store().forget(here)));
        assert_eq!(now(kept.store().name_at(here)), None);
    });
}

#[test]
fn an_ipv4_address_is_the_same_through_an_ipv6_socket() {
    both(|kept| {
        now(kept.store().introduce(ip("::ffff:192.0.2.1"), "Ann".into(), at(0)));
        assert_eq!(now(kept.store().name_at(ip("192.0.2.1"))), Some("Ann".into()));
        assert_eq!(now(kept.store().name_at(ip("::192.0.2.1"))), None);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_name_comes_back_as_it_was(name in ".{0,300}", address: [u8; 16]) {
        let kept = Kept::in_memory();
        now(kept.store().introduce(address.into(), name.clone(), at(0)));
        prop_assert_eq!(now(kept.store().name_at(address.into())), Some(name));
        let lines = now(kept.store().dump(Table::People));
        prop_assert!(lines.iter().all(|line| line.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
    }

    /// Whatever a client and a thief do: no token is good twice beyond its grace, and nobody is let in afterwards.
    #[test]
    fn a_session_never_survives_a_stale_token(steps in prop::collection::vec((0..8_u16, 0..60_i64), 1..40)) {
        let kept = Kept::in_memory();
        assert!(now(kept.store().create_account(account("Ann"))));
        opened(kept.store(), 0, 0);
        let (mut clock, mut retired, mut current, mut over) = (0, Vec::new(), 0_u16, false);
        for (back, pause) in steps {
            clock += pause;
            let shown = current.saturating_sub(back);
            let resumed = resume(kept.store(), shown, current + 1, clock);
            let stale = retired.get(usize::from(shown)).is_some_and(|since| clock - since > GRACE);
            let expected = if over { "revoked" } else if stale { "replayed" } else { "session" };
            prop_assert_eq!(fate(&resumed), expected);
            over |= stale;
            if expected == "session" {
                retired.push(clock);
                current += 1;
            }
        }
    }
}

#[test]
fn an_account_is_kept_once_and_found_by_its_key() {
    both(|kept| {
        let ann = account("Ann");
        assert_eq!(now(kept.store().account(&key("ann"))), None);
        assert!(now(kept.store().create_account(ann.clone())));
        assert!(!now(kept.store().create_account(Account { name: "ANN".into(), ..ann.clone() })));
        kept.reopen();
        assert_eq!(now(kept.store().account(&key("ann"))), Some(ann));
    });
}

#[test]
fn a_verifier_changes_only_from_what_it_was() {
    with_ann(|kept| {
        let change = |from: &str, to: &str| VerifierChange {
            key: key("ann"),
            from: from.into(),
            to: to.into(),
            leaves_only: None,
            now: at(1),
        };
        assert!(!now(kept.store().change_verifier(change("$wrong", "$new"))));
        assert!(now(kept.store().change_verifier(change("$secret$Ann", "$new"))));
        assert!(!now(kept.store().change_verifier(change("$secret$Ann", "$newer"))));
        assert_eq!(now(kept.store().account(&key("ann"))).unwrap().verifier, "$new");
    });
}

#[test]
fn a_changed_verifier_ends_the_sessions_it_is_told_to() {
    for (leaves_only, left) in [(None, 3), (Some(id(2)), 1)] {
        with_ann(|kept| {
            (1..4).for_each(|n| opened(kept.store(), n, 0));
            let (from, to) = ("$secret$Ann".into(), "$new".into());
            let change = VerifierChange { key: key("ann"), from, to, leaves_only, now: at(1) };
            assert!(now(kept.store().change_verifier(change)));
            assert_eq!(now(kept.store().accounts(at(1)))[0].sessions, left);
            assert_eq!(now(kept.store().revocations(0)).sessions.len(), 3 - left);
            assert!(now(kept.store().touch(id(2), at(1))));
        });
    }
}

#[test]
fn a_session_that_has_ended_changes_no_verifier() {
    for revoked in [true, false] {
        with_ann(|kept| {
            opened(kept.store(), 1, 0);
            let second = if revoked { 1 } else { LIFE };
            if revoked {
                now(kept.store().revoke(Revoke::Session(id(1)), at(1)));
            }
            let (from, to) = (account("Ann").verifier, "$new".into());
            let change = VerifierChange { key: key("ann"), from, to, leaves_only: Some(id(1)), now: at(second) };
            assert!(!now(kept.store().change_verifier(change)));
            assert_eq!(now(kept.store().account(&key("ann"))), Some(account("Ann")));
        });
    }
}

#[test]
fn a_session_that_is_held_is_not_idle_however_late_that_is_noted() {
    with_ann(|kept| {
        opened(kept.store(), 1, 0);
        assert!(now(kept.store().touch(id(1), at(2 * IDLE))));
        assert_eq!(fate(&resume(kept.store(), 1, 2, 3 * IDLE - 1)), "session");
    });
}

#[test]
fn accounts_are_listed_with_the_sessions_that_are_open() {
    with_ann(|kept| {
        assert!(now(kept.store().create_account(account("Bob"))));
        opened(kept.store(), 1, 0);
        opened(kept.store(), 2, 10);
        let summary = |name: &str, sessions, seen| AccountSummary { name: name.into(), created: at(0), sessions, seen };
        let bob = summary("Bob", 0, None);
        assert_eq!(now(kept.store().accounts(at(20))), [summary("Ann", 2, Some(at(10))), bob.clone()]);
        let idle = now(kept.store().accounts(at(IDLE)));
        assert_eq!(idle, [summary("Ann", 1, Some(at(10))), bob]);
    });
}

#[test]
fn a_deleted_account_takes_its_sessions_along_and_leaves_its_name_free() {
    with_ann(|kept| {
        opened(kept.store(), 1, 0);
        assert!(now(kept.store().delete_account(&key("ann"), at(1))));
        assert!(!now(kept.store().delete_account(&key("ann"), at(1))));
        assert_eq!(fate(&resume(kept.store(), 1, 2, 2)), "revoked");
        assert_eq!(now(kept.store().revocations(0)).sessions, [id(1)]);
        assert!(now(kept.store().create_account(account("Ann"))));
        assert_eq!(now(kept.store().accounts(at(2)))[0].sessions, 0);
    });
}

#[test]
fn a_session_needs_an_account() {
    both(|kept| assert!(!now(kept.store().open_session(session(1, 0)))));
}

#[test]
fn a_session_is_not_opened_by_a_password_that_was_changed_or_whose_account_was_made_anew() {
    for deletes in [false, true] {
        with_ann(|kept| {
            let (from, to) = (account("Ann").verifier, "$new".to_owned());
            if deletes {
                now(kept.store().delete_account(&key("ann"), at(1)));
                now(kept.store().create_account(Account { verifier: to.clone(), ..account("Ann") }));
            } else {
                let change = VerifierChange { key: key("ann"), from, to: to.clone(), leaves_only: None, now: at(1) };
                assert!(now(kept.store().change_verifier(change)));
            }
            assert!(!now(kept.store().open_session(session(1, 2))));
            assert!(now(kept.store().open_session(NewSession { verifier: to, ..session(1, 2) })));
        });
    }
}

#[test]
fn a_token_resumes_its_session_and_gives_way_to_the_next() {
    with_ann(|kept| {
        opened(kept.store(), 1, 0);
        let session = Session { id: id(1), account: key("ann"), name: "Ann".into(), expires: at(LIFE) };
        assert_eq!(resume(kept.store(), 9, 2, 1), Resumed::Unknown);
        assert_eq!(resume(kept.store(), 1, 2, 1), Resumed::Session(session.clone()));
        kept.reopen();
        assert_eq!(resume(kept.store(), 2, 3, 2), Resumed::Session(session));
    });
}

#[test]
fn a_lost_answer_is_forgiven_within_the_grace_which_does_not_begin_again() {
    with_ann(|kept| {
        opened(kept.store(), 1, 0);
        assert_eq!(fate(&resume(kept.store(), 1, 2, 100)), "session");
        assert_eq!(fate(&resume(kept.store(), 1, 3, 100 + GRACE)), "session");
        assert_eq!(fate(&resume(kept.store(), 1, 4, 101 + GRACE)), "replayed");
        // And nobody gets in any more, not with the newest one either.
        assert_eq!(fate(&resume(kept.store(), 3, 4, 101 + GRACE)), "revoked");
        assert_eq!(now(kept.store().revocations(0)), Revocations { sessions: vec![id(1)], last: 1 });
    });
}

#[test]
fn a_session_expires_when_nobody_held_it_for_too_long_or_at_its_end() {
    with_ann(|kept| {
        opened(kept.store(), 1, 0);
        opened(kept.store(), 2, 0);
        assert!(now(kept.store().touch(id(1), at(IDLE - 1))));
        assert_eq!(fate(&resume(kept.store(), 1, 11, IDLE)), "session");
        assert_eq!(fate(&resume(kept.store(), 2, 12, IDLE)), "expired");
        for second in (IDLE..LIFE).step_by(1_000) {
            assert!(now(kept.store().touch(id(1), at(second))), "{second}");
        }
        assert_eq!(fate(&resume(kept.store(), 11, 12, LIFE)), "expired");
        assert!(!now(kept.store().touch(id(1), at(LIFE))));
    });
}

#[test]
fn an_account_has_at_most_ten_sessions_and_the_oldest_gives_way() {
    with_ann(|kept| {
        (0..12).for_each(|n| opened(kept.store(), n, n.into()));
        assert_eq!(now(kept.store().accounts(at(12)))[0].sessions, MOST_SESSIONS);
        assert_eq!(now(kept.store().revocations(0)).sessions, [id(0), id(1)]);
        assert_eq!(fate(&resume(kept.store(), 1, 100, 12)), "revoked");
        assert_eq!(fate(&resume(kept.store(), 2, 101, 12)), "session");
    });
}

#[test]
fn sessions_are_revoked_once_and_by_account_or_one_by_one() {
    with_ann(|kept| {
        (1..4).for_each(|n| opened(kept.store(), n, 0));
        assert_eq!(now(kept.store().revoke(Revoke::Session(id(2)), at(1))), 1);
        assert_eq!(now(kept.store().revoke(Revoke::Session(id(2)), at(1))), 0);
        assert_eq!(now(kept.store().revoke(Revoke::Session(id(9)), at(1))), 0);
        assert!(!now(kept.store().touch(id(2), at(1))));
        assert_eq!(now(kept.store().revoke(Revoke::Account(key("ann")), at(2))), 2);
        assert_eq!(now(kept.store().revoke(Revoke::Account(key("bob")), at(2))), 0);
    });
}

#[test]
fn the_log_goes_on_where_its_reader_stopped_and_its_numbers_outlive_its_rows() {
    with_ann(|kept| {
        assert_eq!(now(kept.store().revocations(0)), Revocations::default());
        (1..4).for_each(|n| opened(kept.store(), n, 0));
        now(kept.store().revoke(Revoke::Session(id(1)), at(1)));
        let first = now(kept.store().revocations(0));
        now(kept.store().revoke(Revoke::Session(id(3)), at(1)));
        assert_eq!(now(kept.store().revocations(first.last)), Revocations { sessions: vec![id(3)], last: 2 });
        // A day later nobody is interested.
        let later = at(1) + 24.hours();
        now(kept.store().revoke(Revoke::Session(id(3)), later));
        kept.reopen();
        assert_eq!(now(kept.store().revocations(0)), Revocations { sessions: vec![], last: 2 });
    });
}

#[test]
fn what_has_ended_is_remembered_for_a_day_beyond_its_time() {
    with_ann(|kept| {
        opened(kept.store(), 1, 0);
        now(kept.store().revoke(Revoke::Session(id(1)), at(1)));
        let day = 86_400;
        opened(kept.store(), 2, LIFE + day - 1);
        assert_eq!(fate(&resume(kept.store(), 1, 9, LIFE + day)), "revoked");
        opened(kept.store(), 3, LIFE + day);
        assert_eq!(fate(&resume(kept.store(), 1, 9, LIFE + day)), "unknown");
        assert_eq!(now(kept.store().dump(Table::Sessions)).len(), 2);
    });
}

#[test]
fn a_session_remembers_a_thousand_tokens() {
    let kept = Kept::in_memory();
    assert!(now(kept.store().create_account(account("Ann"))));
    opened(kept.store(), 0, 0);
    for n in 0..1_500 {
        assert_eq!(fate(&resume(kept.store(), n, n + 1, n.into())), "session");
    }
    let line = &now(kept.store().dump(Table::Sessions))[0];
    assert!(line.contains("\"tokens\":1001}"), "{line}");
    assert_eq!(fate(&resume(kept.store(), 499, 9_000, 1_500)), "unknown");
    assert_eq!(fate(&resume(kept.store(), 500, 9_000, 1_500)), "replayed");
}

fn ban(nick: Option<&str>, address: Option<&str>) -> Ban {
    Ban {
        key: BanKey(format!("{nick:?} {address:?}")),
        nick: nick.map(Into::into),
        address: address.map(ip),
        reason: "loud".into(),
        since: at(0),
        until: Some(at(600)),
    }
}

#[test]
fn a_ban_is_kept_until_it_is_lifted_and_a_new_one_takes_its_place() {
    both(|kept| {
        let bob = ban(Some("Bób"), Some("192.0.2.7"));
        let net = Ban { until: None, since: at(1), ..ban(None, Some("2001:db8::")) };
        now(kept.store().keep_ban(bob.clone()));
        now(kept.store().keep_ban(net.clone()));
        let longer = Ban { until: Some(at(900)), reason: String::new(), address: None, ..bob };
        now(kept.store().keep_ban(longer.clone()));
        kept.reopen();
        assert_eq!(now(kept.store().bans()), [longer.clone(), net.clone()]);
        assert!(now(kept.store().lift_ban(&longer.key)));
        assert!(!now(kept.store().lift_ban(&longer.key)));
        kept.reopen();
        assert_eq!(now(kept.store().bans()), [net]);
        let line = r#"{"table":"bans","nick":null,"address":"2001:db8::","reason":"loud","since":"2027-01-15T08:00:01.000000Z","until":null}"#;
        assert_eq!(now(kept.store().dump(Table::Bans)), [line]);
    });
}

#[test]
fn a_dump_has_everything_but_secrets() {
    with_ann(|kept| {
        now(kept.store().introduce(ip("::1"), "Bob".into(), at(0)));
        opened(kept.store(), 0xab, 0);
        let people = r#"{"table":"people","ip":"::1","name":"Bob","since":"2027-01-15T08:00:00.000000Z"}"#;
        assert_eq!(now(kept.store().dump(Table::People)), [people]);
        let accounts = r#"{"table":"accounts","name":"Ann","key":"ann","created":"2027-01-15T08:00:00.000000Z"}"#;
        assert_eq!(now(kept.store().dump(Table::Accounts)), [accounts]);
        let sessions = now(kept.store().dump(Table::Sessions));
        let fields: serde_json::Value = serde_json::from_str(&sessions[0]).unwrap();
        assert_eq!(fields["id"], "ab".repeat(16));
        assert_eq!(fields["idle_s"], IDLE);
        assert_eq!(fields["revoked"], serde_json::Value::Null);
    });
}

#[test]
fn matches_are_kept_in_the_order_they_ended_in() {
    both(|kept| {
        let played = |n: i64, how| Match {
            ended: at(9 - n),
            winner: format!("192.0.2.1:{n}"),
            loser: "unix".into(),
            score: (3, 1),
            how,
        };
        for (n, how) in (0..).zip([MatchEnd::Played, MatchEnd::Left, MatchEnd::Silent]) {
            now(kept.store().keep_match(played(n, how)));
        }
        kept.reopen();
        let lines = now(kept.store().dump(Table::Matches));
        let first = r#"{"table":"matches","ended":"2027-01-15T08:00:09.000000Z","winner":"192.0.2.1:0","loser":"unix","score":"3:1","how":"played"}"#;
        assert_eq!((lines.len(), lines[0].as_str()), (3, first));
        assert!(lines[1].contains("left") && lines[2].contains("silent"), "{lines:?}");
    });
}

#[test]
fn an_operator_works_beside_the_server_and_each_sees_what_the_other_did() {
    let kept = Kept::in_a_folder();
    let place = Kept::place(kept.dir.as_ref().unwrap());
    assert!(matches!(open(&place, Role::Server, |_| ()), Err(StoreError::InUse { .. })));
    let operator = open(&place, Role::Operator, |_| ()).unwrap();
    assert!(now(operator.create_account(account("Ann"))));
    opened(kept.store(), 1, 0);
    assert_eq!(now(operator.revoke(Revoke::Account(key("ann")), at(1))), 1);
    assert_eq!(now(kept.store().revocations(0)).sessions, [id(1)]);
    drop(operator);
    assert!(now(kept.store().account(&key("ann"))).is_some());
}

#[test]
fn what_is_no_database_is_refused_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(&Kept::place(&dir), Role::Server, |_| ()).unwrap());
    let file = dir.path().join("data/store.db");
    std::fs::write(&file, "a diary, and by no means a database of any kind".repeat(100)).unwrap();
    let refusal = open(&Kept::place(&dir), Role::Server, |_| ()).unwrap_err().to_string();
    assert_eq!(refusal, format!("the store failed: {}: file is not a database", file.display()));
}

#[test]
fn of_many_who_introduce_themselves_at_once_one_is_first() {
    both(|kept| {
        let store = kept.store();
        let (said, heard) = mpsc::channel();
        std::thread::scope(|scope| {
            for n in 0..32 {
                let said = said.clone();
                scope.spawn(move || said.send(now(store.introduce(ip("192.0.2.7"), n.to_string(), at(0)))).unwrap());
            }
        });
        drop(said);
        let winner = now(store.name_at(ip("192.0.2.7"))).unwrap();
        let (new, known): (Vec<_>, Vec<_>) = heard.iter().partition(|found| *found == Introduced::New);
        assert_eq!(new.len(), 1);
        assert!(known.iter().all(|found| *found == Introduced::Known(winner.clone())));
    });
}

#[test]
fn who_does_not_wait_for_the_answer_has_asked_all_the_same() {
    both(|kept| {
        let introduced = kept.store().introduce(ip("192.0.2.8"), "Ann".into(), at(0));
        // Polled once, then dropped.
        wait(async {
            tokio::select! { biased; _ = introduced => {}, () = std::future::ready(()) => {} }
        });
        // The desk does one thing after the other.
        assert!(now(kept.store().forget(ip("192.0.2.8"))));
    });
}
