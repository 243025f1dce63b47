//! Door: where we wait for a client that somebody else wrote, and the client that came. Half of all clients have an
//! address written in them, so we wait at every port that one could mean.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::actor::{self, Turn};
use super::document::Transport;
use super::fault::Miss;
use super::say;
use super::scene::until;
use super::stage::Stage;
use super::wire::{ANSWER, End, QUIET, Wire};
use crate::net::Reason;
use crate::subject::Ended;

/// Listeners, from before the client is started until the case is over.
pub(crate) struct Doors {
    listeners: Vec<TcpListener>,
    /// The port that the client is told.
    pub(crate) told: u16,
}

impl Doors {
    /// # Errors
    /// Where we cannot listen on the port that the client is told.
    pub(crate) fn open(stage: &Stage) -> Result<Self, Miss> {
        let told = stage.port_to_tell()?;
        // Where the case has a network of its own every address is ours, and a client may go to any of them.
        let families: [IpAddr; 2] = match stage.setting.walls.network {
            true => [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
            false => [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        };
        let failed = |e: io::Error| Miss::Unjudged(format!("we cannot listen on port {told}: {}", Reason(&e)));
        let mut listeners = vec![listen(families[0], told).map_err(failed)?];
        // Without IPv6, or where somebody else has the port, there is one door less.
        listeners.extend(listen(families[1], told));
        let mut others: BTreeSet<u16> = USUAL.into_iter().chain(stage.command()?.ports_in_its_texts()).collect();
        others.remove(&told);
        for port in others {
            listeners.extend(families.into_iter().filter_map(|ip| listen(ip, port).ok()));
        }
        Ok(Self { listeners, told })
    }

    /// Who came, if anybody did.
    pub(crate) fn admit(&self) -> Option<TcpStream> {
        self.listeners.iter().find_map(|door| door.accept().ok()).map(|(stream, _)| stream)
    }
}

fn listen(ip: IpAddr, port: u16) -> io::Result<TcpListener> {
    let at = SocketAddr::new(ip, port);
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    socket.listen(QUEUE)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A client that came to us.
pub(crate) struct Guest {
    doors: Rc<Doors>,
    pub(crate) wire: Wire,
    /// Where it came to.
    pub(crate) came_to: SocketAddr,
    /// It asks for nothing, and says what it has to say by itself.
    pub(crate) is_unasked: bool,
    /// What it said last, with the end that it put behind it.
    pub(crate) said: Vec<u8>,
    /// That end: nothing, LF or CRLF.
    eol: Vec<u8>,
    /// It asked for what to say before it came, and was told.
    is_told: bool,
}

/// What a client does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It asks for what to say.
    Asks,
    /// It said something without being asked.
    Speaks,
    Ended(Ended),
    Nothing,
}

/// What of it counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    All,
    NotAsking,
}

impl Guest {
    /// Starts the client and waits until it comes; what it asks until then is answered. Who asks for what to say before
    /// it comes is told `line`.
    pub(crate) fn meet(stage: &mut Stage, line: &str) -> Result<Self, Miss> {
        let doors = stage.doors()?;
        let scene = Rc::clone(&stage.scene);
        let program = stage.program()?;
        let (mut is_told, mut asked) = (false, 0);
        let come = until(scene.wait(actor::START), || {
            // In this order: who came before it asked is not told where to go, and who ended may have come before.
            let (asks, ended) = (program.awaits_input(), program.ending());
            if let Some(socket) = doors.admit() {
                return Some(Ok(socket));
            }
            if asks && !is_told && asked < actor::MOST_QUESTIONS {
                asked += 1;
                if program.attend() == Turn::OurWords {
                    program.tell(line);
                    is_told = true;
                }
            }
            ended.map(Err)
        });
        let socket = match come {
            Some(Ok(socket)) => socket,
            Some(Err(ended)) => {
                let got = format!("it ended: {}", actor::how(ended));
                return Err(program.fault(Transport::Died, "a connection from it", got));
            }
            None => {
                let got = "it came to no port that we listen on";
                return Err(program.fault(Transport::Timeout, "a connection from it", got));
            }
        };
        program.prompter.comes_into_company();
        let left = |e: io::Error| Miss::Unjudged(format!("the client left at once: {}", Reason(&e)));
        let came_to = socket.local_addr().map_err(left)?;
        let wire = Wire::over(&scene, socket).map_err(left)?;
        Ok(Self { doors, wire, came_to, is_unasked: false, said: Vec::new(), eol: Vec::new(), is_told })
    }

    /// A client that has come and has said `line`, or what it says unasked.
    pub(crate) fn arrive(stage: &mut Stage, line: &str) -> Result<Self, Miss> {
        let mut guest = Self::meet(stage, line)?;
        guest.say(stage, line)?;
        Ok(guest)
    }

    /// What it does next: what it asks about itself is answered meanwhile.
    pub(crate) fn next(&mut self, stage: &mut Stage, span: Duration) -> Result<Next, Miss> {
        self.look_for(stage, span, Look::All)
    }

    /// The same where it was just told something, and asking for more is not what is waited for.
    pub(crate) fn next_but_asking(&mut self, stage: &mut Stage, span: Duration) -> Result<Next, Miss> {
        self.look_for(stage, span, Look::NotAsking)
    }

    fn look_for(&mut self, stage: &mut Stage, span: Duration, look: Look) -> Result<Next, Miss> {
        let scene = Rc::clone(&stage.scene);
        let program = stage.program()?;
        let next = until(scene.wait(span), || {
            let ended = program.ending();
            if program.attend() == Turn::OurWords && look == Look::All {
                return Some(Next::Asks);
            }
            self.come_again(&scene);
            self.wire.sip(MOST_SAID);
            if !self.wire.heard().is_empty() {
                if look == Look::NotAsking {
                    return Some(Next::Speaks);
                }
                // Who tells its name first asks a moment later.
                let asks = until(scene.wait(ASKING), || (program.attend() == Turn::OurWords).then_some(Next::Asks));
                return Some(asks.unwrap_or(Next::Speaks));
            }
            if look == Look::NotAsking && self.wire.end() == Some(End::Fin) && ended.is_none() {
                // Who ends its side reads to our end before it closes.
                self.end_with_it();
                return Some(Next::Nothing);
            }
            ended.map(Next::Ended)
        });
        Ok(next.unwrap_or(Next::Nothing))
    }

    /// Has it say `line`, once it asks, and hears it.
    ///
    /// # Errors
    /// The fault of a client that does not ask, or does not say anything.
    pub(crate) fn say(&mut self, stage: &mut Stage, line: &str) -> Result<(), Miss> {
        if std::mem::take(&mut self.is_told) {
            return self.hear(stage, line);
        }
        match self.next(stage, actor::START)? {
            Next::Asks => {
                self.wire.hear_within(Duration::ZERO);
                stage.program()?.tell(line);
                self.hear(stage, line)
            }
            Next::Speaks => {
                self.is_unasked = true;
                self.said = self.wire.hear();
                self.eol = eol(&self.said).to_vec();
                Ok(())
            }
            Next::Ended(ended) => {
                let got = format!("it ended: {}", actor::how(ended));
                Err(stage.program()?.fault(Transport::Died, "it asks for what to send", got))
            }
            Next::Nothing => {
                let want = "it asks for what to send, or sends something";
                Err(stage.program()?.fault(Transport::Timeout, want, "it does neither"))
            }
        }
    }

    /// What comes after `line` was typed, until all of it did.
    fn hear(&mut self, stage: &mut Stage, line: &str) -> Result<(), Miss> {
        let scene = Rc::clone(&stage.scene);
        let program = stage.program()?;
        until(scene.wait(ANSWER), || {
            let ended = program.ending();
            self.come_again(&scene);
            while self.wire.heard().len() < MOST_SAID {
                let before = self.wire.heard().len();
                self.wire.sip(MOST_SAID);
                if self.wire.heard().len() == before {
                    break;
                }
            }
            if contains(self.wire.heard(), line.as_bytes()) {
                return Some(());
            }
            // Some ask for host and port again for each line.
            program.attend();
            ended.map(|_| ())
        });
        self.said = self.wire.hear_within(QUIET);
        self.eol = eol(&self.said).to_vec();
        if self.said.is_empty() {
            let did = format!("typed {}", say::amount(line.as_bytes()));
            let died = program.ending().map(|ended| format!("; it ended: {}", actor::how(ended)));
            let got = format!("nothing came{}", died.unwrap_or_default());
            return Err(self.wire.fault(Transport::Timeout, "what was typed", got).with_did(&did));
        }
        Ok(())
    }

    /// Some make a connection for each line.
    fn come_again(&mut self, scene: &Rc<super::scene::Scene>) {
        if let Some(wire) = self.doors.admit().and_then(|socket| Wire::over(scene, socket).ok()) {
            self.wire = wire;
        }
    }

    /// Answers, with the end that it put behind what it said; and ends as an echo server does where it has ended.
    pub(crate) fn answer(&mut self, text: &[u8]) -> Result<(), Miss> {
        let whole = [text, &self.eol].concat();
        self.wire.send(&whole)?;
        self.end_with_it();
        Ok(())
    }

    /// Our FIN, where its own has come.
    fn end_with_it(&mut self) {
        if self.wire.end() == Some(End::Fin) {
            self.wire.fin();
        }
    }
}

/// The end of a line, where it has one.
pub(crate) fn eol(line: &[u8]) -> &[u8] {
    let at = match line {
        [.., b'\r', b'\n'] => line.len() - 2,
        [.., b'\n'] => line.len() - 1,
        _ => line.len(),
    };
    &line[at..]
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    if part.is_empty() { !text.is_empty() } else { text.windows(part.len()).any(|window| window == part) }
}

/// The ports that the sheets name, and those that nobody thinks long about.
const USUAL: [u16; 11] = [1234, 5000, 5555, 5556, 8000, 8080, 8181, 8888, 9090, 12345, 65432];
/// Who makes a connection for each line has few at a time.
const QUEUE: i32 = 16;
/// Much more than a terminal takes as one line.
const MOST_SAID: usize = 1 << 16;
/// How long it may take from telling something unasked to asking.
const ASKING: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_line_is_mirrored_as_it_was() {
        assert_eq!(
            [eol(b"a"), eol(b"a\n"), eol(b"a\r\n"), eol(b"\n"), eol(b"")],
            [&b""[..], b"\n", b"\r\n", b"\n", b""]
        );
    }

    #[test]
    fn who_comes_is_let_in_by_the_door_it_chose() {
        let doors = Doors { listeners: vec![listen(Ipv4Addr::LOCALHOST.into(), 0).unwrap()], told: 0 };
        assert!(doors.admit().is_none());
        let at = doors.listeners[0].local_addr().unwrap();
        let _client = TcpStream::connect(at).unwrap();
        let admitted = (0..100).find_map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            doors.admit()
        });
        assert_eq!(admitted.unwrap().local_addr().unwrap(), at);
    }
}
