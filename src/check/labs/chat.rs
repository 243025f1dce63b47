//! Chat: a room for many, with an admin at the server's terminal. How a message looks is the server's own business;
//! what counts is that its text comes to everybody, once, with who said it.

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::start;
use crate::check::say;
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

pub(crate) const LAB: Lab = Lab {
    name: "chat",
    role: Role::Server,
    summary: "a chat for many: everybody has a nick, what one says all hear, and the admin at the server can /kick",
    sheet: "sheet P2, task 3; sheet R, task 11",
    parts: &[start::SERVER, Part { prefix: "chat", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "broadcast",
        level: Level::Must,
        needs: &[],
        title: "what one of three says comes to the other two, with the nick of who said it",
        why: "this is what a chat is",
        bug: "the message goes back to its sender only, or goes out without a name",
        fix: "loop over all members, and put the nick before the text",
        play: broadcast,
    },
    Row {
        name: "no-leak-before-join",
        level: Level::Should,
        needs: &["broadcast"],
        title: "who has not given a nick yet hears nothing of what is said",
        why: "nobody knows who is listening otherwise",
        bug: "the message goes to all sockets instead of all members",
        fix: "put a socket into the list of members when its nick is there",
        play: no_leak,
    },
    Row {
        name: "leave",
        level: Level::Should,
        needs: &["broadcast"],
        title: "when somebody leaves, the others are told who",
        why: "the sheet asks for it",
        bug: "the member is struck from the list without a word",
        fix: "tell all when recv() returns nothing",
        play: leave,
    },
    Row {
        name: "rst",
        level: Level::Must,
        needs: &["broadcast"],
        title: "when somebody's connection is reset, the others go on",
        why: "that is how a member leaves whose computer is switched off",
        bug: "ConnectionResetError ends the server, or the list changes while it is walked through",
        fix: "catch OSError in the member's thread; walk through a copy of the list",
        play: reset,
    },
    Row {
        name: "dead-peer",
        level: Level::Must,
        needs: &["broadcast"],
        title: "a member who has gone costs the others no message",
        why: "send() to who has gone fails, and it is somebody else's message",
        bug: "one failing send() ends the loop over all members",
        fix: "try/except around each send(), and strike who fails from the list",
        play: dead_peer,
    },
    Row {
        name: "exactly-once",
        level: Level::Must,
        needs: &["broadcast"],
        title: "of four members who talk at once everybody hears each message once, whole, and in order",
        why: "threads that send to the same socket come between each other",
        bug: "nick and text are two sends, or two threads write at the same time",
        fix: "one sendall() for a whole message, under a lock for each member",
        play: exactly_once,
    },
    Row {
        name: "slow-reader",
        level: Level::Should,
        needs: &["broadcast"],
        title: "a member who reads nothing does not keep the others from talking",
        why: "send() waits for who does not read",
        bug: "one thread sends to one after the other",
        fix: "a queue and a thread for each member, or a timeout for sending",
        play: slow_reader,
    },
    Row {
        name: "dup-name",
        level: Level::Should,
        needs: &["broadcast"],
        title: "a nick that is taken is refused, or told apart",
        why: "two with one name are one to everybody else",
        bug: "nobody looks",
        fix: "look whether the nick is among the members before adding it",
        play: dup_name,
    },
    Row {
        name: "spoof",
        level: Level::Should,
        needs: &["broadcast"],
        title: "nobody can call themselves admin",
        why: "the admin is the person at the server",
        bug: "any nick is taken",
        fix: "refuse the names that mean something",
        play: spoof,
    },
    Row {
        name: "newline",
        level: Level::Should,
        needs: &["broadcast"],
        title: "a line end within a message begins no line that looks like somebody else's",
        why: "who reads it cannot tell who said it",
        bug: "the bytes are passed on as they came",
        fix: "make each line a message of its own, with the nick before it",
        play: newline,
    },
    Row {
        name: "history",
        level: Level::Should,
        needs: &["broadcast"],
        title: "who comes late sees what was said before",
        why: "it is hard to join a talk otherwise",
        bug: "nothing is kept",
        fix: "keep the last twenty messages, and send them to who joins",
        play: history,
    },
    Row {
        name: "kick",
        level: Level::Must,
        needs: &["broadcast"],
        title: "`/kick NICK` at the server ends that member's connection and no other, and the others are told",
        why: "the sheet asks for it",
        bug: "the nick is struck from the list, and its connection stays open",
        fix: "close the member's socket (shutdown() first, so that its thread wakes up)",
        play: kick,
    },
    Row {
        name: "kick-denied",
        level: Level::Must,
        needs: &["broadcast"],
        title: "`/kick` of an ordinary member has no effect",
        why: "only the admin may",
        bug: "the command is looked for in what everybody says",
        fix: "look for commands in what is typed at the server only",
        play: kick_denied,
    },
    Row {
        name: "kick-unknown",
        level: Level::Must,
        needs: &["kick"],
        title: "kicking who is not there does no harm, and the admin can kick the next one",
        why: "the admin mistypes",
        bug: "KeyError or ValueError ends the admin's thread, or the server",
        fix: "look whether the nick is there, and say so where it is not",
        play: kick_unknown,
    },
];

/// Somebody in the room.
struct Member {
    wire: Wire,
    nick: String,
    /// How a `{text}` is said.
    form: String,
}

impl Member {
    /// Comes in under a nick of its own.
    fn join(stage: &mut Stage) -> Result<Self, Miss> {
        let nick = nick(stage);
        let (wire, _) = come(stage, &nick, Reach::default())?;
        let told = stage.setting.dialogue.as_ref();
        let form = told.and_then(|dialogue| dialogue.say.clone()).unwrap_or_else(|| "{text}".to_owned());
        Ok(Self { wire, nick, form })
    }

    fn says(&mut self, text: &str) -> Result<(), Miss> {
        self.wire.send(self.form.replace("{text}", text).as_bytes())
    }

    /// Everything until this text has come, or nothing more does.
    fn hears(&mut self, text: &str) -> Option<String> {
        let mut all = String::new();
        loop {
            let heard = self.wire.hear();
            all.push_str(&String::from_utf8_lossy(&heard));
            if all.contains(text) {
                return Some(all);
            }
            if heard.is_empty() {
                return None;
            }
        }
    }

    /// It hears this, which `who` said.
    fn must_hear(&mut self, text: &str, did: &str) -> Result<String, Miss> {
        self.hears(text).ok_or_else(|| {
            let transport = if self.wire.end().is_some() { Transport::Fin } else { Transport::Timeout };
            let miss = self.wire.fault(transport, format!("{text:?}, at {}", self.nick), "it does not come");
            miss.with_did(did)
        })
    }
}

/// Three people who have come in, one after the other, and heard all about it.
fn three(stage: &mut Stage) -> Result<[Member; 3], Miss> {
    let mut members = [Member::join(stage)?, Member::join(stage)?, Member::join(stage)?];
    members.iter_mut().for_each(|member| drop(member.wire.hear_within(SETTLING)));
    Ok(members)
}

/// Gives a nick, whether it is asked for or not; what is said then.
fn come(stage: &mut Stage, nick: &str, reach: Reach) -> Result<(Wire, String), Miss> {
    let mut wire = stage.dial(reach)?;
    wire.hear_within(SETTLING);
    let dialogue = stage.setting.dialogue.as_ref();
    let told = dialogue.and_then(|dialogue| Some((dialogue.join.as_ref()?.said_by(nick), dialogue.line_end.as_str())));
    let (texts, end) = told.unwrap_or_else(|| (vec![nick.to_owned()], ""));
    let mut said = Vec::new();
    for text in texts {
        wire.send(format!("{text}{end}").as_bytes())?;
        said.extend(wire.hear_within(SETTLING));
    }
    Ok((wire, String::from_utf8_lossy(&said).into_owned()))
}

/// A name that nobody else has and no word contains.
fn nick(stage: &mut Stage) -> String {
    String::from_utf8_lossy(&stage.letters(7)).replacen(|_: char| true, "Q", 1)
}

fn text(stage: &mut Stage) -> String {
    format!("z{}", String::from_utf8_lossy(&stage.letters(11)))
}

fn broadcast(stage: &mut Stage) -> Played {
    let [mut one, mut two, mut three] = three(stage)?;
    let text = text(stage);
    one.says(&text)?;
    let did = format!("three came in, and {} said {text:?}", one.nick);
    for member in [&mut two, &mut three] {
        let heard = member.must_hear(&text, &did)?;
        if !heard.contains(&one.nick) {
            let got = say::quoted(heard.trim().as_bytes());
            let miss = member.wire.fault(Transport::Answered, format!("the nick {} with it", one.nick), got);
            return Err(miss.with_did(&did));
        }
    }
    let echo = if one.hears(&text).is_some() { "who speaks hears it too" } else { "who speaks does not hear it" };
    Ok(Some(echo.to_owned()))
}

/// What one says the other hears: without that, not hearing somebody means nothing.
fn is_a_room(stage: &mut Stage, [one, two]: [&mut Member; 2]) -> Result<(), Miss> {
    let text = text(stage);
    one.says(&text)?;
    two.must_hear(&text, &format!("{} said {text:?}", one.nick)).map(drop)
}

fn no_leak(stage: &mut Stage) -> Played {
    let mut stranger = stage.dial(Reach::default())?;
    let [mut one, mut two, _three] = three(stage)?;
    let text = text(stage);
    one.says(&text)?;
    let did = format!("somebody connected and gave no nick; {} said {text:?}", one.nick);
    two.must_hear(&text, &did)?;
    stranger.listen_for(SETTLING);
    if String::from_utf8_lossy(stranger.heard()).contains(&text) {
        return Err(stranger
            .fault(Transport::Answered, "nothing, at the stranger", format!("{text:?}"))
            .with_did(&did));
    }
    Ok(None)
}

fn leave(stage: &mut Stage) -> Played {
    let [one, mut two, _three] = three(stage)?;
    let (nick, did) = (one.nick.clone(), format!("{} left", one.nick));
    one.wire.close();
    two.must_hear(&nick, &did).map(|_| None)
}

fn reset(stage: &mut Stage) -> Played {
    let [one, two, three] = three(stage)?;
    let did = format!("{} reset the connection", one.nick);
    one.wire.reset();
    talk_on(stage, [two, three], &did)
}

/// Both others still hear each other.
fn talk_on(stage: &mut Stage, [mut one, mut two]: [Member; 2], did: &str) -> Played {
    for _ in 0..2 {
        let text = text(stage);
        one.says(&text)?;
        two.must_hear(&text, &format!("{did}; then {} said {text:?}", one.nick))?;
        std::mem::swap(&mut one, &mut two);
    }
    Ok(None)
}

fn dead_peer(stage: &mut Stage) -> Played {
    let [one, mut two, mut three] = three(stage)?;
    let gone = one.nick.clone();
    one.wire.reset();
    for _ in 0..3 {
        let text = text(stage);
        two.says(&text)?;
        three.must_hear(&text, &format!("{gone} has gone; {} said {text:?}", two.nick))?;
    }
    Ok(None)
}

fn exactly_once(stage: &mut Stage) -> Played {
    let mut members = Vec::new();
    for _ in 0..4 {
        members.push(Member::join(stage)?);
    }
    members.iter_mut().for_each(|member| drop(member.wire.hear_within(SETTLING)));
    let mut said: Vec<(usize, String)> = Vec::new();
    for _ in 0..5 {
        for (at, member) in members.iter_mut().enumerate() {
            let text = text(stage);
            // What ends a message is the server's own business; a line end or a pause do for all.
            member.says(&format!("{text}\n"))?;
            said.push((at, text));
        }
        stage.scene.breathe(Duration::from_millis(300));
    }
    let last = said.last().map(|(_, text)| text.clone()).unwrap_or_default();
    let did = "four members said five messages each";
    let nicks: Vec<String> = members.iter().map(|member| member.nick.clone()).collect();
    for (own, member) in members.iter_mut().enumerate() {
        let mut heard = member.hears(&last).unwrap_or_default();
        heard.push_str(&String::from_utf8_lossy(&member.wire.hear_within(SETTLING)));
        for (from, text) in said.iter().filter(|(from, _)| *from != own) {
            let wrong = match heard.matches(text.as_str()).count() {
                0 => Some(format!("{text:?} never")),
                1 => None,
                n => Some(format!("{text:?} {n} times")),
            };
            if let Some(got) = wrong {
                return Err(member.wire.fault(Transport::Answered, "each message once", got).with_did(did));
            }
            let line = heard.lines().find(|line| line.contains(text)).unwrap_or_default();
            let others = nicks.iter().enumerate().filter(|(at, nick)| at != from && line.contains(nick.as_str()));
            if !line.contains(&nicks[*from]) || others.count() > 0 {
                let got = say::quoted(line.as_bytes());
                let want = format!("{text:?} on a line with {} and nobody else", nicks[*from]);
                return Err(member.wire.fault(Transport::Answered, want, got).with_did(did));
            }
        }
        for from in (0..nicks.len()).filter(|from| *from != own) {
            let places: Vec<_> = said.iter().filter(|(at, _)| *at == from).filter_map(|(_, t)| heard.find(t)).collect();
            if !places.is_sorted() {
                let want = format!("what {} said in the order it was said", nicks[from]);
                return Err(member.wire.fault(Transport::Answered, want, "another order").with_did(did));
            }
        }
    }
    Ok(None)
}

fn slow_reader(stage: &mut Stage) -> Played {
    let lazy = nick(stage);
    let (lazy, _) = come(stage, &lazy, Reach { receive_buffer: Some(4096), ..Reach::default() })?;
    let [mut one, mut two, _three] = three(stage)?;
    // More than the buffers on the way to the lazy one take, in lines that no guard against floods minds.
    let filler = String::from_utf8_lossy(&stage.letters(60_000)).into_owned();
    let did = "one member reads nothing while much is said";
    for _ in 0..90 {
        one.says(&format!("{filler}\n"))?;
        for member in [&mut one, &mut two] {
            member.wire.listen_for(Duration::from_millis(8));
            member.wire.take_heard();
        }
        if two.wire.end().is_some() || one.wire.end().is_some() {
            return Err(Miss::skip("it drops who says so much, so that nobody can be kept waiting that way"));
        }
    }
    let text = text(stage);
    one.says(&format!("{text}\n"))?;
    let heard = two.must_hear(&text, did);
    one.wire.listen_for(Duration::from_millis(8));
    if one.wire.end().is_some() {
        return Err(Miss::skip("it drops who says so much, so that nobody can be kept waiting that way"));
    }
    lazy.reset();
    heard.map(|_| None)
}

fn dup_name(stage: &mut Stage) -> Played {
    let [mut one, mut two, _three] = three(stage)?;
    is_a_room(stage, [&mut one, &mut two])?;
    let (mut twin, said) = come(stage, &one.nick, Reach::default())?;
    let text = text(stage);
    // Who is closed was refused.
    if twin.end().is_some() || twin.send(text.as_bytes()).is_err() {
        return Ok(Some("it ends the connection".to_owned()));
    }
    let heard = two.hears(&text).unwrap_or_default();
    let line = heard.lines().find(|line| line.contains(&text)).unwrap_or_default();
    let signed_alike = line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == one.nick);
    if !signed_alike {
        return Ok(Some(format!("it says {}", say::quoted(said.trim().as_bytes()))));
    }
    let miss =
        two.wire.fault(Transport::Answered, "a second one of that name is refused", say::quoted(line.as_bytes()));
    Err(miss.with_did(&format!("{} is here; another came under the same nick and said {text:?}", one.nick)))
}

fn spoof(stage: &mut Stage) -> Played {
    let [mut one, mut two, _three] = three(stage)?;
    is_a_room(stage, [&mut one, &mut two])?;
    for name in ["admin", "Admin"] {
        let (mut guest, _) = come(stage, name, Reach::default())?;
        let text = text(stage);
        if guest.end().is_some() || guest.send(text.as_bytes()).is_err() {
            continue;
        }
        let heard = two.hears(&text).unwrap_or_default();
        let line = heard.lines().find(|line| line.contains(&text)).unwrap_or_default();
        if line.to_lowercase().contains("admin") {
            let miss = two.wire.fault(Transport::Answered, "nobody is called admin", say::quoted(line.as_bytes()));
            return Err(miss.with_did(&format!("somebody came under the nick {name}, and said {text:?}")));
        }
    }
    Ok(None)
}

fn newline(stage: &mut Stage) -> Played {
    let [mut one, mut two, three] = three(stage)?;
    let (first, second) = (text(stage), text(stage));
    let forged = format!("{first}\n{}: {second}\n", three.nick);
    one.says(&forged)?;
    let did = format!("{} said {forged:?}", one.nick);
    let heard = two.must_hear(&first, &did)?;
    // The second line may be lost, but not be somebody else's.
    let more = if heard.contains(&second) { String::new() } else { two.hears(&second).unwrap_or_default() };
    let all = heard + &more;
    let line = all.lines().find(|line| line.contains(&second)).unwrap_or_default();
    if line.is_empty() || line.contains(&one.nick) {
        return Ok(None);
    }
    let want = format!("{} before each line of it", one.nick);
    Err(two.wire.fault(Transport::Answered, want, say::quoted(line.as_bytes())).with_did(&did))
}

fn history(stage: &mut Stage) -> Played {
    let [mut one, mut two, _three] = three(stage)?;
    let text = text(stage);
    one.says(&text)?;
    two.must_hear(&text, "somebody spoke")?;
    let late = nick(stage);
    let (mut wire, mut said) = come(stage, &late, Reach::default())?;
    said.push_str(&String::from_utf8_lossy(&wire.hear_within(SETTLING)));
    if said.contains(&text) {
        return Ok(None);
    }
    let miss = wire.fault(Transport::Answered, format!("{text:?}, said before"), say::quoted(said.trim().as_bytes()));
    Err(miss.with_did("somebody came later"))
}

fn kick(stage: &mut Stage) -> Played {
    let [mut one, mut two, mut three] = three(stage)?;
    let typed = kick_line(stage, &two.nick);
    stage.at_its_terminal()?.tell(&typed);
    let did = format!("typed {typed:?} at the server");
    two.wire.listen_to_the_end();
    if two.wire.end().is_none() {
        let want = format!("the end of {}'s connection", two.nick);
        return Err(two.wire.fault(Transport::Timeout, want, "it stays open").with_did(&did));
    }
    one.must_hear(&two.nick, &did)?;
    three.wire.hear_within(SETTLING);
    one.wire.hear_within(SETTLING);
    talk_on(stage, [one, three], &did)
}

fn kick_denied(stage: &mut Stage) -> Played {
    let [mut one, mut two, three] = three(stage)?;
    let typed = kick_line(stage, &two.nick);
    one.says(&format!("{typed}\n"))?;
    two.wire.listen_for(Duration::from_millis(700));
    let did = format!("{}, who is no admin, said {typed:?}", one.nick);
    if two.wire.end().is_some() {
        let want = format!("{} stays", two.nick);
        return Err(two.wire.fault(Transport::Fin, want, "the connection was ended").with_did(&did));
    }
    two.wire.take_heard();
    talk_on(stage, [three, two], &did)
}

fn kick_unknown(stage: &mut Stage) -> Played {
    let [one, mut two, three] = three(stage)?;
    let nobody = nick(stage);
    for name in [&nobody, &two.nick] {
        let typed = kick_line(stage, name);
        stage.at_its_terminal()?.tell(&typed);
        stage.scene.breathe(Duration::from_millis(200));
    }
    let did = format!("kicked {nobody}, who is not there, and then {}", two.nick);
    two.wire.listen_to_the_end();
    if two.wire.end().is_none() {
        let want = format!("the end of {}'s connection", two.nick);
        return Err(two.wire.fault(Transport::Timeout, want, "it stays open").with_did(&did));
    }
    talk_on(stage, [one, three], &did)
}

/// What the admin types.
fn kick_line(stage: &Stage, name: &str) -> String {
    let told = stage.setting.dialogue.as_ref().and_then(|dialogue| dialogue.kick.clone());
    told.unwrap_or_else(|| "/kick {name}".to_owned()).replace("{name}", name)
}

/// Whoever greets, or tells others, does so at once.
const SETTLING: Duration = Duration::from_millis(400);
