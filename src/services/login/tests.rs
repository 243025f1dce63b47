//! Conversations with `login` in memory, with hashes that cost little.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::{JoinHandle, LocalSet, spawn_local, yield_now};
use tokio::time::{Instant, advance};

use super::super::name::Rule;
use super::super::rehearsal::stage;
use super::visit::MOST_BEFORE;
use super::*;
use crate::framing::{Codec, MessageStream};
use crate::net::Endpoint;
use crate::store::{self, Place, Revoke, Role, VerifierChange};

/// Somebody who talks to `login` in lines.
struct Client {
    stream: DuplexStream,
    codec: Codec,
    talk: JoinHandle<io::Result<Ending>>,
}

/// Whose wall clock goes as the clock of the test does. A clock that is paused jumps ahead, by a minute at most, while
/// a thread is waited for and a session is held.
fn house(terms: Terms) -> Arc<Login> {
    let (start, began) = (Timestamp::now(), Instant::now());
    house_by(terms, move || start + began.elapsed())
}

fn house_by(terms: Terms, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Arc<Login> {
    let store = store::open(&Place::Memory, Role::Server, |_| {}).unwrap();
    let mut login = Login::new(Framing::Lines, terms, Tools { store, audit: AuditLog::mute() }).unwrap();
    login.cost = Cost::least();
    login.hashing = Hashing::with(1);
    login.decoy = login.cost.decoy();
    login.clock = Box::new(clock);
    Arc::new(login)
}

fn terms() -> Terms {
    Terms { rate: 1000, ..Terms::default() }
}

impl Client {
    /// Whoever has heard the greeting.
    async fn new(login: &Arc<Login>) -> Self {
        let (stream, conn) = stage();
        let mut client = Self::on(login, stream, conn);
        assert!(client.hear().await.starts_with("OK REGISTER NAME PASSWORD | LOGIN "));
        client
    }

    fn on(login: &Arc<Login>, stream: DuplexStream, conn: Conn) -> Self {
        let login = Arc::clone(login);
        let talk = spawn_local(async move { login.serve(conn).await });
        Self { stream, codec: Codec::new(Framing::Lines), talk }
    }

    async fn hear(&mut self) -> String {
        self.stream.recv_text(&mut self.codec).await.unwrap().expect("an answer")
    }

    async fn ask(&mut self, text: &str) -> String {
        self.stream.send_text(&mut self.codec, text).await.unwrap();
        self.hear().await
    }

    /// The token that the answer to `text` holds.
    async fn enter(&mut self, text: &str) -> String {
        let answer = self.ask(text).await;
        let words: Vec<&str> = answer.split(' ').collect();
        assert!(matches!(words[..], ["OK", "token", _, "expires", _]), "{text}: {answer}");
        words[2].to_owned()
    }

    /// What still comes, and how it ends.
    async fn end(mut self) -> (String, Ending) {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest).await.unwrap();
        drop(self.stream);
        (rest, self.talk.await.unwrap().unwrap())
    }

    async fn leave(self) {
        drop(self.stream);
        let _ = self.talk.await.unwrap();
    }
}

/// Keeps the thread for passwords at work until the sender is dropped.
async fn keep_busy(login: &Arc<Login>) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    let busy = Arc::clone(login);
    spawn_local(async move { busy.hashing.run(pending(), move |_| held.recv()).await.map(drop) });
    until(|| login.hashing.is_at_work()).await;
    release
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let patience = std::time::Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(std::time::Instant::now() < patience, "it never came to it");
        yield_now().await;
    }
}

fn key(name: &str) -> AccountKey {
    AccountKey(Name::parse(name, Rule::Word).unwrap().key())
}

async fn scene(play: impl Future<Output = ()>) {
    LocalSet::new().run_until(play).await;
}

#[tokio::test]
async fn a_session_begins_with_a_password_and_goes_on_with_a_token() {
    scene(async {
        let login = house(terms());
        let mut anna = Client::new(&login).await;
        let token = anna.enter("REGISTER Anna s3cretpass").await;
        assert!(token.starts_with("sky1_"), "{token}");
        assert_eq!(anna.ask("WHOAMI").await, "OK Anna");
        assert_eq!(anna.ask("LOGIN anna s3cretpass").await, "ERR inside somebody is logged in; LOGOUT first");
        assert_eq!(anna.ask("QUIT").await, "OK bye");
        assert!(matches!(anna.end().await, (rest, Ending::WeClosed) if rest.is_empty()));

        let mut anna = Client::new(&login).await;
        assert_eq!(anna.ask("WHOAMI").await, "ERR outside nobody is logged in; REGISTER, LOGIN or RESUME first");
        let next = anna.enter(&format!("resume {token}")).await;
        assert_ne!(next, token);
        assert_eq!(anna.ask("whoami").await, "OK Anna");
        assert_eq!(anna.ask("LOGOUT").await, "OK logged out");
        assert_eq!(anna.ask("WHOAMI").await, "ERR outside nobody is logged in; REGISTER, LOGIN or RESUME first");
        for token in [token, next] {
            assert_eq!(
                anna.ask(&format!("RESUME {token}")).await,
                "ERR token this token is not good any more; LOGIN again"
            );
        }
        anna.enter("LOGIN ANNA s3cretpass").await;
        assert_eq!(anna.ask("WHOAMI").await, "OK Anna", "as she wrote it first");
    })
    .await;
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike_and_three_end_it() {
    scene(async {
        let login = house(terms());
        Client::new(&login).await.enter("REGISTER anna s3cretpass").await;
        let mut guest = Client::new(&login).await;
        assert_eq!(guest.ask("LOGIN anna wrong-pass").await, "ERR denied wrong name or password");
        assert_eq!(guest.ask("LOGIN bert wrong-pass").await, "ERR denied wrong name or password");
        let wait = "ERR wait the next try is in 1 s, because earlier ones were wrong";
        assert_eq!(guest.ask("LOGIN anna s3cretpass").await, wait);
        assert!(matches!(guest.end().await, (rest, Ending::WeClosed) if rest.is_empty()));
        let mut guest = Client::new(&login).await;
        assert_eq!(guest.ask("LOGIN bert s3cretpass").await, wait);
        assert_eq!(guest.ask("RESUME sky1_no").await, "ERR token this token is not good any more; LOGIN again");
        assert_eq!(guest.ask("LOGIN bert s3cretpass").await, wait);
        assert!(matches!(guest.end().await, (rest, Ending::WeClosed) if rest.is_empty()), "too soon counts as well");
    })
    .await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_so_before_anything_is_looked_up() {
    scene(async {
        let login = house(terms());
        let mut guest = Client::new(&login).await;
        let long = format!("REGISTER anna {}", "x".repeat(1025));
        for (said, code) in [
            ("REGISTER anna short", "password"),
            (&long, "password"),
            ("REGISTER anna PassWord123", "password"),
            ("LOGIN anna short", "password"),
            ("REGISTER an\u{202e}na s3cretpass", "name"),
            ("REGISTER", "command"),
            ("HELLO", "command"),
            ("", "command"),
        ] {
            let answer = guest.ask(said).await;
            assert!(answer.starts_with(&format!("ERR {code} ")), "{said}: {answer}");
        }
        guest.enter("REGISTER anna s3cretpass").await;
        guest.ask("LOGOUT").await;
        for alike in ["Anna", "аnna", "ａｎｎａ"] {
            let answer = guest.ask(&format!("REGISTER {alike} 0ther-pass")).await;
            assert_eq!(answer, "ERR taken this name, or one that looks like it, is taken", "{alike}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_ended_ends_where_it_is_held() {
    scene(async {
        let login = house(terms());
        let mut first = Client::new(&login).await;
        let token = first.enter("REGISTER anna s3cretpass").await;
        let mut same = Client::new(&login).await;
        let stolen = same.enter(&format!("RESUME {token}")).await;
        let mut second = Client::new(&login).await;
        second.enter("LOGIN anna s3cretpass").await;

        assert_eq!(second.ask("PASSWD wrong-pass n3w-secret").await, "ERR denied wrong name or password");
        assert!(second.ask("PASSWD s3cretpass n3w-secret").await.starts_with("ERR wait the next try is in 1 s"));
        // Another session's guesses do not count.
        let next = first.enter("PASSWD s3cretpass n3w-secret").await;
        for mut other in [second, same] {
            assert_eq!(other.hear().await, "ERR revoked this session was ended; LOGIN again");
            assert!(matches!(other.end().await.1, Ending::WeClosed));
        }
        let mut thief = Client::new(&login).await;
        assert!(thief.ask(&format!("RESUME {token}")).await.starts_with("ERR token "));
        assert!(thief.ask(&format!("RESUME {stolen}")).await.starts_with("ERR token "));
        assert_eq!(first.ask("WHOAMI").await, "OK anna", "the one who changed it");
        let mut same = Client::new(&login).await;
        same.enter(&format!("RESUME {next}")).await;

        assert_eq!(first.ask("LOGOUT").await, "OK logged out");
        assert_eq!(same.hear().await, "ERR revoked this session was ended; LOGIN again");
        assert_eq!(first.ask("LOGIN anna s3cretpass").await, "ERR denied wrong name or password");
        let mut other = Client::new(&login).await;
        assert!(other.ask("LOGIN anna n3w-secret").await.starts_with("ERR wait "), "the account waits, whoever comes");

        let mut bert = Client::new(&login).await;
        bert.enter("REGISTER bert s3cretpass").await;
        assert_eq!(login.store.revoke(Revoke::Account(key("bert")), login.now()).await.unwrap(), 1);
        assert_eq!(bert.hear().await, "ERR revoked this session was ended; LOGIN again");
    })
    .await;
}

#[tokio::test]
async fn a_login_under_way_does_not_survive_a_new_password_or_a_new_account() {
    scene(async {
        let login = house(terms());
        for (name, deletes) in [("anna", false), ("bert", true)] {
            Client::new(&login).await.enter(&format!("REGISTER {name} s3cretpass")).await;
            let account = login.store.account(&key(name)).await.unwrap().unwrap();
            let thread = keep_busy(&login).await;
            let mut guest = Client::new(&login).await;
            guest.stream.send_text(&mut guest.codec, &format!("LOGIN {name} s3cretpass")).await.unwrap();
            until(|| login.hashing.waiting() == 1).await;
            let verifier = login.cost.make(&Password::parse("n3w-secret").unwrap(), &mut Workspace::default());
            if deletes {
                assert!(login.store.delete_account(&account.key, login.now()).await.unwrap());
                assert!(login.store.create_account(Account { verifier, ..account }).await.unwrap());
            } else {
                let (from, now) = (account.verifier, login.now());
                let change = VerifierChange { key: account.key, from, to: verifier, asked_by: None, now };
                assert!(login.store.change_verifier(change).await.unwrap());
            }
            drop(thread);
            assert_eq!(guest.hear().await, "ERR denied wrong name or password");
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_registers_does_not_wait_for_what_was_guessed_before() {
    scene(async {
        let login = house(terms());
        assert!(Client::new(&login).await.ask("LOGIN anna wrong-pass").await.starts_with("ERR denied "));
        let mut anna = Client::new(&login).await;
        anna.enter("REGISTER anna s3cretpass").await;
        anna.ask("LOGOUT").await;
        anna.enter("LOGIN anna s3cretpass").await;
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ended_before_it_was_noted_here_is_not_let_in() {
    scene(async {
        let login = house(terms());
        let mut anna = Client::new(&login).await;
        anna.enter("REGISTER anna s3cretpass").await;
        let held = login.presence.attach(SessionId([7; 16]));
        assert!(!login.touch(SessionId([7; 16])).await, "of which nobody knows");
        drop(held);
        assert!(anna.ask("WHOAMI").await.starts_with("OK"));
    })
    .await;
}

#[tokio::test]
async fn a_token_that_was_replaced_is_good_for_half_a_minute_and_then_ends_its_session() {
    scene(async {
        let (second, start) = (Arc::new(AtomicU64::new(0)), Timestamp::now());
        let now = Arc::clone(&second);
        let login = house_by(terms(), move || start + Duration::from_secs(now.load(Relaxed)));
        let mut anna = Client::new(&login).await;
        let first = anna.enter("REGISTER anna s3cretpass").await;
        anna.leave().await;
        let mut anna = Client::new(&login).await;
        anna.enter(&format!("RESUME {first}")).await;
        anna.leave().await;
        // The answer got lost.
        second.store(20, Relaxed);
        let mut anna = Client::new(&login).await;
        let third = anna.enter(&format!("RESUME {first}")).await;
        anna.leave().await;
        second.store(20 + 31, Relaxed);
        let mut thief = Client::new(&login).await;
        assert!(thief.ask(&format!("RESUME {first}")).await.starts_with("ERR token "));
        thief.leave().await;
        let mut anna = Client::new(&login).await;
        assert!(anna.ask(&format!("RESUME {third}")).await.starts_with("ERR token "), "nobody knows who is who");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_holds_ends_and_one_that_is_held_goes_on() {
    scene(async {
        let login = house(terms());
        let mut anna = Client::new(&login).await;
        let token = anna.enter("REGISTER anna s3cretpass").await;
        for _ in 0..4 {
            advance(Duration::from_secs(20 * 60)).await;
            assert_eq!(anna.ask("WHOAMI").await, "OK anna");
        }
        anna.leave().await;
        advance(Duration::from_secs(20 * 60)).await;
        let mut anna = Client::new(&login).await;
        let token = anna.enter(&format!("RESUME {token}")).await;
        anna.leave().await;
        advance(Duration::from_secs(32 * 60)).await;
        let mut anna = Client::new(&login).await;
        assert!(anna.ask(&format!("RESUME {token}")).await.starts_with("ERR token "));
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_ended_while_its_passwd_waits_changes_no_password() {
    scene(async {
        let login = house(terms());
        let mut anna = Client::new(&login).await;
        anna.enter("REGISTER anna s3cretpass").await;
        let account = login.store.account(&key("anna")).await.unwrap();
        let thread = keep_busy(&login).await;
        anna.stream.write_all(b"PASSWD s3cretpass n3w-secret\n").await.unwrap();
        until(|| login.hashing.waiting() == 1).await;
        assert_eq!(login.store.revoke(Revoke::Account(key("anna")), login.now()).await.unwrap(), 1);
        assert_eq!(anna.hear().await, "ERR revoked this session was ended; LOGIN again");
        drop(thread);
        assert!(matches!(anna.end().await.1, Ending::WeClosed));
        assert_eq!(login.store.account(&key("anna")).await.unwrap(), account);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_held_session_outlives_a_stall_that_is_longer_than_it_may_be_idle() {
    scene(async {
        let login = house(terms());
        let mut anna = Client::new(&login).await;
        anna.enter("REGISTER anna s3cretpass").await;
        advance(Duration::from_secs(45 * 60)).await;
        assert_eq!(anna.ask("WHOAMI").await, "OK anna");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn that_a_session_is_not_held_any_more_is_noted_also_after_a_reset() {
    scene(async {
        let login = house(terms());
        let mut anna = Client::new(&login).await;
        anna.enter("REGISTER anna s3cretpass").await;
        advance(Duration::from_secs(1)).await;
        let left = login.now();
        // An answer to nobody is as good as a reset.
        anna.stream.write_all(b"WHOAMI\n").await.unwrap();
        drop(anna.stream);
        anna.talk.await.unwrap().unwrap_err();
        let accounts = login.store.accounts(left).await.unwrap();
        assert!(accounts[0].seen.is_some_and(|seen| seen >= left), "{accounts:?}");
    })
    .await;
}

#[tokio::test]
async fn a_message_may_be_longer_once_somebody_is_logged_in_and_what_is_too_long_is_an_error_as_others_are() {
    scene(async {
        let login = house(terms());
        let mut anna = Client::new(&login).await;
        anna.enter("REGISTER anna s3cretpass").await;
        assert!(anna.ask(&"x".repeat(5000)).await.starts_with("ERR command "));
        assert_eq!(anna.ask("LOGOUT").await, "OK logged out");
        assert_eq!(anna.ask(&"x".repeat(5000)).await, "ERR framing Message too long (at most 4096 bytes)");
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_name() {
    scene(async {
        let mut guest = Client::new(&house(terms())).await;
        guest.stream.write_all(b"REGISTER x\xff s3cretpass\n").await.unwrap();
        assert!(guest.hear().await.starts_with("ERR name "));
    })
    .await;
}

#[tokio::test]
async fn an_address_pays_for_each_account_that_it_makes() {
    scene(async {
        let login = house(Terms { rate: 2, ..Terms::default() });
        let addr = |text: &str| Endpoint::from(text.parse::<SocketAddr>().unwrap());
        for (name, answer) in [("anna", "OK token "), ("bert", "OK token "), ("carl", "ERR wait ")] {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            let conn = Conn::new(theirs, addr("127.0.0.1:4000"), addr("127.0.0.1:5562"));
            let mut client = Client::on(&login, ours, conn);
            client.hear().await;
            assert!(client.ask(&format!("REGISTER {name} s3cretpass")).await.starts_with(answer), "{name}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_has_no_more_time_before_login_than_others() {
    scene(async {
        let login = house(terms());
        let (mut ours, theirs) = tokio::io::duplex(MOST_BEFORE);
        let conn = Conn::new(theirs, Endpoint::Unix(None), Endpoint::Unix(None));
        let (began, door) = (Instant::now(), Arc::clone(&login));
        let talk = spawn_local(async move { door.serve(conn).await });
        ours.write_all(&b"x\n".repeat(MOST_BEFORE / 2)).await.unwrap();
        assert!(matches!(talk.await.unwrap().unwrap(), Ending::TimedOut));
        assert!(began.elapsed() <= Duration::from_secs(41), "and ten seconds to read why");
    })
    .await;
}

#[tokio::test]
async fn headers_and_delimiters_count_as_what_is_said_before_login() {
    scene(async {
        for (framing, message, most) in [
            (Framing::U64Be, &[0; 8][..], 512),
            (Framing::Ascii10, b"         0", 409),
            (Framing::Lines, b"\r\n", 2048),
        ] {
            let mut login = house(terms());
            Arc::get_mut(&mut login).unwrap().framing = framing;
            let (ours, conn) = stage();
            let mut client = Client::on(&login, ours, conn);
            client.codec = Codec::new(framing);
            client.hear().await;
            client.stream.write_all(&message.repeat(most + 1)).await.unwrap();
            for _ in 0..most {
                assert!(client.hear().await.starts_with("ERR command "), "{framing}");
            }
            assert!(client.hear().await.starts_with("ERR limit "), "{framing}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_held_ends_at_its_age() {
    scene(async {
        let login = house(Terms { life: Duration::from_secs(3600), ..terms() });
        let began = Instant::now();
        let mut anna = Client::new(&login).await;
        anna.enter("REGISTER anna s3cretpass").await;
        assert_eq!(anna.hear().await, "ERR expired this session is too old; LOGIN again");
        assert!(began.elapsed() >= Duration::from_secs(3600));
        assert!(matches!(anna.end().await.1, Ending::WeClosed));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_logged_in_has_30_seconds_and_4_kib() {
    scene(async {
        let login = house(terms());
        let (began, limit) = (Instant::now(), "ERR limit at most 4096 bytes and 30 s until somebody is logged in\n");
        let silent = Client::new(&login).await;
        assert_eq!(silent.end().await.0, limit);
        assert!(began.elapsed() >= Duration::from_secs(30));

        let mut loud = Client::new(&login).await;
        let mut answers = 0;
        while loud.ask(&"x".repeat(99)).await.starts_with("ERR command ") {
            answers += 1;
        }
        assert_eq!(answers, 40, "of 100 bytes each");
        assert_eq!(loud.end().await.0, "");

        let mut long = Client::new(&login).await;
        long.stream.write_all(&[b'x'; 4097]).await.unwrap();
        assert_eq!(long.end().await.0, "ERR framing Message too long (at most 4096 bytes)\n");
    })
    .await;
}

#[tokio::test]
async fn everything_at_once_is_answered_in_order_also_after_half_close() {
    scene(async {
        let login = house(terms());
        let mut hasty = Client::new(&login).await;
        hasty
            .stream
            .write_all(b"REGISTER anna s3cretpass\r\nWHOAMI\nPASSWD s3cretpass n3w-secret\nLOGOUT\n")
            .await
            .unwrap();
        hasty.stream.write_all(b"LOGIN anna n3w-secret\nWHOAMI\n").await.unwrap();
        hasty.stream.shutdown().await.unwrap();
        let (answers, ending) = hasty.end().await;
        let answers: Vec<&str> = answers.lines().collect();
        assert!(answers[0].starts_with("OK token ") && answers[4].starts_with("OK token "), "{answers:?}");
        assert_eq!(
            [answers[1], &answers[2][..9], answers[3], answers[5]],
            ["OK anna", "OK token ", "OK logged out", "OK anna"]
        );
        assert!(matches!(ending, Ending::PeerClosed));
    })
    .await;
}

#[tokio::test]
async fn passwords_and_tokens_are_refused_over_plain_tcp_from_elsewhere() {
    scene(async {
        let addr = |text: &str| Endpoint::from(text.parse::<SocketAddr>().unwrap());
        let client = |login: &Arc<Login>, peer: &str| {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            Client::on(login, ours, Conn::new(theirs, addr(peer), addr("192.0.2.1:5562")))
        };
        let login = house(terms());
        for peer in ["192.0.2.7:4000", "[2001:db8::7]:4000"] {
            let mut guest = client(&login, peer);
            let refusal = guest.hear().await;
            assert!(refusal.starts_with("ERR insecure ") && refusal.contains("--insecure-login"), "{refusal}");
            for said in ["REGISTER anna s3cretpass", "LOGIN anna s3cretpass", "RESUME sky1_x"] {
                assert_eq!(guest.ask(said).await, refusal, "{said}");
            }
            assert_eq!(guest.ask("QUIT").await, "OK bye");
        }
        for peer in ["127.0.0.1:4000", "[::1]:4000", "[::ffff:127.0.0.1]:4000"] {
            assert!(client(&login, peer).hear().await.starts_with("OK "), "{peer}");
        }
        let login = house(Terms { insecure: true, ..terms() });
        let mut guest = client(&login, "192.0.2.7:4000");
        assert!(guest.hear().await.starts_with("OK "));
        guest.enter("REGISTER anna s3cretpass").await;
    })
    .await;
}

#[tokio::test]
async fn a_failure_elsewhere_does_not_keep_out_who_has_a_token() {
    scene(async {
        let login = house(Terms { rate: 1, ..Terms::default() });
        let mut anna = Client::new(&login).await;
        let token = anna.enter("REGISTER anna s3cretpass").await;
        let mut thief = Client::new(&login).await;
        assert!(thief.ask("LOGIN anna wrong-pass").await.starts_with("ERR denied "));
        assert!(thief.ask("LOGIN anna wrong-pass").await.starts_with("ERR wait "));
        let mut more = Client::new(&login).await;
        more.enter(&format!("RESUME {token}")).await;
        anna.enter("PASSWD s3cretpass n3w-secret").await;
    })
    .await;
}

#[tokio::test]
async fn a_password_that_was_hashed_otherwise_is_hashed_anew_when_it_is_said() {
    scene(async {
        let login = house(terms());
        let name = Name::parse("anna", Rule::Word).unwrap();
        let account = account(&name, &Password::parse("s3cretpass").unwrap(), login.now());
        assert!(account.verifier.contains("m=19456,"), "{}", account.verifier);
        assert!(login.store.create_account(account.clone()).await.unwrap());
        let mut anna = Client::new(&login).await;
        anna.enter("LOGIN anna s3cretpass").await;
        let kept = login.store.account(&account.key).await.unwrap().unwrap().verifier;
        assert!(kept.contains("m=8,"), "{kept}");
        assert_eq!(anna.ask("WHOAMI").await, "OK anna", "no session ends by it");
        assert_eq!(anna.ask("LOGOUT").await, "OK logged out");
        anna.enter("LOGIN anna s3cretpass").await;
    })
    .await;
}
