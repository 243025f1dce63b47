//! Plays: what is done in each case of the chat.

use std::time::Duration;

use super::room::{Member, SETTLING, come, is_a_room, is_signed, names, nick, talk_on, text, three};
use crate::check::case::Played;
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::say;
use crate::check::stage::Stage;
use crate::check::wire::Reach;

pub(super) fn broadcast(stage: &mut Stage) -> Played {
    let [mut one, mut two, mut three] = three(stage)?;
    let text = text(stage);
    one.says(&text)?;
    let did = format!("three came in, and {} said {text:?}", one.nick);
    for member in [&mut two, &mut three] {
        let heard = member.must_hear(&text, &did)?;
        if !names(&heard, &one.nick) {
            let got = say::quoted(heard.trim().as_bytes());
            let miss = member.wire.fault(Transport::Answered, format!("the nick {} with it", one.nick), got);
            return Err(miss.with_did(&did));
        }
    }
    let echo = if one.hears(&text).is_some() { "who speaks hears it too" } else { "who speaks does not hear it" };
    Ok(Some(echo.to_owned()))
}

pub(super) fn join_name(stage: &mut Stage) -> Played {
    let [mut one, mut two, _three] = three(stage)?;
    let late = Member::join(stage)?;
    let did = format!("three were there, and {} came in", late.nick);
    one.must_hear_of(&late.nick, &did)?;
    two.must_hear_of(&late.nick, &did).map(|_| None)
}

pub(super) fn no_leak(stage: &mut Stage) -> Played {
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

pub(super) fn leave(stage: &mut Stage) -> Played {
    let [one, mut two, _three] = three(stage)?;
    let (nick, did) = (one.nick.clone(), format!("{} left", one.nick));
    one.wire.close();
    two.must_hear_of(&nick, &did).map(|_| None)
}

pub(super) fn reset(stage: &mut Stage) -> Played {
    let [one, two, three] = three(stage)?;
    let did = format!("{} reset the connection", one.nick);
    one.wire.reset();
    talk_on(stage, [two, three], &did)
}

pub(super) fn dead_peer(stage: &mut Stage) -> Played {
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

pub(super) fn exactly_once(stage: &mut Stage) -> Played {
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
    let did = "four members said five messages each";
    let nicks: Vec<String> = members.iter().map(|member| member.nick.clone()).collect();
    for (own, member) in members.iter_mut().enumerate() {
        // Who speaks need not hear it.
        let last = said.iter().rev().find(|(from, _)| *from != own).map_or("", |(_, text)| text);
        let mut heard = member.hears_until(|all| all.contains(last));
        heard.push_str(&String::from_utf8_lossy(&member.wire.hear_within(SETTLING)));
        for (from, text) in said.iter().filter(|(from, _)| *from != own) {
            let wrong = match heard.matches(text.as_str()).count() {
                0 => Some((Transport::Timeout, format!("{text:?} never"))),
                1 => None,
                n => Some((Transport::Answered, format!("{text:?} {n} times"))),
            };
            if let Some((transport, got)) = wrong {
                return Err(member.wire.fault(transport, "each message once", got).with_did(did));
            }
            let line = heard.lines().find(|line| line.contains(text)).unwrap_or_default();
            let others = nicks.iter().enumerate().filter(|(at, nick)| at != from && names(line, nick));
            if !names(line, &nicks[*from]) || others.count() > 0 {
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

pub(super) fn slow_reader(stage: &mut Stage) -> Played {
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

pub(super) fn dup_name(stage: &mut Stage) -> Played {
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
    if !is_signed(line, &one.nick) {
        return Ok(Some(format!("it says {}", say::quoted(said.trim().as_bytes()))));
    }
    let miss =
        two.wire.fault(Transport::Answered, "a second one of that name is refused", say::quoted(line.as_bytes()));
    Err(miss.with_did(&format!("{} is here; another came under the same nick and said {text:?}", one.nick)))
}

pub(super) fn spoof(stage: &mut Stage) -> Played {
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
        guest.close();
    }
    Ok(None)
}

pub(super) fn newline(stage: &mut Stage) -> Played {
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
    if line.is_empty() || names(line, &one.nick) {
        return Ok(None);
    }
    let want = format!("{} before each line of it", one.nick);
    Err(two.wire.fault(Transport::Answered, want, say::quoted(line.as_bytes())).with_did(&did))
}

pub(super) fn history(stage: &mut Stage) -> Played {
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

pub(super) fn kick(stage: &mut Stage) -> Played {
    let [mut one, mut two, mut three] = three(stage)?;
    let typed = kick_line(stage, &two.nick);
    stage.at_its_terminal()?.tell(&typed);
    let did = format!("typed {typed:?} at the server");
    two.wire.listen_to_the_end();
    if two.wire.end().is_none() {
        let want = format!("the end of {}'s connection", two.nick);
        return Err(two.wire.fault(Transport::Timeout, want, "it stays open").with_did(&did));
    }
    one.must_hear_of(&two.nick, &did)?;
    three.wire.hear_within(SETTLING);
    one.wire.hear_within(SETTLING);
    talk_on(stage, [one, three], &did)
}

pub(super) fn kick_denied(stage: &mut Stage) -> Played {
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

pub(super) fn kick_unknown(stage: &mut Stage) -> Played {
    let nobody = nick(stage);
    kick_in_vain(stage, &nobody)
}

pub(super) fn kick_self(stage: &mut Stage) -> Played {
    kick_in_vain(stage, "admin")
}

/// The admin kicks somebody who cannot be kicked, and then somebody who can.
fn kick_in_vain(stage: &mut Stage, vainly: &str) -> Played {
    let [one, mut two, three] = three(stage)?;
    for name in [vainly, &two.nick] {
        let typed = kick_line(stage, name);
        stage.at_its_terminal()?.tell(&typed);
        stage.scene.breathe(Duration::from_millis(200));
    }
    let did = format!("kicked {vainly}, who is not there to be kicked, and then {}", two.nick);
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
