//! Tests of the reports: what each writes of the same news, built by hand, and what holds for all news.

use std::net::SocketAddr;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::scan::banner::Seen;
use crate::scan::ports::ranges::unfold;
use crate::scan::{Finding, HostReport, Progress, Verdict};

fn clock() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn looks() -> Looks {
    Looks { colour: Colour::Plain, reasons: Reasons::Hidden, columns: None, clock }
}

fn service(port: u16) -> Option<&'static str> {
    [(22, "ssh"), (25, "smtp"), (80, "http"), (443, "https"), (8080, "http-alt")]
        .iter()
        .find(|(number, _)| *number == port)
        .map(|(_, name)| *name)
}

fn opening(hosts: u64, ports: impl IntoIterator<Item = u16>) -> Opening {
    let targets = vec![host("192.0.2.1:0", Some("web.example")), host("[2001:db8::1]:0", None)];
    Opening { hosts, targets, ports: ports.into_iter().collect(), seed: 7, rate: NonZeroU32::new(1000), service }
}

fn host(address: &str, name: Option<&str>) -> Host {
    Host { address: address.parse::<SocketAddr>().unwrap(), name: name.map(Into::into) }
}

fn report(host: Host, verdicts: Vec<Verdict>) -> HostReport {
    HostReport { host, verdicts, rtt: Some(Duration::from_micros(61)), loss: 0.0, answers_everything: false }
}

fn finding(host: &Host, port: u16, seen: Option<(&str, &str, &[u8])>) -> News {
    let seen = seen.map(|(service, why, bytes)| Seen {
        service: Some(service.to_owned()).filter(|service| !service.is_empty()),
        why: why.to_owned(),
        bytes: bytes.to_vec(),
    });
    let rtt = Some(Duration::from_micros(u64::from(port)));
    News::Open(Finding { host: host.clone(), port, verdict: Verdict::Accepted, rtt, seen })
}

pub(super) fn found(port: u16) -> News {
    finding(&host("192.0.2.1:0", None), port, None)
}

pub(super) fn done() -> News {
    News::Host(report(host("192.0.2.1:0", None), Vec::new()))
}

/// Five hosts: all states, several reasons, IPv6 with and without a zone, names, hostile banners, one that answers
/// everything; and the scan was interrupted.
fn story() -> (Opening, Vec<News>) {
    let ports: Vec<u16> = (20..=60).chain([80, 443, 8080, 8090, 65535]).collect();
    let of = |verdict: fn(u16) -> Verdict| ports.iter().map(|port| verdict(*port)).collect::<Vec<_>>();
    let web = host("192.0.2.1:0", Some("web.example"));
    let v6 = host("[2001:db8::1]:0", None);
    let local = host("[fe80::1%2]:0", Some("ro\u{1b}[2Juter\n"));
    let liar = host("198.51.100.9:0", None);
    let dark = host("203.0.113.5:0", None);
    let web_is = of(|port| match port {
        22 | 80 | 8080 => Verdict::Accepted,
        443 => Verdict::AcceptedThenReset,
        25 | 30..=33 => Verdict::NoAnswer,
        50 => Verdict::Prohibited,
        8090 => Verdict::NoLocalPorts,
        _ => Verdict::Refused,
    });
    let v6_is = of(|port| if port == 443 { Verdict::NoAnswer } else { Verdict::Refused });
    let local_is = of(|port| match port {
        20..=22 => Verdict::HostUnreachable,
        23..=30 => Verdict::NoDescriptors,
        _ => Verdict::Interrupted,
    });
    let liar_is = of(|port| if port < 25 { Verdict::Accepted } else { Verdict::TooManyOpen });
    let news = vec![
        News::Progress(Progress::default()),
        finding(&web, 8080, Some(("", "", b"\x1b[2J]]>&\"<x>\xff\0\r\n"))),
        finding(&web, 22, Some(("ssh", "SSH-2.0-OpenSSH_9.6", b"SSH-2.0-OpenSSH_9.6\r\n"))),
        finding(&liar, 80, None),
        finding(&web, 443, Some(("ht/tp,\u{202e}", "HTTP/1.1 200, server a<b>&\"c\" \u{9b}31m ]]>\n", b""))),
        finding(&web, 80, None),
        News::Host(HostReport { loss: 0.034, ..report(web, web_is) }),
        News::Host(HostReport { answers_everything: true, rtt: None, ..report(liar, liar_is) }),
        News::Host(report(v6, v6_is)),
        News::Host(HostReport { rtt: None, ..report(local, local_is) }),
        News::Host(HostReport { rtt: None, ..report(dark, of(|_| Verdict::NoAnswer)) }),
    ];
    (opening(5, ports), news)
}

fn summary(news: &[News]) -> Summary {
    let mut totals = Totals::default();
    totals.probes = 330;
    for news in news {
        if let News::Host(host) = news {
            totals.add(&host.verdicts);
        }
    }
    Summary { totals, elapsed: Duration::from_millis(1114), seed: 7 }
}

fn written(mut report: impl Report, (opening, news): &(Opening, Vec<News>)) -> String {
    let mut out = Vec::new();
    report.open(opening.clone(), &mut out).unwrap();
    news.iter().for_each(|news| report.tell(news, &mut out).unwrap());
    report.end(&summary(news), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table_for_people() {
    same!(written(Form::Table.report(looks()), &story()), "table.txt");
}

#[test]
fn a_table_with_reasons_on_a_narrow_terminal() {
    let looks = Looks { reasons: Reasons::Shown, columns: Some(72), ..looks() };
    same!(written(Form::Table.report(looks), &story()), "table-narrow.txt");
}

#[test]
fn json_lines() {
    same!(written(Form::Json.report(looks()), &story()), "lines.json");
}

#[test]
fn grepable() {
    same!(written(Form::Grepable.report(looks()), &story()), "grepable.gnmap");
}

#[test]
fn xml() {
    same!(written(Form::Xml.report(looks()), &story()), "nmap.xml");
}

#[test]
fn colour_is_only_where_it_is_wanted_and_means_nothing_by_itself() {
    let story = story();
    let plain = written(Form::Table.report(looks()), &story);
    assert!(!plain.contains('\x1b'));
    let coloured = written(Form::Table.report(Looks { colour: Colour::Coloured, ..looks() }), &story);
    assert!(coloured.contains("\x1b[32mopen\x1b[0m ssh"), "{coloured}");
    let stripped = coloured.split("\x1b[").map(|part| part.split_once('m').map_or(part, |(_, rest)| rest));
    assert_eq!(stripped.skip(1).collect::<String>(), plain);
}

#[test]
fn an_open_port_takes_one_row_of_a_terminal() {
    let web = host("192.0.2.1:0", None);
    for said in ["w".repeat(300), "漢字".repeat(60), "e\u{301}".repeat(200)] {
        let news = || {
            vec![finding(&web, 22, Some(("ssh", &said, b""))), News::Host(report(web.clone(), vec![Verdict::Accepted]))]
        };
        let table = |columns| written(Form::Table.report(Looks { columns, ..looks() }), &(opening(1, [22]), news()));
        let row = |table: String| table.lines().nth(1).unwrap().to_owned();
        for columns in 40..=120 {
            let row = row(table(Some(columns)));
            let width = unicode_width::UnicodeWidthStr::width(row.as_str());
            assert!(width <= columns && width + 2 >= columns && row.ends_with('…'), "{columns}: {row}");
        }
        assert!(row(table(None)).ends_with(&words::printable(&said)));
    }
}

#[test]
fn one_host_with_nothing_open_has_one_line_and_of_many_silent_ones_there_is_one_for_all() {
    let (ports, all) = (|| 1..=100_u16, |verdict| vec![verdict; 100]);
    let host = |number: u8| Host { address: ([10, 0, 0, number], 0).into(), name: None };
    let alone = vec![News::Host(report(host(1), all(Verdict::NoAnswer)))];
    let table = written(Form::Table.report(looks()), &(opening(1, ports()), alone));
    assert_eq!(table.lines().next(), Some("10.0.0.1: 100 filtered (no-answer)"));
    assert_eq!(table.lines().count(), 2);
    let silent = (1..=29).map(|number| News::Host(report(host(number), all(Verdict::HostUnreachable))));
    let closed = News::Host(report(host(30), all(Verdict::Refused)));
    let table = written(Form::Table.report(looks()), &(opening(30, ports()), silent.chain([closed]).collect()));
    let golden = "10.0.0.30: 100 closed (refused)\n29 more hosts: every port unreachable (host)\n30 hosts, 3000 ports: \
                  0 open, 100 closed, 0 filtered, 2900 unreachable, 0 not tested; 330 probes in 1.11s (seed 7)\n";
    assert_eq!(table, golden);
}

#[test]
fn rounds_of_a_watch_tell_only_what_changed() {
    let web = host("192.0.2.1:0", Some("web.example"));
    let ports: Vec<u16> = [22, 80].into_iter().chain(1000..=1020).collect();
    let round = |ssh, http, rest| {
        let verdicts = [ssh, http].into_iter().chain(std::iter::repeat_n(rest, 21)).collect();
        vec![News::Host(report(web.clone(), verdicts))]
    };
    let (open, closed) = (Verdict::Accepted, Verdict::Refused);
    let rounds = [
        round(open, closed, closed),
        round(open, closed, closed),
        round(closed, open, closed),
        // What could not be asked has not changed, nor has it when it is asked again.
        round(Verdict::NoDescriptors, Verdict::NoDescriptors, Verdict::Interrupted),
        round(closed, open, Verdict::NoAnswer),
        round(closed, Verdict::AcceptedThenReset, Verdict::Prohibited),
    ];
    let watched = |form: Form| {
        let mut changes = Changes::of((1, 23), form, looks()).unwrap();
        let opening = opening(1, ports.clone());
        let mut written = |news: &Vec<News>| {
            let mut out = Vec::new();
            changes.open(opening.clone(), &mut out).unwrap();
            news.iter().for_each(|news| changes.tell(news, &mut out).unwrap());
            changes.end(&summary(news), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        rounds.each_ref().map(&mut written)
    };
    let [baseline, later @ ..] = watched(Form::Table);
    assert!(baseline.contains("22/tcp open ssh"), "{baseline}");
    let at = "2026-11-21T10:00:00Z web.example (192.0.2.1)";
    assert_eq!(
        later,
        [
            String::new(),
            format!("{at} 80/tcp open (syn-ack) http, was closed\n{at} 22/tcp closed (refused) ssh, was open\n"),
            String::new(),
            format!("{at} 21 ports filtered (no-answer), were closed: 1000-1020\n"),
            String::new(),
        ]
    );
    let [baseline, _, changed, ..] = watched(Form::Json);
    assert_eq!(baseline.lines().count(), 3, "{baseline}");
    let change: Value = serde_json::from_str(changed.lines().next().unwrap()).unwrap();
    let golden = serde_json::json!({
        "schema": 1, "ts": "2026-11-21T10:00:00.000000Z", "event": "change", "address": "192.0.2.1",
        "name": "web.example", "ports": "80", "count": 1, "from": "closed", "to": "open", "reason": "syn-ack",
        "answers_everything": false,
    });
    assert_eq!(change, golden);
}

#[test]
fn a_watch_that_would_remember_too_much_is_refused() {
    let refusal = |(hosts, ports), form| Changes::of((hosts, ports), form, looks()).err().map(|e| e.to_string());
    assert_eq!(refusal((256, 65535), Form::Table), None);
    let much = refusal((257, 65535), Form::Json).unwrap();
    assert!(much.starts_with("--watch remembers at most 16777216 ports of 65536 hosts, not 16842495 of 257"), "{much}");
    assert!(refusal((u64::MAX, 65535), Form::Table).is_some());
    assert!(refusal((1, 1), Form::Xml).unwrap().contains("-oX"));
}

const VERDICTS: [Verdict; 24] = [
    Verdict::NoZone,
    Verdict::Accepted,
    Verdict::AcceptedThenReset,
    Verdict::Refused,
    Verdict::NoAnswer,
    Verdict::Prohibited,
    Verdict::HostUnreachable,
    Verdict::HostDown,
    Verdict::NetUnreachable,
    Verdict::NetDown,
    Verdict::NoRoute,
    Verdict::NoProtocol,
    Verdict::Interrupted,
    Verdict::TooManyOpen,
    Verdict::OnlyOurselves,
    Verdict::NoDescriptors,
    Verdict::NoSystemFiles,
    Verdict::NoLocalPorts,
    Verdict::NoBuffers,
    Verdict::NoMemory,
    Verdict::NoRoom,
    Verdict::NoFamily,
    Verdict::LocallyForbidden,
    Verdict::LocalError,
];

/// A host's ports with their verdicts, many of them in runs, as they come.
fn verdicts() -> impl Strategy<Value = Vec<(u16, Verdict)>> {
    let runs = prop::collection::vec((1..400_u16, 1..40_u16, prop::sample::select(&VERDICTS[..])), 0..60);
    runs.prop_map(|runs| {
        let mut next = 0_u16;
        let mut ports = Vec::new();
        for (gap, length, verdict) in runs {
            let first = next + gap;
            ports.extend((first..first + length).map(|port| (port, verdict)));
            next = first + length - 1;
        }
        ports
    })
}

fn seen() -> impl Strategy<Value = (String, String, Vec<u8>)> {
    (".*", ".*", prop::collection::vec(any::<u8>(), 0..40))
}

/// A host of which port 22 said that, and what a report makes of it.
fn of_one_banner(form: Form, (service, why, bytes): &(String, String, Vec<u8>)) -> String {
    let host = host("192.0.2.1:0", Some(why));
    let news = vec![finding(&host, 22, Some((service, why, bytes))), News::Host(report(host, vec![Verdict::Accepted]))];
    written(form.report(looks()), &(opening(1, [22]), news))
}

proptest! {
    #[test]
    fn from_a_json_line_of_a_host_every_verdict_can_be_rebuilt(known in verdicts()) {
        let (ports, verdicts): (Vec<u16>, Vec<Verdict>) = known.iter().copied().unzip();
        let news = vec![News::Host(report(host("192.0.2.1:0", None), verdicts))];
        let json = written(Form::Json.report(looks()), &(opening(1, ports.clone()), news));
        let line: Value = serde_json::from_str(json.lines().nth(1).unwrap()).unwrap();
        let mut rebuilt = Vec::new();
        for group in line["verdicts"].as_array().unwrap() {
            let is = |verdict: &&Verdict| {
                group["reason"] == verdict.reason() && group["state"] == json::word(verdict.state())
            };
            let verdict = VERDICTS.iter().find(is).unwrap();
            let ports = unfold(group["ports"].as_str().unwrap());
            prop_assert_eq!(group["count"].as_u64().unwrap(), ports.len() as u64);
            rebuilt.extend(ports.into_iter().map(|port| (port, *verdict)));
        }
        rebuilt.sort_unstable();
        prop_assert_eq!(rebuilt, known);
        let sum = |counts: &Value| counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>();
        prop_assert_eq!(sum(&line["counts"]), ports.len() as u64);
        let last: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
        prop_assert_eq!(sum(&last["counts"]), last["ports"].as_u64().unwrap());
    }

    #[test]
    fn what_a_table_and_nmaps_forms_say_adds_up(known in verdicts()) {
        let (ports, verdicts): (Vec<u16>, Vec<Verdict>) = known.into_iter().unzip();
        let story = (opening(1, ports.clone()), vec![News::Host(report(host("192.0.2.1:0", None), verdicts))]);
        let table = written(Form::Table.report(looks()), &story);
        let last = table.lines().last().unwrap().split_once("; ").unwrap().0;
        let numbers = last.split([' ', ',', ':']).filter_map(|word| word.parse::<usize>().ok());
        prop_assert_eq!(numbers.collect::<Vec<_>>().split_first().map(|(all, each)| (*all, each.iter().sum())), Some((ports.len(), ports.len())));
        let grepable = written(Form::Grepable.report(looks()), &story);
        let fields = grepable.lines().find(|line| line.contains("\tPorts: ")).unwrap();
        let ignored = fields.rsplit_once(" (").and_then(|(_, count)| count.strip_suffix(')')?.parse().ok()).unwrap_or(0);
        prop_assert_eq!(fields.matches("/tcp/").count() + ignored, ports.len());
        let xml = written(Form::Xml.report(looks()), &story);
        let document = roxmltree::Document::parse_with_options(&xml, dtd()).unwrap();
        let listed = document.descendants().filter(|node| node.has_tag_name("port")).count();
        let counts = document.descendants().filter(|node| node.has_tag_name("extrareasons"));
        let counted = counts.map(|node| node.attribute("count").unwrap().parse::<usize>().unwrap()).sum::<usize>();
        prop_assert_eq!(listed + counted, ports.len());
    }

    #[test]
    fn no_banner_breaks_a_document(seen in seen()) {
        let xml = of_one_banner(Form::Xml, &seen);
        let document = roxmltree::Document::parse_with_options(&xml, dtd()).unwrap();
        let node = |name: &str| document.descendants().find(|node| node.has_tag_name(name));
        if !seen.0.is_empty() {
            prop_assert_eq!(node("service").unwrap().attribute("extrainfo"), Some(&*words::printable(&seen.1)));
        }
        prop_assert_eq!(node("script").is_some(), !seen.2.is_empty());
    }

    #[test]
    fn no_banner_breaks_a_line(seen in seen()) {
        for form in [Form::Table, Form::Json, Form::Grepable, Form::Xml] {
            let lines = of_one_banner(form, &seen);
            prop_assert!(!lines.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{:?}", lines);
            prop_assert_eq!(lines.lines().count(), of_one_banner(form, &("a".into(), "b".into(), vec![7])).lines().count());
        }
        let json = of_one_banner(Form::Json, &seen);
        let open: Value = serde_json::from_str(json.lines().nth(1).unwrap()).unwrap();
        prop_assert_eq!(BASE64_STANDARD.decode(open["seen"]["bytes"].as_str().unwrap()).unwrap(), seen.2.clone());
        let grepable = of_one_banner(Form::Grepable, &seen);
        let ports = grepable.lines().find_map(|line| line.split_once("\tPorts: ")).unwrap().1;
        prop_assert_eq!((ports.matches('/').count(), ports.contains([',', '\t'])), (7, false), "{}", ports);
    }
}

fn dtd<'input>() -> roxmltree::ParsingOptions<'input> {
    roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() }
}
