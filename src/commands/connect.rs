//! `connect`: talks to a server, as a person at a terminal, as a pipe, or with a payload that checks itself.

use std::io::{self, BufReader, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{SockRef, Socket};

use super::{Exit, Failure, Talk, Volume, ask, coredump};
use crate::client::chat::{Chat, Palette};
use crate::client::login::{TokenFile, Visitor};
use crate::client::payload::{self, Payload, Progress, Report, Sum};
use crate::client::pipe;
use crate::client::rps::{Played, Seat, Surface, play_script};
use crate::client::terminal::{Farewell, Terminal};
use crate::client::{Account, HexDump, Rendering, Screen, Speech, Trouble, Wire};
use crate::event::sinks::{self, Colour, Format, Sink, SinkPlan, Target};
use crate::event::{Emitter, Level};
use crate::net::{Address, Dial, Reason, dial};

/// Where to, how, and what is said there.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) place: Place,
    pub(crate) dial: Dial,
    /// How long nothing may move.
    pub(crate) idle: Option<Duration>,
    pub(crate) words: Words,
    pub(crate) events: Events,
}

/// Who knows the address.
#[derive(Debug)]
pub(crate) enum Place {
    Named(Address),
    /// A person is asked, and this is the default.
    Asked(Address),
}

/// What is said.
#[derive(Debug)]
pub(crate) enum Words {
    /// What a person types or a pipe brings.
    Dialogue(Dialogue),
    /// The same in a chat room, which a person at a terminal sees on the whole screen.
    Room(Dialogue),
    /// The words of a game.
    Game(Game),
    /// Generated data.
    Generated { size: u64, clients: usize, seed: u64 },
}

/// How a dialogue is held.
#[derive(Debug)]
pub(crate) struct Dialogue {
    pub(crate) speech: Speech,
    pub(crate) dump: Dump,
    /// Where typed lines are remembered.
    pub(crate) history: Option<PathBuf>,
    pub(crate) entrance: Entrance,
}

/// How rock-paper-scissors is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Game {
    pub(crate) speech: Speech,
    pub(crate) dump: Dump,
}

/// What stands before the first word.
#[derive(Debug)]
pub(crate) enum Entrance {
    /// Nothing.
    Open,
    /// A `login` server, whose token is kept in this folder.
    Login { data: PathBuf },
}

/// Whether both directions are dumped on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dump {
    None,
    Hex,
}

/// What is told of the conversation.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) level: Level,
    pub(crate) format: Format,
    pub(crate) log: Option<PathBuf>,
}

/// Who sees stderr.
enum Audience {
    /// A person who talks: events are always told, beside the line being typed.
    Person(Screen),
    /// A person who plays: their board is enough, unless more is asked for.
    Player(Surface),
    /// A script: events are told when asked for.
    Script,
}

/// Connects and talks until one side has had enough.
///
/// # Errors
/// Where nobody answers, or the conversation fails.
pub(crate) fn run(plan: Plan, talk: Talk) -> Result<Exit, Failure> {
    let Plan { place, dial, idle, words, events } = plan;
    let address = match place {
        Place::Named(address) => address,
        Place::Asked(default) => asked(&default)?,
    };
    match words {
        Words::Generated { size, clients, seed } => {
            let idle = idle.unwrap_or(PAYLOAD_IDLE);
            check(Payload { address, dial, size, clients, seed, idle }, events, talk)
        }
        Words::Game(game) => play(Way { address, dial, idle }, game, events, talk),
        Words::Room(room) if io::stdin().is_terminal() && io::stdout().is_terminal() => {
            visit(Way { address, dial, idle }, room.speech, events, talk)
        }
        Words::Dialogue(dialogue) | Words::Room(dialogue) => {
            if !dialogue.entrance.is_passable() {
                return Err(Failure::bad_words(ONLY_FOR_PEOPLE));
            }
            hold(Way { address, dial, idle }, dialogue, events, talk)
        }
    }
}

impl Entrance {
    /// A password is asked from a person, at a terminal.
    fn is_passable(&self) -> bool {
        matches!(self, Self::Open) || (io::stdin().is_terminal() && io::stdout().is_terminal())
    }

    /// Where the token for a server is kept that wants one.
    fn tokens(&self, address: &Address) -> Option<TokenFile> {
        match self {
            Self::Open => None,
            Self::Login { data } => Some(TokenFile::new(data, &address.to_string())),
        }
    }
}

/// Asks on the terminal. Answers are read byte by byte, so that what follows them in a pipe is still there.
fn asked(default: &Address) -> Result<Address, Failure> {
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    let stdin = stdin.map_err(|e| Failure::failed(format!("cannot read the answers: {}", Reason(&e))))?;
    ask::address(default, BufReader::with_capacity(1, std::fs::File::from(stdin)), io::stderr())
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    new_runtime().map_err(|e| Failure::failed(format!("cannot start: {}", Reason(&e))))
}

fn new_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// At a terminal on both sides with a line editor, else as a pipe.
fn hold(way: Way, dialogue: Dialogue, events: Events, talk: Talk) -> Result<Exit, Failure> {
    let Dialogue { speech, dump, history, entrance } = dialogue;
    let person = io::stdin().is_terminal() && io::stdout().is_terminal();
    let terminal = person.then(|| Terminal::open(history)).flatten();
    if let (None, Entrance::Login { .. }) = (&terminal, &entrance) {
        return Err(Failure::failed("login needs a terminal that can place its cursor; set TERM to what yours is"));
    }
    let audience = terminal.as_ref().map_or(Audience::Script, |terminal| Audience::Person(terminal.screen()));
    let (emitter, sink) = events.open(&audience, talk)?;
    let line = Line { way: &way, dump, emitter, audience };
    let done = match terminal {
        Some(terminal) => meet(&line, terminal, speech, &entrance),
        None => pass(&line, speech),
    };
    drop(line);
    close(sink);
    done.map_err(|trouble| way.failed(trouble))
}

/// A person visits a chat room. The screen is the room's, so that events go elsewhere or nowhere.
fn visit(way: Way, speech: Speech, events: Events, talk: Talk) -> Result<Exit, Failure> {
    let volume = if io::stderr().is_terminal() { Volume::Quiet } else { talk.volume };
    let (emitter, sink) = events.open(&Audience::Script, Talk { volume, ..talk })?;
    let palette = match talk.paint.on(&io::stdout()) {
        Colour::Coloured => Palette::Coloured,
        Colour::Plain => Palette::Plain,
    };
    let (place, way) = (way.address.to_string(), Arc::new(way));
    let dialler = {
        let way = Arc::clone(&way);
        move || Line { way: &way, dump: Dump::None, emitter: emitter.clone(), audience: Audience::Script }.wire()
    };
    let done = Chat { place, speech, palette, dialler: Arc::new(dialler) }.run();
    close(sink);
    done.map(exit).map_err(|trouble| way.failed(trouble))
}

/// Matches as long as a person wants another, or one for a script.
fn play(way: Way, game: Game, events: Events, talk: Talk) -> Result<Exit, Failure> {
    let Game { speech, dump } = game;
    let person = io::stdin().is_terminal() && io::stdout().is_terminal();
    // A board needs of a terminal what a line editor needs.
    let able = person && Terminal::open(None).is_some();
    let seat = able.then(Seat::take).transpose().map_err(|trouble| way.failed(trouble))?;
    let audience = seat.as_ref().map_or(Audience::Script, |seat| Audience::Player(seat.surface()));
    let (emitter, sink) = events.open(&audience, talk)?;
    let line = Line { way: &way, dump, emitter, audience };
    let done = match seat {
        Some(mut seat) => loop {
            match line.wire().and_then(|wire| seat.play(&wire, speech)) {
                Ok(Played::Again) => {}
                Ok(Played::Farewell(farewell)) => break Ok(exit(farewell)),
                Err(trouble) => break Err(trouble),
            }
        },
        None => line.wire().and_then(|wire| play_script(&wire, speech)).map(|()| Exit::Done),
    };
    drop(line);
    close(sink);
    done.map_err(|trouble| way.failed(trouble))
}

/// A person talks.
fn meet(line: &Line<'_>, terminal: Terminal, speech: Speech, entrance: &Entrance) -> Result<Exit, Trouble> {
    let entered = match entrance.tokens(&line.way.address) {
        None => Ok(line.wire()?),
        Some(tokens) => {
            coredump::forbid();
            let screen = &terminal.screen();
            Visitor { framing: speech.framing(), tokens: &tokens, screen, dial: &|| line.wire() }.enter()?
        }
    };
    let farewell = match entered {
        Ok(wire) => terminal.run(wire, speech)?,
        Err(farewell) => farewell,
    };
    Ok(exit(farewell))
}

fn exit(farewell: Farewell) -> Exit {
    match farewell {
        Farewell::Done => Exit::Done,
        Farewell::Signal(signal) => Exit::Signal(signal),
    }
}

/// A pipe passes through.
fn pass(line: &Line<'_>, speech: Speech) -> Result<Exit, Trouble> {
    let rendering = if io::stdout().is_terminal() { Rendering::Text } else { Rendering::Bytes };
    pipe::run(Arc::new(line.wire()?), speech, rendering).map(|()| Exit::Done)
}

/// How somebody is reached.
struct Way {
    address: Address,
    dial: Dial,
    idle: Option<Duration>,
}

/// Where connections come from, and what is told of each.
struct Line<'a> {
    way: &'a Way,
    dump: Dump,
    emitter: Emitter,
    audience: Audience,
}

impl Line<'_> {
    /// Another connection.
    fn wire(&self) -> Result<Wire, Trouble> {
        let socket = self.way.reach()?;
        let dump = (self.dump == Dump::Hex).then(|| HexDump::new(self.audience.stderr()));
        let account = Account::open(&self.emitter, &SockRef::from(&socket));
        Ok(Wire::new(socket, account).dumped(dump).limited(self.way.idle))
    }
}

impl Way {
    /// Where the address does not stand in the trouble, it stands in front of it.
    fn failed(&self, trouble: Trouble) -> Failure {
        match trouble {
            Trouble::Unreached(error) => error.into(),
            trouble => Failure::failed(format!("{} {trouble}", self.address)),
        }
    }

    fn reach(&self) -> Result<Socket, Trouble> {
        let runtime = new_runtime().map_err(Trouble::Socket)?;
        let stream = runtime.block_on(async {
            let stream = dial(&self.address, &self.dial).await?;
            stream.into_blocking().map_err(Trouble::Socket)
        });
        // A resolver that hangs must not hold us.
        runtime.shutdown_background();
        stream
    }
}

impl Audience {
    /// While a line is typed, what goes to the terminal goes through the screen.
    fn stderr(&self) -> Box<dyn Write + Send> {
        let stderr = io::stderr();
        match self {
            Self::Person(screen) if stderr.is_terminal() => Box::new(screen.clone()),
            Self::Player(surface) if stderr.is_terminal() => Box::new(surface.clone()),
            _ => Box::new(stderr),
        }
    }
}

impl Events {
    /// The sink for the events, or a mute emitter where nobody wants them.
    fn open(self, audience: &Audience, talk: Talk) -> Result<(Emitter, Option<Sink>), Failure> {
        let enough = if let Audience::Person(_) = audience { Volume::Normal } else { Volume::Verbose };
        let (target, name) = match self.log {
            Some(path) => (Target::File(path.clone()), path.display().to_string()),
            None if talk.volume >= enough => (Target::Stream(audience.stderr()), "stderr".to_owned()),
            None => return Ok((Emitter::mute(), None)),
        };
        let opened = sinks::open(SinkPlan { level: self.level, format: self.format, target }, || {});
        let failed = |e| Failure::failed(format!("cannot open the log {name}: {}; check the path", Reason(&e)));
        opened.map(|(emitter, sink)| (emitter, Some(sink))).map_err(failed)
    }
}

fn close(sink: Option<Sink>) {
    if let Some(sink) = sink {
        sink.close();
    }
}

/// Sends the payload, prints the reports, and fails where one of them is bad.
fn check(payload: Payload, events: Events, talk: Talk) -> Result<Exit, Failure> {
    let (emitter, sink) = events.open(&Audience::Script, talk)?;
    let Payload { size, clients, seed, .. } = payload;
    let whom = if clients == 1 { "client" } else { "clients" };
    print(&format!("payload: {size} bytes each for {clients} {whom}, seed {seed}"))?;
    let progress = if talk.volume > Volume::Quiet { Progress::Bar } else { Progress::Hidden };
    let (runtime, begun) = (runtime()?, Instant::now());
    let reports = runtime.block_on(payload::run(payload, emitter, progress));
    let sum = Sum::of(&reports, begun.elapsed());
    runtime.shutdown_background();
    close(sink);
    tell(&reports, &sum)
}

fn tell(reports: &[Report], sum: &Sum) -> Result<Exit, Failure> {
    for report in reports {
        print(&report.to_string())?;
    }
    if reports.len() > 1 {
        print(&sum.to_string())?;
    }
    match sum.bad() {
        0 => Ok(Exit::Done),
        bad => Err(Failure::failed(format!(
            "{bad} of {} clients failed, as their lines say; repeat it with the same --seed",
            reports.len()
        ))),
    }
}

fn print(line: &str) -> Result<(), Failure> {
    super::print::run(format!("{line}\n").as_bytes()).map(drop)
}

const ONLY_FOR_PEOPLE: &str = "login asks a person for a name and a password, and this is no terminal; a script sends \
     LOGIN and its words with `sockeye connect ADDR`";
/// A server that loses bytes mostly waits for them: without an end there would be no report.
const PAYLOAD_IDLE: Duration = Duration::from_secs(10);
