//! Stage: everything a case can do: start the program, talk to it, be talked to by it, look at it. A case is a function
//! that is given one; its words end in a `Miss` by `?` where the program does not do its part.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::actor::{self, Actor};
use super::case::{Case, Role};
use super::document::Transport;
use super::door::Doors;
use super::fault::Miss;
use super::prompts::{Answers, Prompter};
use super::scene::Scene;
use super::schedule::{Schedule, Step};
use super::setting::{Learned, Setting, Subject};
use super::topics::Topic;
use super::wire::{Reach, Wire};
use super::workplace::{Command, Told, Workplace};
use crate::net::Reason;
use crate::seeded::Dice;
use crate::subject::{self, Launch, Limits};

/// One case, one copy of the program's folder, and at most one program at a time. It is dropped when the case is over:
/// the program ends before its folder goes away.
pub(crate) struct Stage<'a> {
    pub(crate) case: Case,
    pub(crate) setting: &'a Setting,
    pub(crate) scene: Rc<Scene>,
    pub(crate) dice: Dice,
    actor: Option<Actor>,
    address: Option<SocketAddr>,
    place: Option<Workplace>,
    /// Where we wait for a client, from its start on.
    doors: Option<Rc<Doors>>,
    /// Said instead of what the case would say, where a shorter schedule is tried or one is done again.
    script: Option<&'a Schedule>,
    /// Added to the program's environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// What the program may use.
    pub(crate) limits: Limits,
    /// Words before the program's own, of somebody who starts it for us.
    pub(crate) wrapper: Vec<OsString>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(case: Case, setting: &'a Setting, script: Option<&'a Schedule>) -> Self {
        let scene = Rc::new(Scene::new(setting.patience, setting.stop.clone()));
        // Each case has dice of its own, so that it is the same whichever others are played.
        let own = case.id().bytes().fold(setting.seed, |seed, byte| crate::seeded::mix(seed ^ u64::from(byte)));
        Self {
            case,
            setting,
            scene,
            dice: Dice::new(own),
            actor: None,
            address: None,
            place: None,
            doors: None,
            script,
            environment: Vec::new(),
            limits: setting.limits,
            wrapper: Vec::new(),
        }
    }

    /// The program, which is started if it was not yet.
    pub(crate) fn program(&mut self) -> Result<&mut Actor, Miss> {
        if self.actor.is_none() {
            let port = match self.case.lab.role {
                Role::Client => self.doors()?.told,
                Role::Server | Role::Scanner => self.port_to_tell()?,
            };
            let prompter = self.server_prompter(port);
            self.start(port, prompter)?;
        }
        self.actor.as_mut().ok_or_else(|| Miss::Unjudged("the program was not started".to_owned()))
    }

    /// Starts it, told `port`, with somebody at its terminal.
    pub(crate) fn start(&mut self, port: u16, prompter: Prompter) -> Result<&mut Actor, Miss> {
        self.start_told(&Told::place(HOST, port), prompter)
    }

    /// Starts it, told this, with somebody at its terminal.
    pub(crate) fn start_told(&mut self, told: &Told, prompter: Prompter) -> Result<&mut Actor, Miss> {
        let command = self.command()?.clone();
        if self.place.is_none() {
            self.place =
                Some(Workplace::new(&command, &self.setting.copies).map_err(|e| Miss::Unjudged(e.to_string()))?);
        }
        let folder = self.place()?.path().to_owned();
        let environment = command.environment(told, &folder).into_iter().chain(self.environment.clone()).collect();
        let launch = Launch {
            command: self.wrapper.iter().cloned().chain(command.filled(told, &folder)).collect(),
            folder,
            environment,
            hidden: self.setting.hidden.clone(),
            limits: self.limits,
            walls: self.setting.walls,
        };
        // The last one ends before the next one starts.
        self.kill();
        Ok(self.actor.insert(Actor::start(&launch, &self.scene, prompter)?))
    }

    /// Where we wait for the client. A client finds somebody there from its start on.
    pub(crate) fn doors(&mut self) -> Result<Rc<Doors>, Miss> {
        if let Some(doors) = &self.doors {
            return Ok(Rc::clone(doors));
        }
        let doors = Rc::new(Doors::open(self)?);
        Ok(Rc::clone(self.doors.insert(doors)))
    }

    /// The program as it is, where it was started.
    pub(crate) fn actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// Takes the program out, to start another one beside it.
    pub(crate) fn take_actor(&mut self) -> Option<Actor> {
        self.address = None;
        self.actor.take()
    }

    /// Ends the program at once, as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.scene.set_program(None);
        self.take_actor();
    }

    /// Ends the program, and forgets what it has written.
    pub(crate) fn afresh(&mut self) {
        self.kill();
        self.place = None;
    }

    /// Ends it where it is ours to end, so that the next connection is to one that knows nobody yet.
    pub(crate) fn kill_if_ours(&mut self) {
        if self.actor.is_some() {
            self.kill();
        }
    }

    /// The program, for whoever has something to type there.
    pub(crate) fn at_its_terminal(&mut self) -> Result<&mut Actor, Miss> {
        self.command()?;
        self.program()
    }

    /// The folder that it runs in.
    pub(crate) fn place(&self) -> Result<&Workplace, Miss> {
        self.place.as_ref().ok_or_else(|| Miss::Unjudged("the program was not started".to_owned()))
    }

    /// How it is started.
    pub(crate) fn command(&self) -> Result<&'a Command, Miss> {
        match &self.setting.subject {
            Subject::Started(command) => Ok(command),
            Subject::Address(_) => Err(Miss::skip("this needs a program that we start; give it behind --")),
        }
    }

    /// Where the server listens, once it does.
    pub(crate) fn listening(&mut self) -> Result<SocketAddr, Miss> {
        if let Subject::Address(address) = self.setting.subject {
            return Ok(address);
        }
        if let Some(address) = self.address {
            return Ok(address);
        }
        let listener = self.program()?.until_listening()?;
        Ok(*self.address.insert(actor::reachable(listener)))
    }

    /// A connection behind whatever the server says before it is asked anything.
    pub(crate) fn connect(&mut self) -> Result<Wire, Miss> {
        let mut wire = self.dial(Reach::default())?;
        self.pass_greeting(&mut wire);
        Ok(wire)
    }

    pub(crate) fn connect_with(&mut self, reach: Reach) -> Result<Wire, Miss> {
        let mut wire = self.dial(reach)?;
        self.pass_greeting(&mut wire);
        Ok(wire)
    }

    /// A connection of which nothing was heard yet.
    pub(crate) fn dial(&mut self, reach: Reach) -> Result<Wire, Miss> {
        let address = self.listening()?;
        let dialled = Wire::dial(&self.scene, address, reach);
        if let Err(Miss::Fail(fault)) = &dialled
            && fault.transport == Transport::Refused
            && self.actor.as_ref().is_some_and(|actor| actor.listeners().contains(&everywhere(address.port())))
        {
            // IPv4 is turned off there.
            let near = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
            let wire = Wire::dial(&self.scene, near, reach)?;
            self.address = Some(near);
            return Ok(wire);
        }
        dialled
    }

    /// A connection from another address of this machine, where there is one.
    pub(crate) fn dial_from(&mut self, source: IpAddr) -> Result<Wire, Miss> {
        let address = self.listening()?;
        if address.is_ipv4() != source.is_ipv4() || !address.ip().is_loopback() {
            return Err(Miss::skip(format!("nobody can reach {address} from {source}")));
        }
        Wire::dial(&self.scene, address, Reach { source: Some(source), ..Reach::default() })
    }

    /// Finds out what the server says unasked, where nobody has yet, and hears it out.
    fn pass_greeting(&self, wire: &mut Wire) {
        match self.setting.learned.get() {
            Some(learned) if learned.greeting.is_empty() => {}
            Some(_) => {
                wire.hear();
            }
            None => {
                wire.listen_for(self.scene.stretched(GREETING));
                // Whoever came first was right.
                let _ = self.setting.learned.set(Learned { greeting: wire.take_heard(), ..Learned::default() });
            }
        }
    }

    /// What the server may answer to `bytes`.
    pub(crate) fn answers(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        (self.case.lab.answers)(bytes)
    }

    /// Says `bytes` and hears their answer, and nothing behind it.
    pub(crate) fn exchange(&self, wire: &mut Wire, bytes: &[u8]) -> Result<(), Miss> {
        wire.send(bytes)?;
        wire.expect_any(&self.answers(bytes)).map(drop)
    }

    /// Says what `schedule` says on a connection of its own, and hears the answer to all of it; where our side ends, that
    /// the other side does too.
    pub(crate) fn perform(&mut self, schedule: Schedule) -> Result<Wire, Miss> {
        let schedule = self.script.cloned().unwrap_or(schedule);
        let mut wire = self.connect()?;
        match self.play(&mut wire, &schedule) {
            Err(Miss::Fail(mut fault)) => {
                fault.did = Some(format!("sent {}", schedule.words()));
                fault.schedule = Some(schedule);
                Err(Miss::Fail(fault))
            }
            played => played.map(|()| wire),
        }
    }

    fn play(&self, wire: &mut Wire, schedule: &Schedule) -> Result<(), Miss> {
        for step in &schedule.0 {
            match step {
                Step::Write(bytes) => wire.send(bytes)?,
                Step::Wait(pause) => wire.listen_for(*pause),
                Step::Fin => wire.fin(),
            }
        }
        wire.expect_any(&self.answers(&schedule.bytes()))?;
        if schedule.ends() { wire.expect_end() } else { wire.expect_no_more() }
    }

    /// Whether the server still serves whoever comes now.
    pub(crate) fn still_alive(&mut self, after: &str) -> Result<(), Miss> {
        let bytes = self.letters(12);
        let did = format!("sent {}", super::say::amount(&bytes));
        self.still_alive_for(after, &did, |stage| {
            let mut wire = stage.connect()?;
            stage.exchange(&mut wire, &bytes)
        })
    }

    /// The same, where another client is more than a text and its answer: `visit` is what it does, and `did` says so.
    pub(crate) fn still_alive_for(
        &mut self,
        after: &str,
        did: &str,
        visit: impl FnOnce(&mut Self) -> Result<(), Miss>,
    ) -> Result<(), Miss> {
        visit(self).map_err(|miss| miss.with_did(&format!("{after}; then another client {did}")))
    }

    /// So many lower-case letters, other ones in each case and with each seed.
    pub(crate) fn letters(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| b'a' + self.dice.below(26) as u8).collect()
    }

    /// So many bytes of any value.
    pub(crate) fn noise(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.dice.below(256) as u8).collect()
    }

    /// The port that a server is told: the one that was named, or any.
    pub(crate) fn port_to_tell(&self) -> Result<u16, Miss> {
        match self.setting.port {
            Some(port) => Ok(port),
            None => self.free_port(),
        }
    }

    pub(crate) fn free_port(&self) -> Result<u16, Miss> {
        subject::free_port().map_err(|e| Miss::Unjudged(format!("there is no free port: {}", Reason(&e))))
    }

    pub(crate) fn server_prompter(&self, port: u16) -> Prompter {
        Prompter::new(self.prompts(&port.to_string()))
    }

    /// What a program is told that asks for where to go.
    pub(crate) fn prompts(&self, port: &str) -> Answers {
        let in_order = match self.case.lab.role {
            Role::Server => vec![Topic::Host, Topic::Port],
            // Who was told where to go asks for nothing but what to say.
            Role::Client if self.command().is_ok_and(Command::takes_port) => vec![Topic::Message],
            Role::Client => vec![Topic::Host, Topic::Port, Topic::Message],
            Role::Scanner => vec![Topic::Host, Topic::First, Topic::Last],
        };
        Answers {
            rules: self.setting.rules.clone(),
            host: HOST.to_owned(),
            port: port.to_owned(),
            name: "Sockeye".to_owned(),
            password: "Sock-Eye-4711".to_owned(),
            first: "1".to_owned(),
            last: "1024".to_owned(),
            in_order,
        }
    }
}

/// Where who listens by IPv6 on all addresses does so.
fn everywhere(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))
}

/// Where programs are told to go.
pub(crate) const HOST: &str = "127.0.0.1";
pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Whoever greets does so at once.
const GREETING: Duration = Duration::from_millis(300);
