//! XML: nmap's `-oX`, for the programs that read it. quick-xml closes what was opened and escapes what is in the way of
//! XML; controls, which XML cannot hold at all, are escaped before, with everything else that somebody else said.

use std::io::{self, Write};

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::event::Untrusted;
use crate::scan::{HostReport, News, State, Verdict};

use super::details::{Detail, Details};
use super::groups::Groups;
use super::nmap;
use super::words::{address, printable};
use super::{Opening, Report, Summary};
use crate::scan::ports::ranges::Ranges;

/// One document.
pub(super) struct Xml {
    clock: fn() -> Timestamp,
    opening: Opening,
    details: Details,
    up: u64,
}

type Xmler<'a> = Writer<&'a mut dyn Write>;

impl Report for Xml {
    fn open(&mut self, opening: Opening, out: &mut dyn Write) -> io::Result<()> {
        let now = (self.clock)();
        let mut xml = Writer::new(out);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        line(&mut xml)?;
        xml.write_event(Event::DocType(BytesText::new("nmaprun")))?;
        line(&mut xml)?;
        xml.write_event(Event::Start(BytesStart::new("nmaprun").with_attributes([
            ("scanner", "sockeye"),
            ("args", "sockeye scan"),
            ("start", &now.as_second().to_string()),
            ("startstr", &nmap::time(now)),
            ("version", env!("CARGO_PKG_VERSION")),
            ("xmloutputversion", "1.05"),
        ])))?;
        line(&mut xml)?;
        let info = xml.create_element("scaninfo").with_attributes([
            ("type", "connect"),
            ("protocol", "tcp"),
            ("numservices", &opening.ports.len().to_string()),
            ("services", &Ranges(&opening.ports).to_string()),
        ]);
        line(info.write_empty()?)?;
        self.opening = opening;
        Ok(())
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        match news {
            News::Open(finding) if finding.seen.is_some() => {
                self.details.keep(finding);
                Ok(())
            }
            News::Host(host) => self.host(host, &mut Writer::new(out)),
            News::Open(_) | News::Unbegun { .. } | News::Progress(_) => Ok(()),
        }
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let mut xml = Writer::new(out);
        let finished = self.finished(summary);
        let (up, all) = (self.up, summary.totals.hosts);
        let hosts = [("up", up), ("down", all.saturating_sub(up)), ("total", all)];
        let hosts = hosts.map(|(name, count)| (name, count.to_string()));
        xml.create_element("runstats").write_inner_content(|xml| {
            xml.create_element("finished").with_attributes(pairs(&finished)).write_empty()?;
            xml.create_element("hosts").with_attributes(pairs(&hosts)).write_empty().map(drop)
        })?;
        line(&mut xml)?;
        xml.write_event(Event::End(BytesEnd::new("nmaprun")))?;
        line(&mut xml)
    }
}

impl Xml {
    pub(super) fn new(clock: fn() -> Timestamp) -> Self {
        Self { clock, opening: Opening::default(), details: Details::default(), up: 0 }
    }

    fn finished(&self, summary: &Summary) -> Vec<(&'static str, String)> {
        let (now, totals) = ((self.clock)(), &summary.totals);
        let (elapsed, untested) = (summary.elapsed.as_secs_f64(), totals.of(State::NotTested));
        let (time, hosts) = (nmap::time(now), nmap::hosts(totals.hosts, self.up));
        let mut summary = format!("sockeye done at {time}; {hosts} scanned in {elapsed:.2} seconds");
        if self.details.lost > 0 {
            summary += &format!("; what {} more ports said is left out", self.details.lost);
        }
        let mut attributes = vec![
            ("time", now.as_second().to_string()),
            ("timestr", time),
            ("summary", summary),
            ("elapsed", format!("{elapsed:.2}")),
        ];
        match untested {
            0 => attributes.push(("exit", "success".to_owned())),
            _ => attributes.extend([
                ("exit", "error".to_owned()),
                ("errormsg", format!("{untested} ports were not tested: their state is unknown")),
            ]),
        }
        attributes
    }

    fn host(&mut self, host: &HostReport, xml: &mut Xmler) -> io::Result<()> {
        let groups = Groups::of(&self.opening.ports, &host.verdicts);
        let details = self.details.take(&host.host);
        let (status, reason) = nmap::status(&groups);
        self.up += u64::from(status == "up");
        let now = (self.clock)().as_second().to_string();
        let family = if host.host.address.is_ipv4() { "ipv4" } else { "ipv6" };
        xml.create_element("host").with_attribute(("endtime", now.as_str())).write_inner_content(|xml| {
            empty(xml, "status", &[("state", status), ("reason", reason), ("reason_ttl", "0")])?;
            empty(xml, "address", &[("addr", &address(&host.host)), ("addrtype", family)])?;
            if let Some(name) = &host.host.name {
                xml.create_element("hostnames").write_inner_content(|xml| {
                    empty(xml, "hostname", &[("name", &printable(name)), ("type", "user")])
                })?;
            }
            line(xml)?;
            xml.create_element("ports").write_inner_content(|xml| {
                line(xml)?;
                let crowds = nmap::crowds(&groups);
                crowds.iter().try_for_each(|(state, count)| extra(xml, &groups, (state, *count)))?;
                let listed = nmap::listed(&groups, |state| crowds.contains_key(state));
                listed.into_iter().try_for_each(|(port, verdict)| self.port(xml, (port, verdict), details.get(&port)))
            })?;
            if host.answers_everything {
                xml.create_element("hostscript").write_inner_content(|xml| {
                    empty(xml, "script", &[("id", "answers-everything"), ("output", LIAR)])
                })?;
            }
            Ok(())
        })?;
        line(xml)
    }

    fn port(&self, xml: &mut Xmler, (port, verdict): (u16, Verdict), detail: Option<&Detail>) -> io::Result<()> {
        let state = [("state", nmap::state(verdict.state())), ("reason", nmap::reason(verdict)), ("reason_ttl", "0")];
        let port_id = port.to_string();
        let seen = detail.and_then(|detail| detail.seen.as_ref());
        xml.create_element("port").with_attributes([("protocol", "tcp"), ("portid", &port_id)]).write_inner_content(
            |xml| {
                empty(xml, "state", &state)?;
                let known = seen.and_then(|seen| Some((seen.service.as_deref()?, seen)));
                match (known, (self.opening.service)(port)) {
                    (Some((name, seen)), _) => {
                        let (name, why) = (printable(name), printable(&seen.why));
                        let how = [("name", name.as_str()), ("extrainfo", &why), ("method", "probed"), ("conf", "10")];
                        empty(xml, "service", &how)?;
                    }
                    (None, Some(name)) => {
                        empty(xml, "service", &[("name", name), ("method", "table"), ("conf", "3")])?;
                    }
                    (None, None) => {}
                }
                match seen.map(|seen| seen.bytes.as_slice()) {
                    None | Some([]) => Ok(()),
                    Some(bytes) => {
                        let output = Untrusted::cut(bytes, bytes.len()).escaped();
                        empty(xml, "script", &[("id", "banner"), ("output", &output)])
                    }
                }
            },
        )?;
        line(xml)
    }
}

/// The ports of a state that are only counted, with their reasons.
fn extra(xml: &mut Xmler, groups: &Groups, (state, count): (&str, usize)) -> io::Result<()> {
    let count = count.to_string();
    xml.create_element("extraports").with_attributes([("state", state), ("count", &count)]).write_inner_content(
        |xml| {
            let of = groups.others().filter(|(verdict, _)| nmap::state(verdict.state()) == state);
            for (verdict, ports) in of {
                let (count, ranges) = (ports.len().to_string(), Ranges(ports).to_string());
                let reason =
                    [("reason", nmap::reason(verdict)), ("count", &count), ("proto", "tcp"), ("ports", &ranges)];
                empty(xml, "extrareasons", &reason)?;
            }
            Ok(())
        },
    )?;
    line(xml)
}

fn empty(xml: &mut Xmler, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    xml.create_element(name).with_attributes(attributes.iter().copied()).write_empty().map(drop)
}

fn pairs<'a>(attributes: &'a [(&'a str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes.iter().map(|(name, value)| (*name, value.as_str()))
}

/// A line end between elements, for those who read the document with grep and diff.
fn line(xml: &mut Xmler) -> io::Result<()> {
    xml.get_mut().write_all(b"\n")
}

const LIAR: &str = "This host answers everything, so that an open port means nothing.";
