//! Probe: the table of protocols. A row says what its protocol is asked and what gives it away; whatever a port says, to
//! whatever question, is held against all rows. `docs/banners.md` shows the table to people, and a test holds it to this.

use std::net::SocketAddr;
use std::sync::Arc;

use super::signs;

/// A protocol.
pub(super) struct Probe {
    /// In the words of the IANA where it has some.
    pub(super) name: &'static str,
    /// The same inside TLS, where that has a name of its own.
    pub(super) secured: Option<&'static str>,
    pub(super) request: Request,
    /// Where it is at home: asked first there, and believed on less.
    pub(super) ports: &'static [u16],
    /// What gives it away, in words.
    #[cfg_attr(not(test), expect(dead_code, reason = "for people: the test that holds docs/banners.md to this table"))]
    pub(super) sign: &'static str,
    /// The same as code.
    pub(super) recognise: fn(&Answer) -> Option<Told>,
}

/// What is said to a port to make it talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Nothing: it speaks first, or to other questions.
    Nothing,
    /// [`MARKER`], and where no answer comes the end of our side.
    Marker,
    Bytes(&'static [u8]),
    /// `HEAD / HTTP/1.1`, to the host by name.
    Head,
    /// A TLS handshake, and inside it `HEAD`, except where a protocol is at home that speaks first.
    Handshake,
}

/// Whom a look goes to.
#[derive(Clone, Debug)]
pub(super) struct Whom {
    pub(super) address: SocketAddr,
    pub(super) name: Option<Arc<str>>,
}

/// What a port said, and to what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) port: u16,
    /// Empty where we said nothing.
    pub(super) sent: &'a [u8],
    pub(super) bytes: &'a [u8],
    /// The peer ended its side behind these bytes.
    pub(super) ended: bool,
    /// They came only when we had ended ours.
    pub(super) after_end: bool,
}

/// What an answer tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// What of it told us so, escaped; none where it only points somewhere.
    pub(super) why: Option<String>,
    /// Names of rows that may tell more.
    pub(super) ask: &'static [&'static str],
}

/// The first row that knows `answer`, and what it makes of it.
pub(super) fn recognise(answer: &Answer) -> Option<(&'static Probe, Told)> {
    if answer.bytes.is_empty() {
        return None;
    }
    PROBES.iter().find_map(|probe| Some((probe, (probe.recognise)(answer)?)))
}

/// The questions for a port: first what is at home there, then what is likely.
pub(super) fn questions(port: u16) -> Vec<&'static Probe> {
    let asked = || PROBES.iter().filter(|probe| probe.request != Request::Nothing);
    asked()
        .filter(|probe| probe.ports.contains(&port))
        .chain(asked().filter(|probe| !probe.ports.contains(&port)))
        .collect()
}

/// Whether something is at home on `port` that speaks first inside TLS.
pub(super) fn speaks_first_inside_tls(port: u16) -> bool {
    let silent = |probe: &&Probe| probe.request == Request::Nothing && probe.secured.is_some();
    PROBES.iter().filter(silent).any(|probe| probe.ports.contains(&port))
}

impl Request {
    /// The bytes of it; none where there is more to do than to send some.
    pub(super) fn bytes(self, whom: &Whom) -> Vec<u8> {
        match self {
            Self::Nothing | Self::Handshake => Vec::new(),
            Self::Marker => MARKER.to_vec(),
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Head => head(whom).into_bytes(),
        }
    }
}

fn head(whom: &Whom) -> String {
    let (ip, port) = (whom.address.ip(), whom.address.port());
    let host = match &whom.name {
        Some(name) => name.to_string(),
        None if ip.is_ipv6() => format!("[{ip}]"),
        None => ip.to_string(),
    };
    // A name comes from our user, who may have typed anything.
    let host: String = host.chars().filter(char::is_ascii_graphic).collect();
    let port = if matches!(port, 80 | 443) { String::new() } else { format!(":{port}") };
    let agent = concat!("sockeye/", env!("CARGO_PKG_VERSION"));
    format!("HEAD / HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nConnection: close\r\n\r\n")
}

/// A line that nobody says by themselves; whoever sends it back has it from us. It has small letters, so that echo and
/// upper differ, and is no command of anything.
pub(super) const MARKER: &[u8] = b"sockeye-looks-7c41b9\r\n";

/// Those print what they are sent, whatever it is: nothing is sent.
pub(super) const PRINTERS: std::ops::RangeInclusive<u16> = 9100..=9107;

/// What is asked has its likelihood as its place; of those that share a sign, the one to be believed stands first.
#[rustfmt::skip]
pub(super) const PROBES: &[Probe] = &[
    // Our own bytes first, so that nothing is taken for what it only repeats.
    Probe { name: "echo", secured: None, request: Request::Marker, ports: &[7, 5555], sign: "our own bytes", recognise: signs::echo },
    Probe { name: "upper", secured: None, request: Request::Nothing, ports: &[5556], sign: "our own bytes in upper case", recognise: signs::upper },
    Probe { name: "prefix", secured: None, request: Request::Nothing, ports: &[5557], sign: "`SERVER RECEIVED: `", recognise: signs::prefix },
    Probe { name: "collect", secured: None, request: Request::Nothing, ports: &[5558], sign: "our own bytes, once our side has ended", recognise: signs::collect },
    Probe { name: "http", secured: Some("https"), request: Request::Head, ports: &[80, 81, 591, 3000, 5000, 8000, 8008, 8080, 8081, 8088, 8888, 9000, 9090, 9200], sign: "`HTTP/`", recognise: signs::http },
    Probe { name: "tls", secured: None, request: Request::Handshake, ports: &[261, 443, 465, 563, 614, 636, 853, 989, 990, 992, 993, 994, 995, 2376, 3269, 4433, 5061, 5671, 6443, 6514, 6697, 8443, 8883, 9443, 10250], sign: "a handshake or an alert", recognise: signs::tls },
    Probe { name: "ssh", secured: None, request: Request::Nothing, ports: &[22, 2222], sign: "`SSH-`", recognise: signs::ssh },
    Probe { name: "smtp", secured: Some("submissions"), request: Request::Nothing, ports: &[25, 465, 587, 2525], sign: "`220` with `SMTP`, or on its port", recognise: signs::smtp },
    Probe { name: "ftp", secured: Some("ftps"), request: Request::Nothing, ports: &[21, 990, 2121], sign: "`220` with `FTP`, or on its port", recognise: signs::ftp },
    Probe { name: "imap", secured: Some("imaps"), request: Request::Nothing, ports: &[143, 993], sign: "`* OK`, `* PREAUTH`, `* BYE`", recognise: signs::imap },
    Probe { name: "pop3", secured: Some("pop3s"), request: Request::Nothing, ports: &[110, 995], sign: "`+OK` before we speak", recognise: signs::pop3 },
    Probe { name: "nntp", secured: Some("nntps"), request: Request::Nothing, ports: &[119, 563], sign: "`200` or `201` with `NNTP`, or on its port", recognise: signs::nntp },
    Probe { name: "mysql", secured: None, request: Request::Nothing, ports: &[3306], sign: "a handshake of protocol 10, or its refusal", recognise: signs::mysql },
    Probe { name: "rfb", secured: None, request: Request::Nothing, ports: &[5900, 5901], sign: "`RFB `", recognise: signs::rfb },
    Probe { name: "rsync", secured: None, request: Request::Nothing, ports: &[873], sign: "`@RSYNCD: `", recognise: signs::rsync },
    Probe { name: "svn", secured: None, request: Request::Nothing, ports: &[3690], sign: "`( success ( `", recognise: signs::svn },
    Probe { name: "nats", secured: None, request: Request::Nothing, ports: &[4222], sign: "`INFO {`", recognise: signs::nats },
    Probe { name: "irc", secured: Some("ircs-u"), request: Request::Nothing, ports: &[6667, 6697], sign: "`NOTICE AUTH` or `NOTICE *`", recognise: signs::irc },
    Probe { name: "chargen", secured: None, request: Request::Nothing, ports: &[19], sign: "the printable characters in order", recognise: signs::chargen },
    Probe { name: "telnet", secured: Some("telnets"), request: Request::Nothing, ports: &[23, 992], sign: "an option that is offered or asked for (IAC)", recognise: signs::telnet },
    Probe { name: "identify", secured: None, request: Request::Nothing, ports: &[5561], sign: "`What is your name?`, `Hello, …!`", recognise: signs::identify },
    Probe { name: "login", secured: None, request: Request::Nothing, ports: &[5562], sign: "`OK REGISTER NAME PASSWORD`", recognise: signs::login },
    Probe { name: "rps", secured: None, request: Request::Nothing, ports: &[5563], sign: "`Rock-paper-scissors, `", recognise: signs::rps },
    Probe { name: "chat", secured: None, request: Request::Nothing, ports: &[5564], sign: "`Nick?`", recognise: signs::chat },
    Probe { name: "redis", secured: None, request: Request::Bytes(b"PING\r\n"), ports: &[6379, 26379], sign: "`+PONG`, `-NOAUTH`, `-DENIED`, `-ERR unknown command`", recognise: signs::redis },
    Probe { name: "postgresql", secured: None, request: Request::Bytes(b"\0\0\0\x08\x04\xd2\x16\x2f"), ports: &[5432, 6432], sign: "`S` or `N` to an SSLRequest, or an error with `SFATAL`", recognise: signs::postgresql },
    Probe { name: "memcache", secured: None, request: Request::Bytes(b"version\r\n"), ports: &[11211], sign: "`VERSION `", recognise: signs::memcache },
    Probe { name: "mqtt", secured: Some("secure-mqtt"), request: Request::Bytes(b"\x10\x13\0\x04MQTT\x04\x02\0\x0a\0\x07sockeye"), ports: &[1883], sign: "a CONNACK to a CONNECT", recognise: signs::mqtt },
    Probe { name: "amqp", secured: Some("amqps"), request: Request::Bytes(b"AMQP\0\0\x09\x01"), ports: &[5672], sign: "Connection.Start, or a header of another version", recognise: signs::amqp },
    Probe { name: "domain", secured: Some("domain-s"), request: Request::Bytes(b"\0\x11\x73\x6f\0\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01"), ports: &[53, 5353], sign: "a response with the number of our question", recognise: signs::domain },
    Probe { name: "ms-wbt-server", secured: None, request: Request::Bytes(b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0"), ports: &[3389], sign: "a connection confirm (X.224) to a request", recognise: signs::rdp },
    Probe { name: "greet", secured: None, request: Request::Bytes(b"Time"), ports: &[5559], sign: "a time in RFC 3339", recognise: signs::greet },
    Probe { name: "utc", secured: None, request: Request::Bytes(b"TIME"), ports: &[5560], sign: "a time in RFC 3339 with `Z`", recognise: signs::utc },
    // These are known only by answers to what others are asked.
    Probe { name: "rtsp", secured: Some("rtsps"), request: Request::Nothing, ports: &[554, 8554], sign: "`RTSP/`", recognise: signs::rtsp },
    Probe { name: "sip", secured: Some("sips"), request: Request::Nothing, ports: &[5060], sign: "`SIP/2.0`", recognise: signs::sip },
    // The least certain last.
    Probe { name: "daytime", secured: None, request: Request::Nothing, ports: &[13], sign: "one line with a time of day, then the end", recognise: signs::daytime },
];

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

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
            (
                143,
                b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n",
                "imap",
                "* OK [CAPABILITY IMAP4rev1] Dovecot ready.",
            ),
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
            (
                MARKER,
                b"E\0\0\0\x33SFATAL\0VFATAL\0C08P01\0Minvalid length\0\0",
                "postgresql",
                "an error: invalid length",
            ),
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
        for request in questions(1).into_iter().map(|probe| probe.request.bytes(&whom)).filter(|sent| !sent.is_empty())
        {
            for back in [request.clone(), request.to_ascii_uppercase()] {
                let (name, told) = known(1, &request, &back).unwrap();
                assert!(
                    ["echo", "upper"].contains(&name) || told.ask == ["echo"],
                    "{}: {name}",
                    request.escape_ascii()
                );
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
    fn row(probe: &Probe) -> String {
        let asked = match probe.request {
            Request::Nothing => "–".to_owned(),
            Request::Marker => "a line of our own, then the end of our side".to_owned(),
            Request::Head => "`HEAD / HTTP/1.1`".to_owned(),
            Request::Handshake => "a handshake, and `HEAD` inside".to_owned(),
            Request::Bytes(bytes) => format!("`{}`", bytes.escape_ascii()),
        };
        let name =
            probe.secured.map_or_else(|| format!("`{}`", probe.name), |tls| format!("`{}`, `{tls}`", probe.name));
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
    }

    fn whom(port: u16) -> Whom {
        Whom { address: (Ipv4Addr::LOCALHOST, port).into(), name: None }
    }
}
