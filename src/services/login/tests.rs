//! Conversations with `login` in memory, with hashes that cost little.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, advance};

use super::super::rehearsal::stage;
use super::*;
use crate::framing::{Codec, MessageStream};
use crate::net::Endpoint;
use crate::store::{Place, Revoke, Role, open};

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
    let store = open(&Place::Memory, Role::Server, |_| {}).unwrap();
    let mut login = Login::new(Framing::Lines, terms, Tools { store, audit: AuditLog::mute() }).unwrap();
    login.cost = Cost::least();
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
        assert_eq!(
            guest.ask("LOGIN anna s3cretpass").await,
            "ERR wait the next try is in 1 s, because earlier ones were wrong"
        );
        assert_eq!(
            guest.ask("LOGIN bert s3cretpass").await,
            "ERR wait the next try is in 1 s, because earlier ones were wrong"
        );
        assert_eq!(guest.ask("RESUME sky1_no").await, "ERR token this token is not good any more; LOGIN again");
        assert!(matches!(guest.end().await, (rest, Ending::WeClosed) if rest.is_empty()));
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
        same.enter(&format!("RESUME {token}")).await;
        let mut second = Client::new(&login).await;
        second.enter("LOGIN anna s3cretpass").await;

        assert_eq!(second.ask("PASSWD wrong-pass n3w-secret").await, "ERR denied wrong name or password");
        assert!(second.ask("PASSWD s3cretpass n3w-secret").await.starts_with("ERR wait the next try is in 1 s"));
        assert_eq!(first.ask("PASSWD s3cretpass n3w-secret").await, "OK password changed", "another session's guesses");
        assert_eq!(second.hear().await, "ERR revoked this session was ended; LOGIN again");
        assert!(matches!(second.end().await.1, Ending::WeClosed));
        assert_eq!(same.ask("WHOAMI").await, "OK anna", "the same session as the first");

        assert_eq!(first.ask("LOGOUT").await, "OK logged out");
        assert_eq!(same.hear().await, "ERR revoked this session was ended; LOGIN again");
        assert_eq!(first.ask("LOGIN anna s3cretpass").await, "ERR denied wrong name or password");
        let mut other = Client::new(&login).await;
        assert!(other.ask("LOGIN anna n3w-secret").await.starts_with("ERR wait "), "the account waits, whoever comes");

        let mut bert = Client::new(&login).await;
        bert.enter("REGISTER bert s3cretpass").await;
        let key = AccountKey(Name::parse("bert", super::super::name::Rule::Word).unwrap().key());
        assert_eq!(login.store.revoke(Revoke::Account(key), login.now()).await.unwrap(), 1);
        assert_eq!(bert.hear().await, "ERR revoked this session was ended; LOGIN again");
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
        assert_eq!(long.end().await.0, "Message too long (at most 4096 bytes)\n");
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
            [answers[1], answers[2], answers[3], answers[5]],
            ["OK anna", "OK password changed", "OK logged out", "OK anna"]
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
        assert_eq!(anna.ask("PASSWD s3cretpass n3w-secret").await, "OK password changed");
    })
    .await;
}

#[tokio::test]
async fn a_password_that_was_hashed_otherwise_is_hashed_anew_when_it_is_said() {
    scene(async {
        let login = house(terms());
        let name = Name::parse("anna", super::super::name::Rule::Word).unwrap();
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
