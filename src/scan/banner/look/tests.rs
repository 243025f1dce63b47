//! Tests of whole looks, at servers in memory.

use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, DuplexStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};

use super::*;
use crate::scan::banner::LARGEST;
use crate::scan::banner::certificate::tests::issue;

const PATIENCE: Duration = Duration::from_secs(2);

fn whom(port: u16) -> Whom {
    Whom { address: (Ipv4Addr::LOCALHOST, port).into(), name: None }
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
    let started = Instant::now();
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

// ---- inside TLS ----

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

#[tokio::test(start_paused = true)]
async fn names_without_end_are_cut() {
    let many: Vec<String> = (0..500).map(|number| format!("host{number}.example.org")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let (big, _) = seen(443, secured(&names, &[], |_| Some(Vec::new()))).await;
    assert!(big.why.contains("host7.example.org and 493 more, until"), "{big:?}");
}
