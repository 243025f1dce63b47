//! Tests of the whole room: golden bytes against the table, whole looks at servers in memory, and the looker against
//! listeners of ours. Greetings are written from the protocols' own papers.

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};

use super::backlog::Backlog;
use super::look::{Effort, look};
use super::probe::{Answer, MARKER, PROBES, Request, Told, Whom, questions, recognise};
use super::stream::Dial;
use super::{LARGEST, Looker, Seen, certificate};
use crate::scan::{Finding, Host, HostReport, News, Progress, Verdict};

const PATIENCE: Duration = Duration::from_secs(2);

// ---- the table ----

fn known(port: u16, sent: &[u8], bytes: &[u8]) -> Option<(&'static str, Told)> {
    let answer = Answer { port, sent, bytes, ended: true, after_end: false };
    recognise(&answer).map(|(probe, told)| (probe.name, told))
}

#[test]
fn what_servers_say_first_is_known_by_its_golden_bytes() {
    let handshake = b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xf7\xff\x02\0\xff\xc1\x15";
    let maria = b"\x59\0\0\0\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\0\x1e\0\0\0abcdefgh\0";
    let refusal = b"\x41\0\0\0\xff\x6a\x04Host '10.0.0.9' is not allowed to connect to this MySQL server";
    for (port, bytes, service, why) in [
        (22, &b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n"[..], "ssh", "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13"),
        (443, b"SSH-2.0-dropbear_2022.83\r\n\0\0\x01\xbc", "ssh", "SSH-2.0-dropbear_2022.83"),
        (25, b"220 mail.example.org ESMTP Postfix\r\n", "smtp", "220 mail.example.org ESMTP Postfix"),
        (4025, b"220-mx.example.org ESMTP\r\n220 x\r\n", "smtp", "220-mx.example.org ESMTP"),
        (25, b"554 no service here\r\n", "smtp", "554 no service here (port 25)"),
        (21, b"220 (vsFTPd 3.0.5)\r\n", "ftp", "220 (vsFTPd 3.0.5)"),
        (21, b"220 Welcome\r\n", "ftp", "220 Welcome (port 21)"),
        (2100, b"220 ProFTPD Server (Debian)\r\n", "ftp", "220 ProFTPD Server (Debian)"),
        (143, b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", "imap", "* OK [CAPABILITY IMAP4rev1] Dovecot ready."),
        (110, b"+OK Dovecot ready.\r\n", "pop3", "+OK Dovecot ready."),
        (119, b"200 news.example.org InterNetNews NNRP server ready\r\n", "nntp", "(port 119)"),
        (3306, handshake, "mysql", "protocol 10, version 8.0.36"),
        (3307, maria, "mysql", "protocol 10, version 5.5.5-10.11.6-MariaDB-0+deb12u1"),
        (3306, refusal, "mysql", "Host '10.0.0.9' is not allowed"),
        (5900, b"RFB 003.008\n", "rfb", "RFB 003.008"),
        (873, b"@RSYNCD: 31.0\n", "rsync", "@RSYNCD: 31.0"),
        (3690, b"( success ( 2 2 ( ) ( edit-pipeline ) ) ) ", "svn", "( success ( 2 2"),
        (4222, b"INFO {\"server_id\":\"N\",\"version\":\"2.10.7\"} \r\n", "nats", "\"version\":\"2.10.7\""),
        (6667, b":irc.example.org NOTICE * :*** Looking up your hostname...\r\n", "irc", "NOTICE * "),
        (19, b" !\"#$%&'()*+,-./0123456789:;<=>?\r\n", "chargen", " !\"#$%&'()*+,-./0123456789"),
        (23, b"\xff\xfd\x18\xff\xfd\x20", "telnet", "IAC DO 24"),
        (13, b"Sat Nov 21 09:47:59 2026\r\n", "daytime", "Sat Nov 21 09:47:59 2026"),
        (5561, b"What is your name?\n", "identify", "What is your name?"),
        (5561, b"Hello, Anna!\n", "identify", "Hello, Anna!"),
        (5562, b"OK REGISTER NAME PASSWORD | LOGIN NAME PASSWORD | QUIT\n", "login", "OK REGISTER NAME"),
        (5563, b"Rock-paper-scissors, first to 3. Waiting for an opponent.\n", "rps", "first to 3"),
        (5564, b"Nick?\n", "chat", "Nick?"),
    ] {
        let (name, told) = known(port, b"", bytes).unwrap_or_else(|| panic!("{}", bytes.escape_ascii()));
        let said = told.why.unwrap();
        assert_eq!(name, service, "{}", bytes.escape_ascii());
        assert!(said.contains(why), "{said} has no {why}");
    }
}

#[test]
fn what_servers_answer_is_known_by_its_golden_bytes() {
    let question = |name: &str| match PROBES.iter().find(|probe| probe.name == name).unwrap().request {
        Request::Bytes(bytes) => bytes,
        _ => MARKER,
    };
    let (redis, amqp, dns) = (question("redis"), question("amqp"), question("domain"));
    let start = b"\x01\0\0\0\0\x01\xf3\0\x0a\0\x0a\0\x09\0\0\x01\xce\x0ccapabilities";
    let unknown = b"-ERR unknown command 'sockeye-looks-7c41b9', with args beginning with: \r\n";
    for (sent, bytes, service, why) in [
        (MARKER, MARKER, "echo", "our own bytes came back"),
        (MARKER, &MARKER.to_ascii_uppercase(), "upper", "our own bytes came back in upper case"),
        (MARKER, b"SERVER RECEIVED: sockeye-looks-7c41b9\r\n", "prefix", "SERVER RECEIVED: sockeye-looks"),
        (b"HEAD / HTTP/1.1\r\n", b"HTTP/1.0 501 No\r\nSERVER: a/1\r\n\r\n", "http", "HTTP/1.0 501 No, server a/1"),
        (
            MARKER,
            b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.24.0\r\n\r\n",
            "http",
            "400 Bad Request, server nginx/1.24.0",
        ),
        (MARKER, b"\x15\x03\x03\0\x02\x02\x0a", "tls", "TLS alert unexpected_message"),
        (b"\x16\x03\x01", b"\x16\x03\x03\0\x5a\x02\0\0\x56\x03\x03", "tls", "a ServerHello"),
        (redis, b"+PONG\r\n", "redis", "+PONG"),
        (redis, b"-NOAUTH Authentication required.\r\n", "redis", "-NOAUTH Authentication required."),
        (MARKER, unknown, "redis", "-ERR unknown command"),
        (question("postgresql"), b"N", "postgresql", "N to an SSLRequest"),
        (MARKER, b"E\0\0\0\x33SFATAL\0VFATAL\0C08P01\0Minvalid length\0\0", "postgresql", "an error: invalid length"),
        (question("memcache"), b"VERSION 1.6.24\r\n", "memcache", "VERSION 1.6.24"),
        (b"TIME", b"2026-11-21T09:47:59Z\n", "utc", "2026-11-21T09:47:59Z"),
        (b"Time", b"2026-11-21T10:47:59+01:00", "greet", "2026-11-21T10:47:59+01:00"),
        (question("mqtt"), b"\x20\x02\0\x05", "mqtt", "CONNACK: not authorized"),
        (question("mqtt"), b"\x20\x03\0\x84\0", "mqtt", "CONNACK: code 132"),
        (amqp, start, "amqp", "Connection.Start, version 0-9"),
        (amqp, b"AMQP\x03\x01\0\0", "amqp", "a header of version 1.0.0, protocol 3"),
        (dns, b"\0\x11\x73\x6f\x80\x05\0\x01\0\0\0\0\0\0\0\0\x02\0\x01", "domain", "a response with code 5"),
        (
            question("ms-wbt-server"),
            b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\x0f\x08\0\x02\0\0\0",
            "ms-wbt-server",
            "confirm",
        ),
        (b"HEAD / HTTP/1.1\r\n", b"RTSP/1.0 400 Bad Request\r\n\r\n", "rtsp", "RTSP/1.0 400 Bad Request"),
        (b"HEAD / HTTP/1.1\r\n", b"SIP/2.0 400 Bad Request\r\n\r\n", "sip", "SIP/2.0 400 Bad Request"),
    ] {
        let (name, told) = known(1, sent, bytes).unwrap_or_else(|| panic!("{}", bytes.escape_ascii()));
        let said = told.why.unwrap();
        assert_eq!(name, service, "{}", bytes.escape_ascii());
        assert!(said.contains(why), "{said} has no {why}");
    }
}

#[test]
fn an_answer_that_only_points_somewhere_says_where() {
    for (sent, bytes, ask) in [
        (MARKER, &b"Unknown command\r\n"[..], &["greet", "utc"][..]),
        (MARKER, b"ERROR\r\n", &["memcache"]),
        (MARKER, b"<!DOCTYPE HTML>\n<html>", &["http"]),
        (b"PING\r\n", b"PING\r\n", &["echo"]),
    ] {
        assert_eq!(known(1, sent, bytes).unwrap().1, Told { why: None, ask }, "{}", bytes.escape_ascii());
    }
}

#[test]
fn whatever_is_sent_back_is_never_taken_for_a_protocol() {
    let whom = whom(1);
    for request in questions(1).into_iter().map(|probe| probe.request.bytes(&whom)).filter(|sent| !sent.is_empty()) {
        for back in [request.clone(), request.to_ascii_uppercase()] {
            let (name, told) = known(1, &request, &back).unwrap();
            assert!(["echo", "upper"].contains(&name) || told.ask == ["echo"], "{}: {name}", request.escape_ascii());
        }
    }
}

#[test]
fn rows_have_names_of_their_own_and_hints_name_rows() {
    for (at, probe) in PROBES.iter().enumerate() {
        assert!(PROBES[..at].iter().all(|other| other.name != probe.name), "{} is there twice", probe.name);
    }
    let asked = PROBES.iter().filter(|probe| probe.request != Request::Nothing).count();
    for port in [1, 80, 443, 6379, 5555] {
        assert_eq!(questions(port).len(), asked);
        assert!(port == 1 || questions(port)[0].ports.contains(&port));
    }
}

#[test]
fn the_docs_show_the_table() {
    let docs = include_str!("../../../docs/banners.md");
    let rows: Vec<String> = PROBES.iter().map(row).collect();
    let shown: Vec<&str> = docs.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(shown, rows, "docs/banners.md has to have these rows:\n{}\n", rows.join("\n"));
}

/// A row of the table in `docs/banners.md`.
fn row(probe: &super::probe::Probe) -> String {
    let asked = match probe.request {
        Request::Nothing => "–".to_owned(),
        Request::Marker => "a line of our own, then the end of our side".to_owned(),
        Request::Head => "`HEAD / HTTP/1.1`".to_owned(),
        Request::Handshake => "a handshake, and `HEAD` inside".to_owned(),
        Request::Bytes(bytes) => format!("`{}`", bytes.escape_ascii()),
    };
    let name = probe.secured.map_or_else(|| format!("`{}`", probe.name), |tls| format!("`{}`, `{tls}`", probe.name));
    let ports: Vec<String> = probe.ports.iter().map(u16::to_string).collect();
    format!("| {name} | {} | {asked} | {} |", ports.join(" "), probe.sign)
}

proptest::proptest! {
    #[test]
    fn no_answer_breaks_the_table_or_a_line(port: u16, start in 0..PROBES.len() + 4, rest: Vec<u8>) {
        let starts = [&b"HTTP/1.1 "[..], b"SSH-", b"220 SMTP ", b"\x20\x02"];
        let mut bytes = match PROBES.get(start) {
            Some(probe) => probe.request.bytes(&whom(port)),
            None => starts[start - PROBES.len()].to_vec(),
        };
        bytes.extend(rest);
        for sent in [&b""[..], MARKER, &bytes] {
            if let Some((_, Told { why: Some(why), .. })) = known(port, sent, &bytes) {
                proptest::prop_assert!(!why.chars().any(char::is_control), "{why:?}");
            }
        }
    }

    #[test]
    fn no_certificate_breaks_a_line(bytes: Vec<u8>) {
        proptest::prop_assert!(!certificate::describe(&bytes).chars().any(char::is_control));
    }

    #[test]
    fn no_cut_certificate_breaks_anything(at: usize, byte: u8) {
        let mut der = issue(&["example.org"]).0;
        let at = at % der.len();
        der[at] = byte;
        proptest::prop_assert!(!certificate::describe(&der).chars().any(char::is_control));
        certificate::describe(&der[..at]);
    }
}

// ---- whole looks, in memory ----

fn whom(port: u16) -> Whom {
    Whom { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port), name: None }
}

/// A server in memory: what it does with each connection.
struct Fake<F> {
    serve: F,
    calls: AtomicUsize,
}

type Served = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

impl<F: Fn(DuplexStream) -> Served + Sync> Dial for Fake<F> {
    type Stream = DuplexStream;

    async fn dial(&self, _: Duration) -> io::Result<DuplexStream> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn((self.serve)(theirs));
        Ok(ours)
    }
}

/// What a look at `port` sees where `serve` answers, and how many connections it took.
async fn seen(port: u16, serve: impl Fn(DuplexStream) -> Served + Sync) -> (Seen, usize) {
    let fake = Fake { serve, calls: AtomicUsize::new(0) };
    let seen = look(&fake, &whom(port), PATIENCE, Effort::Full).await;
    (seen, fake.calls.into_inner())
}

/// Says `greeting`, then answers each segment by `answer`, which closes by having none.
fn talks(greeting: &'static [u8], answer: fn(&[u8]) -> Option<Vec<u8>>) -> impl Fn(DuplexStream) -> Served + Sync {
    move |mut stream| {
        Box::pin(async move {
            stream.write_all(greeting).await?;
            let mut buffer = [0; 4096];
            loop {
                let count = stream.read(&mut buffer).await?;
                match (count > 0).then(|| answer(&buffer[..count])).flatten() {
                    Some(bytes) => stream.write_all(&bytes).await?,
                    None => return Ok(()),
                }
            }
        })
    }
}

/// Takes everything and says nothing.
fn nothing(_: &[u8]) -> Option<Vec<u8>> {
    Some(Vec::new())
}

fn service(seen: &Seen) -> &str {
    seen.service.as_deref().unwrap_or("none")
}

#[tokio::test(start_paused = true)]
async fn an_echo_server_is_an_echo_server_on_any_port() {
    for port in [7, 80, 443, 1883, 3389, 5432, 5555, 5672, 6379, 11211, 40000] {
        let (seen, _) = seen(port, talks(b"", |bytes| Some(bytes.to_vec()))).await;
        assert_eq!((service(&seen), &seen.why[..]), ("echo", "our own bytes came back"), "port {port}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_upper_server_is_one_on_any_port() {
    for port in [7, 80, 6379, 11211, 40000] {
        let (seen, _) = seen(port, talks(b"", |bytes| Some(bytes.to_ascii_uppercase()))).await;
        assert_eq!(service(&seen), "upper", "port {port}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_speaks_first_is_not_asked() {
    let (seen, calls) = seen(22, talks(b"SSH-2.0-OpenSSH_9.6\r\n", nothing)).await;
    assert_eq!((service(&seen), calls), ("ssh", 1));
    assert_eq!(seen.bytes, b"SSH-2.0-OpenSSH_9.6\r\n");
}

#[tokio::test(start_paused = true)]
async fn who_says_something_unknown_is_quoted_and_not_asked() {
    let (seen, calls) = seen(4000, talks(b"\x1b]0;owned\x07 hi\r\nyou", nothing)).await;
    assert_eq!((service(&seen), calls), ("none", 1));
    assert_eq!(seen.why, r"not known: \u{1b}]0;owned\u{7} hi\r\nyou");
}

#[tokio::test(start_paused = true)]
async fn a_silent_port_is_asked_on_fresh_connections_until_its_time_is_over() {
    let (seen, calls) = seen(4000, talks(b"", nothing)).await;
    assert_eq!(service(&seen), "none");
    assert!(seen.why.starts_with("silent to "), "{seen:?}");
    assert!(calls > 4, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn little_effort_is_the_likeliest_question() {
    let fake = Fake { serve: talks(b"", nothing), calls: AtomicUsize::new(0) };
    let seen = look(&fake, &whom(80), PATIENCE, Effort::Little).await;
    assert_eq!((&seen.why[..], fake.calls.into_inner()), ("silent to 2 questions", 3));
    let fake = Fake { serve: talks(b"", |_| Some(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())), calls: AtomicUsize::new(0) };
    assert_eq!(service(&look(&fake, &whom(80), PATIENCE, Effort::Little).await), "http");
}

#[tokio::test(start_paused = true)]
async fn what_this_machine_lacks_is_not_said_of_the_port() {
    struct Short;
    impl Dial for Short {
        type Stream = DuplexStream;

        async fn dial(&self, _: Duration) -> io::Result<DuplexStream> {
            Err(rustix::io::Errno::MFILE.into())
        }
    }
    let seen = look(&Short, &whom(80), PATIENCE, Effort::Full).await;
    assert_eq!((service(&seen), &seen.why[..]), ("none", "this machine was short: too many open files"));
}

#[tokio::test(start_paused = true)]
async fn printers_are_only_listened_to() {
    let (seen, calls) = seen(9100, talks(b"", nothing)).await;
    assert_eq!((&seen.why[..], calls), ("silent; printers are not asked", 1));
}

#[tokio::test(start_paused = true)]
async fn who_closes_at_once_is_not_asked() {
    let (seen, calls) = seen(4000, |_| Box::pin(async { Ok(()) })).await;
    assert_eq!((&seen.why[..], calls), ("closes without a word", 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_known_by_a_question_has_its_name_on_any_port() {
    fn commands(bytes: &[u8]) -> Option<Vec<u8>> {
        Some(if bytes == b"TIME" { b"2026-11-21T09:47:59Z".to_vec() } else { b"Unknown command".to_vec() })
    }
    fn cache(bytes: &[u8]) -> Option<Vec<u8>> {
        Some(if bytes == b"version\r\n" { b"VERSION 1.6.24\r\n".to_vec() } else { b"ERROR\r\n".to_vec() })
    }
    fn web(bytes: &[u8]) -> Option<Vec<u8>> {
        let ok = bytes.starts_with(b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1");
        Some(if ok { b"HTTP/1.1 200 OK\r\nServer: x/2\r\n\r\n".to_vec() } else { b"<html>400</html>".to_vec() })
    }
    fn database(bytes: &[u8]) -> Option<Vec<u8>> {
        (bytes.len() == 8).then(|| b"S".to_vec())
    }
    type Case = (fn(&[u8]) -> Option<Vec<u8>>, &'static str, &'static str);
    let cases: [Case; 4] = [
        (commands, "utc", "2026-11-21T09:47:59Z"),
        (cache, "memcache", "VERSION 1.6.24"),
        (web, "http", "HTTP/1.1 200 OK, server x/2"),
        (database, "postgresql", "S to an SSLRequest"),
    ];
    for (answer, name, why) in cases {
        for port in [80, 443, 40000] {
            let (seen, _) = seen(port, talks(b"", answer)).await;
            assert_eq!((service(&seen), &seen.why[..]), (name, why), "port {port}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_answers_at_the_end_of_our_side_is_collect() {
    let (seen, _) = seen(5558, |mut stream| {
        Box::pin(async move {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await?;
            stream.write_all(&all).await
        })
    })
    .await;
    assert_eq!(service(&seen), "collect", "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_read_no_further_than_the_bound() {
    let (seen, calls) = seen(4000, |mut stream| {
        Box::pin(async move {
            loop {
                stream.write_all(&[b'x'; 4096]).await?;
            }
        })
    })
    .await;
    assert_eq!((seen.bytes.len(), calls), (LARGEST, 1));
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_has_a_deadline() {
    let started = tokio::time::Instant::now();
    let (seen, calls) = seen(4000, |mut stream| {
        Box::pin(async move {
            loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
    })
    .await;
    assert_eq!((service(&seen), calls), ("none", 1));
    assert!(seen.bytes.len() <= 3, "{seen:?}");
    assert!(started.elapsed() <= PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_bad_request_that_is_no_tls_stays_http() {
    let (seen, calls) =
        seen(8080, talks(b"", |_| Some(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n".to_vec()))).await;
    assert_eq!((service(&seen), &seen.why[..]), ("http", "HTTP/1.1 400 Bad Request, server x"));
    assert_eq!(calls, 3, "listening, HEAD, and the handshake that it might have wanted");
}

#[tokio::test(start_paused = true)]
async fn garbage_and_alerts_in_a_handshake_are_only_that() {
    let (garbage, _) = seen(443, talks(b"", |_| Some(vec![0x16, 3, 3, 0xff, 0xff, 2, 0, 0, 1]))).await;
    assert_eq!((service(&garbage), &garbage.why[..]), ("tls", "a ServerHello"));
    let (alert, _) = seen(443, talks(b"", |_| Some(b"\x15\x03\x01\0\x02\x02\x46".to_vec()))).await;
    assert_eq!(alert.why, "TLS alert protocol_version (it has none of 1.2 and 1.3)");
}

// ---- TLS ----

/// A certificate for these names, whose key signs it, until the end of January 2031.
fn issue(names: &[&str]) -> (Vec<u8>, KeyPair) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, names[0]);
    params.subject_alt_names = names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
    params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    params.not_after = date_time_ymd(2031, 1, 31);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().der().to_vec(), key)
}

/// A TLS server with these names and protocols that talks inside as `talks` does.
fn secured(
    names: &[&str],
    alpn: &[&[u8]],
    talk: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + Copy + 'static,
) -> impl Fn(DuplexStream) -> Served + Sync {
    let (certificate, key) = issue(names);
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(vec![certificate.into()], key).unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    move |stream| {
        let acceptor = acceptor.clone();
        Box::pin(async move {
            let mut stream = acceptor.accept(stream).await?;
            if let Some(greeting) = talk(b"") {
                stream.write_all(&greeting).await?;
            }
            let mut buffer = [0; 4096];
            loop {
                let count = stream.read(&mut buffer).await?;
                match (count > 0).then(|| talk(&buffer[..count])).flatten() {
                    Some(bytes) => stream.write_all(&bytes).await?,
                    None => return Ok(()),
                }
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn https_is_named_with_its_certificate_and_its_server() {
    fn web(bytes: &[u8]) -> Option<Vec<u8>> {
        bytes.starts_with(b"HEAD / ").then(|| b"HTTP/1.1 200 OK\r\nServer: x/2\r\n\r\n".to_vec())
    }
    for port in [443, 40000] {
        let (seen, _) = seen(port, secured(&["example.org", "www.example.org"], &[b"h2", b"http/1.1"], web)).await;
        let why = "TLS 1.3, ALPN http/1.1, certificate for example.org, www.example.org, 127.0.0.1, until 2031-01-31; \
                   HTTP/1.1 200 OK, server x/2";
        assert_eq!((service(&seen), &seen.why[..]), ("https", why));
        assert!(seen.bytes.starts_with(b"HTTP/1.1 200 OK"));
    }
}

#[tokio::test(start_paused = true)]
async fn mail_inside_tls_speaks_first() {
    fn mail(bytes: &[u8]) -> Option<Vec<u8>> {
        bytes.is_empty().then(|| b"* OK IMAP4rev1 ready\r\n".to_vec())
    }
    let (seen, _) = seen(993, secured(&["mail.example.org"], &[b"imap"], mail)).await;
    assert_eq!(service(&seen), "imaps", "{seen:?}");
    assert!(seen.why.ends_with("until 2031-01-31; * OK IMAP4rev1 ready"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_inside_tls_is_tls() {
    let (seen, _) = seen(443, secured(&["example.org"], &[], |_| Some(Vec::new()))).await;
    assert_eq!(service(&seen), "tls");
    assert!(seen.why.starts_with("TLS 1.3, certificate for example.org"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn names_without_end_are_cut_and_those_of_a_prankster_escaped() {
    let many: Vec<String> = (0..500).map(|number| format!("host{number}.example.org")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let (big, _) = seen(443, secured(&names, &[], |_| Some(Vec::new()))).await;
    assert!(big.why.contains("host7.example.org and 493 more, until"), "{big:?}");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "evil\x1b[2J\u{202e}");
    let key = KeyPair::generate().unwrap();
    let said = certificate::describe(params.self_signed(&key).unwrap().der());
    assert!(said.starts_with(r"certificate for evil\u{1b}[2J\u{202e}, until "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_a_megabyte_is_not_read() {
    // TLS 1.2: a ServerHello without extensions, then a certificate whose length says what it will be.
    let hello = [&b"\x02\0\0\x26\x03\x03"[..], &[7; 32], b"\0\xc0\x2f\0"].concat();
    let messages = [hello, b"\x0b\x10\0\x03\x10\0\0\x0f\xff\xfd".to_vec(), vec![0x30; 1 << 20]].concat();
    let record = |part: &[u8]| [&[22, 3, 3][..], &u16::try_from(part.len()).unwrap().to_be_bytes(), part].concat();
    let bytes: &'static [u8] = messages.chunks(1 << 14).flat_map(record).collect::<Vec<u8>>().leak();
    let (seen, _) = seen(443, |mut stream| {
        Box::pin(async move {
            let _hello = stream.read(&mut [0; 4096]).await?;
            stream.write_all(bytes).await
        })
    })
    .await;
    assert_eq!((service(&seen), &seen.why[..]), ("tls", "a ServerHello"), "{seen:?}");
    assert_eq!(seen.bytes.len(), LARGEST);
}

// ---- the order of news ----

fn of(host: u8, port: u16) -> Finding {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)), 0);
    Finding { host: Host { address, name: None }, ..finding(port) }
}

proptest::proptest! {
    /// Hosts find ports and end, looks end in any order, and it may all be given up at any time.
    #[test]
    fn everything_comes_out_once_and_a_host_behind_its_ports(steps: Vec<(u8, u8)>) {
        let (mut backlog, mut out, mut away, mut in_) = (Backlog::default(), Vec::new(), Vec::new(), Vec::new());
        let mut reported = [false; 4];
        for (at, (what, which)) in steps.into_iter().enumerate() {
            let host = which % 4;
            match what % 4 {
                _ if what % 4 < 2 && !reported[usize::from(host)] => {
                    let port = u16::try_from(at).unwrap();
                    in_.push(format!("{host} {port}"));
                    backlog.add(of(host, port));
                }
                2 if !reported[usize::from(host)] => {
                    reported[usize::from(host)] = true;
                    in_.push(format!("{host} ends"));
                    out.extend(backlog.hold(HostReport { host: of(host, 0).host, ..report() }).map(News::Host));
                }
                3 if !away.is_empty() => {
                    let number = away.swap_remove(usize::from(which) % away.len());
                    out.extend(backlog.done(number, None));
                }
                _ => away.extend(backlog.take_waiting().map(|(number, ..)| number)),
            }
        }
        out.extend(backlog.give_up());
        proptest::prop_assert!(backlog.is_empty() && !backlog.is_full());
        let host = |host: &Host| match host.address.ip() { IpAddr::V4(ip) => ip.octets()[3], IpAddr::V6(_) => 0 };
        let mut told: Vec<String> = Vec::new();
        for news in &out {
            match news {
                News::Open(finding) => {
                    let end = format!("{} ends", host(&finding.host));
                    proptest::prop_assert!(!told.contains(&end), "a port behind its host");
                    told.push(format!("{} {}", host(&finding.host), finding.port));
                }
                News::Host(report) => told.push(format!("{} ends", host(&report.host))),
                News::Unbegun { .. } | News::Progress(_) => {}
            }
        }
        told.sort();
        in_.sort();
        proptest::prop_assert_eq!(told, in_);
    }
}

#[test]
fn a_host_that_is_silent_everywhere_is_asked_less_until_it_says_something() {
    let silent = || Some(Seen { service: None, why: String::new(), bytes: Vec::new() });
    let mut backlog = Backlog::default();
    // One that stays, so that the host is not forgotten.
    for port in 0..300 {
        backlog.add(finding(port));
    }
    backlog.take_waiting().unwrap();
    let efforts: Vec<Effort> = (0..260)
        .map(|_| {
            let (number, _, effort) = backlog.take_waiting().unwrap();
            backlog.done(number, silent());
            effort
        })
        .collect();
    assert!(efforts[..256].iter().all(|effort| *effort == Effort::Full));
    assert!(efforts[256..].iter().all(|effort| *effort == Effort::Little));
    backlog.done(0, Some(Seen { bytes: b"x".to_vec(), ..silent().unwrap() }));
    assert_eq!(backlog.take_waiting().unwrap().2, Effort::Full);
}

// ---- the looker, with sockets ----

fn finding(port: u16) -> Finding {
    let host = Host { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), name: None };
    Finding { host, port, verdict: Verdict::Accepted, rtt: None, seen: None }
}

fn report() -> HostReport {
    let host = finding(0).host;
    HostReport { host, verdicts: vec![Verdict::Accepted; 3], rtt: None, loss: 0.0, answers_everything: false }
}

/// Accepts for ever and gives each connection to `serve`, on a thread that ends with the process.
fn listener(serve: fn(std::net::TcpStream) -> io::Result<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

fn echo(mut stream: std::net::TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count])?;
    }
}

fn greets(mut stream: std::net::TcpStream) -> io::Result<()> {
    stream.write_all(b"SSH-2.0-test\r\n")?;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).map(|_| ())
}

fn words(news: &News) -> String {
    match news {
        News::Open(finding) => {
            format!(
                "{} {}",
                finding.port,
                finding.seen.as_ref().and_then(|seen| seen.service.as_deref()).unwrap_or("-")
            )
        }
        News::Host(_) => "host".to_owned(),
        News::Unbegun { .. } => "unbegun".to_owned(),
        News::Progress(_) => "progress".to_owned(),
    }
}

#[test]
fn a_host_is_reported_behind_its_ports_and_progress_at_once() {
    let (ssh, echo) = (listener(greets), listener(echo));
    let mut told = Vec::new();
    let mut tell = |news: News| told.push(words(&news));
    let mut looker = Looker::open(PATIENCE).unwrap();
    looker.pass(News::Open(finding(ssh)), &mut tell);
    looker.pass(News::Open(finding(echo)), &mut tell);
    looker.pass(News::Host(report()), &mut tell);
    looker.pass(News::Progress(Progress::default()), &mut tell);
    looker.finish(&AtomicBool::new(false), &mut tell);
    assert_eq!((told[0].as_str(), told[3].as_str()), ("progress", "host"), "{told:?}");
    told[1..3].sort();
    let mut ports = [format!("{ssh} ssh"), format!("{echo} echo")];
    ports.sort();
    assert_eq!(told[1..3], ports);
}

#[test]
fn a_look_ends_with_a_reset_so_that_no_port_stays_in_time_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = std::thread::spawn(move || greets(listener.accept().unwrap().0));
    let mut looker = Looker::open(PATIENCE).unwrap();
    looker.pass(News::Open(finding(port)), &mut |_| {});
    looker.finish(&AtomicBool::new(false), &mut |_| {});
    assert_eq!(peer.join().unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_host_without_open_ports_is_reported_at_once() {
    let mut told = Vec::new();
    let mut looker = Looker::open(PATIENCE).unwrap();
    looker.pass(News::Host(report()), &mut |news| told.push(words(&news)));
    assert_eq!(told, ["host"]);
}

#[test]
fn more_ports_than_are_looked_at_at_once_come_out_once_each() {
    let port = listener(greets);
    let mut told = Vec::new();
    let mut looker = Looker::open(PATIENCE).unwrap();
    for _ in 0..2000 {
        looker.pass(News::Open(finding(port)), &mut |news| told.push(words(&news)));
    }
    looker.pass(News::Host(report()), &mut |news| told.push(words(&news)));
    looker.finish(&AtomicBool::new(false), &mut |news| told.push(words(&news)));
    assert_eq!(told.len(), 2001);
    assert!(told[..2000].iter().all(|line| *line == format!("{port} ssh")), "{:?}", told.first());
    assert_eq!(told[2000], "host");
}

#[test]
fn who_is_told_to_stop_gives_back_what_it_has() {
    // Accepted by the system, and never answered.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut told = Vec::new();
    let mut looker = Looker::open(Duration::from_secs(3600)).unwrap();
    for _ in 0..1500 {
        looker.pass(News::Open(finding(port)), &mut |news| told.push(words(&news)));
    }
    looker.pass(News::Host(report()), &mut |news| told.push(words(&news)));
    looker.finish(&AtomicBool::new(true), &mut |news| told.push(words(&news)));
    assert_eq!(told.len(), 1501);
    assert!(told[..1500].iter().all(|line| *line == format!("{port} -")));
    assert_eq!(told[1500], "host");
}

#[test]
fn what_does_not_fit_goes_without_a_look_and_says_so() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let (mut told, mut unseen) = (0, 0);
    let mut tell = |news: News| {
        let News::Open(finding) = news else { return };
        told += 1;
        unseen += usize::from(finding.seen.is_some_and(|seen| seen.why == "not looked at: too many wait"));
    };
    let mut looker = Looker::open(Duration::from_secs(3600)).unwrap();
    for _ in 0..(1 << 16) + 20 {
        looker.pass(News::Open(finding(port)), &mut tell);
    }
    looker.finish(&AtomicBool::new(true), &mut tell);
    assert_eq!((told, unseen), ((1 << 16) + 20, 20));
}

#[test]
fn who_resets_or_is_gone_is_told_so() {
    let resets = listener(|stream| socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)));
    // Nobody listens there, and nobody else gets it.
    let kept = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    kept.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let gone = kept.local_addr().unwrap().as_socket().unwrap().port();
    for (port, why) in [(resets, "resets at once"), (gone, "not reached again: connection refused")] {
        let mut told = Vec::new();
        let mut looker = Looker::open(PATIENCE).unwrap();
        looker.pass(News::Open(finding(port)), &mut |news| told.push(news));
        looker.finish(&AtomicBool::new(false), &mut |news| told.push(news));
        let News::Open(Finding { seen: Some(seen), .. }) = &told[0] else { panic!("{told:?}") };
        assert_eq!(seen.why, why);
    }
}
