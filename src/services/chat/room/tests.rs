//! The rules and words of the room, tried by hand. The simulation beside it tries what holds whatever happens.

use super::*;
use crate::event::audit::Act;

/// A room with its clock, and everything that came out of it since it was last looked at.
struct Stage {
    room: Room,
    clock: Timestamp,
    effects: Vec<Effect>,
}

const CONSOLE: u64 = 1;

impl Stage {
    /// With the admin at a console.
    fn open() -> Self {
        let mut stage = Self::with(Vec::new());
        stage.apply(Input::Console(Id(CONSOLE)));
        stage.effects.clear();
        stage
    }

    fn with(bans: Vec<Ban>) -> Self {
        let room = Room::new(Terms { rate: None }, bans);
        Self { room, clock: at(0), effects: Vec::new() }
    }

    /// The same with these members, numbered from 2.
    fn with_members(nicks: &[&str]) -> Self {
        let mut stage = Self::open();
        for (id, nick) in (2..).zip(nicks) {
            stage.arrives(id, &format!("192.0.2.{id}"));
            stage.says(id, nick);
        }
        stage.effects.clear();
        stage
    }

    fn apply(&mut self, input: Input<'_>) {
        let effects = self.room.apply(self.clock, input);
        self.effects.extend(effects);
    }

    fn arrives(&mut self, id: u64, from: &str) {
        self.apply(Input::Arrives { id: Id(id), from: from.parse().ok() });
    }

    fn says(&mut self, id: u64, text: &str) {
        self.apply(Input::Says { id: Id(id), bytes: text.as_bytes() });
    }

    fn leaves(&mut self, id: u64, cause: Cause) {
        self.apply(Input::Leaves { id: Id(id), cause });
    }

    /// What has come out since it was last looked at: `2: …` is for one, `: …` for all, `!` is something else.
    fn seen(&mut self) -> Vec<String> {
        self.effects.drain(..).map(|effect| shown(&effect)).collect()
    }

    /// What somebody is told when saying a text, and nobody else.
    fn answer(&mut self, id: u64, text: &str) -> String {
        self.effects.clear();
        self.says(id, text);
        let seen = self.seen();
        let own = format!("{id}: ");
        assert!(seen.iter().all(|line| line.starts_with(&own)), "{text}: {seen:?}");
        seen.iter().map(|line| &line[own.len()..]).collect::<Vec<_>>().join("|")
    }
}

fn shown(effect: &Effect) -> String {
    match effect {
        Effect::Enter(id) => format!("!enter {}", id.0),
        Effect::ToAll { line, .. } => format!(": {line}"),
        Effect::To { id, line } => format!("{}: {line}", id.0),
        Effect::Close(id) => format!("!close {}", id.0),
        Effect::KeepBan(ban) => format!("!keep {}", ban.key.0),
        Effect::LiftBan(key) => format!("!lift {}", key.0),
        Effect::Audit(_) => "!audit".to_owned(),
        Effect::Stop => "!stop".to_owned(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn ban(nick: Option<&str>, address: Option<&str>, until: Option<i64>) -> Ban {
    let (nick, address) = (nick.map(str::to_owned), address.map(|address| address.parse().unwrap()));
    let key = BanKey(format!("{nick:?}{address:?}"));
    Ban { key, nick, address, reason: "loud".into(), since: at(0), until: until.map(at) }
}

#[test]
fn a_newcomer_is_asked_and_greeted_and_announced() {
    let mut stage = Stage::open();
    stage.arrives(2, "192.0.2.2");
    stage.says(2, "bob");
    stage.arrives(3, "192.0.2.3");
    stage.effects.clear();
    stage.says(3, "alice\x1b");
    assert_eq!(stage.seen(), ["3: * Sorry, a name here has only letters, digits, _ and -.", "3: Nick?"]);
    stage.says(3, " alice \r\n");
    let greeting = "3: * You are alice. Here: admin, bob, alice. /help lists commands.";
    assert_eq!(stage.seen(), [": * alice joined", greeting, "!enter 3"]);
    stage.says(3, "hello");
    assert_eq!(stage.seen(), [": <alice> hello"]);
    stage.says(CONSOLE, "good evening");
    assert_eq!(stage.seen(), [": <admin> good evening"]);
}

#[test]
fn who_has_no_nick_sees_and_says_nothing() {
    let mut stage = Stage::with_members(&["bob"]);
    stage.arrives(3, "192.0.2.3");
    assert_eq!(stage.seen(), ["3: Nick?"]);
    stage.leaves(3, Cause::Reset);
    assert_eq!(stage.seen(), ["!close 3"]);
    stage.arrives(4, "192.0.2.3");
    stage.leaves(4, Cause::TimedOut);
    assert_eq!(stage.seen(), ["4: Nick?", "4: * You did not say a nick in time.", "!close 4"]);
    stage.arrives(4, "192.0.2.3");
    stage.says(4, "/quit");
    assert_eq!(stage.seen(), ["4: Nick?", "!close 4"]);
    stage.says(4, "alice");
    assert_eq!(stage.seen(), [""; 0]);
}

#[test]
fn a_nick_that_cannot_be_had_is_asked_for_again_five_times() {
    let mut stage = Stage::with_members(&["alice"]);
    stage.arrives(3, "192.0.2.3");
    stage.effects.clear();
    for (typed, why) in [
        ("ALICE", "Sorry, that nick is taken, or looks like one that is."),
        ("аlice", "Sorry, that nick is taken, or looks like one that is."),
        ("Admin", "Sorry, that nick is reserved."),
        ("/nick bob", "Sorry, a name here has only letters, digits, _ and -."),
    ] {
        assert_eq!(stage.answer(3, typed), format!("* {why}|Nick?"), "{typed}");
    }
    stage.says(3, "");
    let last = "3: * Sorry, a name has at least one visible character. That was the last try.";
    assert_eq!(stage.seen(), [last, "!close 3"]);
}

#[test]
fn who_speaks_to_another_server_is_told_so() {
    for (bytes, line) in [
        (&b"GET / HTTP/1.1"[..], "2: * This is a chat, not a web server; connect with nc or sockeye connect chat."),
        (b"\x16\x03\x01\x02\x00\x01", "2: * This is a chat in plain text, not TLS."),
    ] {
        let mut stage = Stage::with(Vec::new());
        stage.arrives(2, "192.0.2.2");
        stage.apply(Input::Says { id: Id(2), bytes });
        assert_eq!(stage.seen(), ["2: Nick?", line, "!close 2"]);
    }
    let mut stage = Stage::with(Vec::new());
    stage.arrives(2, "192.0.2.2");
    stage.says(2, "GET");
    assert!(stage.seen().contains(&": * GET joined".to_owned()));
}

#[test]
fn whoever_leaves_is_said_to_have_left_once_and_with_the_cause() {
    for (cause, line) in [
        (Cause::Left, ": * bob left"),
        (Cause::Reset, ": * bob left (connection reset)"),
        (Cause::TimedOut, ": * bob left (timed out)"),
        (Cause::TooSlow, ": * bob left (too slow)"),
        (Cause::Broken, ": * bob left (broken message)"),
    ] {
        let mut stage = Stage::with_members(&["alice", "bob"]);
        stage.leaves(3, cause);
        assert_eq!(stage.seen(), ["!close 3", line]);
        stage.leaves(3, Cause::Reset);
        stage.says(3, "still here?");
        assert_eq!(stage.seen(), [""; 0]);
    }
    let mut stage = Stage::with_members(&["alice", "bob"]);
    stage.says(3, "/quit");
    assert_eq!(stage.seen(), ["!close 3", ": * bob left"]);
    stage.leaves(CONSOLE, Cause::Left);
    assert_eq!(stage.seen(), ["!close 1"]);
}

#[test]
fn a_newcomer_is_told_the_last_messages_but_no_announcements() {
    let mut stage = Stage::with_members(&["alice"]);
    (0..25).for_each(|n| stage.says(2, &n.to_string()));
    stage.says(2, "/nick ann");
    stage.arrives(3, "192.0.2.3");
    stage.effects.clear();
    stage.says(3, "bob");
    let seen = stage.seen();
    assert_eq!(seen[2], "3: * The last 20 messages, with their times in UTC:");
    assert_eq!((&*seen[3], &*seen[22]), ("3: [08:00:00] <alice> 5", "3: [08:00:00] <alice> 24"));
    assert_eq!(seen[23..], ["!enter 3"]);
}

#[test]
fn what_is_said_is_one_line_and_nothing_is_no_message() {
    let mut stage = Stage::with_members(&["alice"]);
    for (said, line) in [
        ("* bob left", ": <alice> * bob left"),
        ("hi\n<bob> fooled", r": <alice> hi\u{a}<bob> fooled"),
        ("\x1b[2J", r": <alice> \u{1b}[2J"),
        ("//who", ": <alice> /who"),
        (" padded ", ": <alice>  padded"),
    ] {
        stage.says(2, said);
        assert_eq!(stage.seen(), [line]);
    }
    stage.says(2, "");
    stage.says(2, " \t ");
    assert_eq!(stage.seen(), [""; 0]);
    stage.says(2, &"x".repeat(4096));
    assert_eq!(stage.seen().len(), 1);
    assert_eq!(stage.answer(2, &"x".repeat(4097)), "* Nobody saw that: it has 4097 bytes, and a line at most 4096.");
    assert_eq!(stage.answer(2, &"\0".repeat(1000)), "* Nobody saw that: it has 5000 bytes, and a line at most 4096.");
}

#[test]
fn commands_that_fail_say_why_to_one() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    for (id, typed, why) in [
        (2, "/whom", "* Unknown command; /help lists them."),
        (2, "/kick bob", "* Only the admin can do that."),
        (2, "/stop", "* Only the admin can do that."),
        (2, "/msg bob", "* It is said so: /msg NICK TEXT"),
        (2, "/msg carol hi", "* Nobody here has that nick."),
        (2, "/msg <> hi", "* Nobody here has that nick."),
        (2, "/nick BOB", "* Sorry, that nick is taken, or looks like one that is."),
        (2, "/nick server", "* Sorry, that nick is reserved."),
        (2, "/nick a:b", "* Sorry, a name here has only letters, digits, _ and -."),
        (1, "/nick alice", "* The admin is always admin."),
        (1, "/kick admin", "* Nobody here has that nick."),
        (1, "/ban admin", "* That nick is ours."),
        (
            1,
            "/ban 10.0.0.0/8",
            "* Sorry, an IPv4 address is banned alone, an IPv6 address with its /64, and nothing wider.",
        ),
        (1, "/ban bob for 1y", "* It is said so: /ban NICK|ADDR [for 30s|10m|2h|7d] [REASON]"),
        (1, "/unban bob", "* Nobody is banned by that."),
        (1, "/bans", "* Nobody is banned."),
        (1, "/mute carol", "* Nobody here has that nick."),
        (1, "/unmute bob", "* Nobody is muted by that nick."),
    ] {
        assert_eq!(stage.answer(id, typed), why, "{typed}");
    }
}

#[test]
fn who_and_help_answer_the_one_who_asks() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    assert_eq!(stage.answer(2, "/who"), "* Here: admin, alice, bob.");
    assert_eq!(stage.answer(1, "/who"), "* Here: admin, alice, bob.");
    let (help, more) = (stage.answer(2, "/help"), stage.answer(1, "/help"));
    assert!(more.starts_with(&help) && more.contains("/kick") && !help.contains("/kick"), "{more}");
}

#[test]
fn a_full_room_is_listed_in_lines_of_fifty() {
    let nicks: Vec<String> = (0..1200).map(|n| format!("n{n}x")).collect();
    let mut stage = Stage::with_members(&nicks.iter().map(String::as_str).collect::<Vec<_>>());
    let lines = stage.answer(2, "/who");
    let lines: Vec<&str> = lines.split('|').collect();
    assert_eq!((lines.len(), lines[20]), (21, "* and 201 more."));
    assert!(lines[0].starts_with("* Here: admin, n0x, ") && lines[0].ends_with(", n48x,"), "{}", lines[0]);
    stage.arrives(5000, "192.0.2.1");
    stage.effects.clear();
    stage.says(5000, "last");
    assert!(stage.seen()[1].ends_with(", n48x and 1152 more. /help lists commands."));
}

#[test]
fn a_new_nick_is_announced_and_frees_the_old_one() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    stage.says(2, "/nick carol");
    stage.says(3, "/nick alice");
    stage.says(3, "/nick Alice");
    stage.says(2, "hi");
    assert_eq!(
        stage.seen(),
        [": * alice is now carol", ": * bob is now alice", ": * alice is now Alice", ": <carol> hi"]
    );
    stage.says(2, "/nick b:");
    stage.says(2, "/msg ALICE psst");
    assert_eq!(stage.seen()[1..], ["2: <you to Alice> psst", "3: <carol to you> psst"]);
}

#[test]
fn a_private_message_is_seen_by_two() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    stage.says(2, "/msg bob psst");
    assert_eq!(stage.seen(), ["2: <you to bob> psst", "3: <alice to you> psst"]);
    stage.says(2, "/msg Admin help");
    assert_eq!(stage.seen(), ["2: <you to admin> help", "1: <alice to you> help"]);
    stage.says(1, "/msg alice yes?");
    assert_eq!(stage.seen(), ["1: <you to alice> yes?", "2: <admin to you> yes?"]);
    stage.leaves(CONSOLE, Cause::Left);
    stage.effects.clear();
    assert_eq!(stage.answer(2, "/msg admin help"), "* Nobody is at the console.");
}

#[test]
fn a_kicked_member_hears_why_and_nothing_after_it() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    stage.says(1, "/kick BOB too loud");
    let told = "3: * You were kicked by admin: too loud";
    assert_eq!(stage.seen(), ["!audit", told, "!close 3", ": * bob was kicked by admin: too loud"]);
    stage.says(1, "/kick alice");
    let seen = stage.seen();
    assert_eq!(seen[1..], ["2: * You were kicked by admin", "!close 2", ": * alice was kicked by admin"]);
    // And may come back.
    stage.arrives(4, "192.0.2.3");
    stage.says(4, "bob");
    assert!(stage.seen().contains(&": * bob joined".to_owned()));
}

#[test]
fn a_ban_by_nick_keeps_out_the_nick_and_the_address() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    stage.says(1, "/ban bob for 10m too loud");
    assert_eq!(
        stage.seen(),
        [
            "!keep nick:bob",
            "!audit",
            "3: * You were banned by admin for 10m: too loud",
            "!close 3",
            ": * bob was banned by admin for 10m: too loud",
        ]
    );
    stage.arrives(4, "::ffff:192.0.2.3");
    assert_eq!(stage.seen(), ["4: * You are banned until 2027-01-15 08:10:00 UTC: too loud", "!close 4"]);
    stage.arrives(5, "192.0.2.5");
    stage.effects.clear();
    let refused = "* Sorry, that nick is banned until 2027-01-15 08:10:00 UTC: too loud|Nick?";
    assert_eq!(stage.answer(5, "B0B"), refused);
    assert_eq!(stage.answer(1, "/bans"), "* bob (192.0.2.3), until 2027-01-15 08:10:00 UTC: too loud");
    stage.clock = at(600);
    stage.says(5, "bob");
    stage.arrives(6, "192.0.2.3");
    let seen = stage.seen();
    assert!(seen.contains(&": * bob joined".into()) && seen.ends_with(&["!lift nick:bob".into(), "6: Nick?".into()]));
}

#[test]
fn a_ban_by_address_takes_everybody_from_there_and_the_door_too() {
    let mut stage = Stage::open();
    for (id, from, nick) in [(2, "2001:db8::2", "alice"), (3, "2001:db8::3", "bob"), (4, "2001:db8:1::4", "carol")] {
        stage.arrives(id, from);
        stage.says(id, nick);
    }
    stage.arrives(5, "2001:db8::5");
    stage.effects.clear();
    stage.says(1, "/ban 2001:db8::2");
    assert_eq!(
        stage.seen(),
        [
            "!keep address:2001:db8::",
            "!audit",
            "1: * Banned: 2001:db8::/64, for good",
            "5: * You are banned for good",
            "!close 5",
            "2: * You were banned by admin",
            "!close 2",
            ": * alice was banned by admin",
            "3: * You were banned by admin",
            "!close 3",
            ": * bob was banned by admin",
        ]
    );
    stage.says(1, "/unban 2001:db8::9");
    assert_eq!(stage.seen(), ["1: * No longer banned: 2001:db8::/64, for good", "!audit", "!lift address:2001:db8::"]);
    stage.arrives(6, "2001:db8::5");
    assert_eq!(stage.seen(), ["6: Nick?"]);
}

#[test]
fn a_ban_by_nick_leaves_neighbours_and_this_machine_alone() {
    let mut stage = Stage::open();
    for (id, nick) in [(2, "alice"), (3, "bob"), (4, "carol")] {
        stage.arrives(id, "192.0.2.9");
        stage.says(id, nick);
    }
    stage.arrives(5, "192.0.2.9");
    stage.arrives(6, "127.0.0.1");
    stage.says(6, "dave");
    stage.effects.clear();
    stage.says(1, "/ban bob");
    let seen = stage.seen();
    assert_eq!(
        seen.last().unwrap(),
        "1: * Also from 192.0.2.9, and still here: alice, carol. /ban 192.0.2.9 removes them."
    );
    // At the door they are not here yet.
    stage.says(5, "erin");
    assert_eq!(stage.seen(), ["5: * You are banned for good", "!close 5"]);
    stage.says(1, "/ban dave");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::KeepBan(ban) if ban.address.is_none())));
    stage.effects.clear();
    stage.arrives(7, "127.0.0.1");
    assert_eq!(stage.seen(), ["7: Nick?"]);
}

#[test]
fn who_is_not_here_can_be_banned_by_nick_and_unbanned() {
    let mut stage = Stage::open();
    stage.says(1, "/ban bob");
    let told = "1: * Banned: bob, for good. Nobody here has that nick.";
    assert_eq!(stage.seen(), ["!keep nick:bob", "!audit", told]);
    stage.says(1, "/unban Bob");
    assert_eq!(stage.seen(), ["1: * No longer banned: bob, for good", "!audit", "!lift nick:bob"]);
}

#[test]
fn bans_that_were_kept_hold_and_those_that_are_over_are_lifted() {
    let bans =
        vec![ban(Some("bob"), None, None), ban(None, Some("192.0.2.2"), Some(60)), ban(Some("eve"), None, Some(0))];
    let over = format!("!lift {}", bans[2].key.0);
    let mut stage = Stage::with(bans);
    stage.arrives(2, "192.0.2.2");
    assert_eq!(stage.seen(), [&over, "2: * You are banned until 2027-01-15 08:01:00 UTC: loud", "!close 2"]);
    stage.arrives(3, "");
    stage.effects.clear();
    assert_eq!(stage.answer(3, "bob"), "* Sorry, that nick is banned for good: loud|Nick?");
    stage.says(3, "eve");
    assert!(stage.seen().contains(&": * eve joined".to_owned()));
}

#[test]
fn who_is_muted_reads_but_does_not_speak_and_cannot_shake_it_off() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    stage.says(1, "/mute bob");
    assert_eq!(stage.seen(), ["!audit", ": * bob was muted by admin"]);
    assert_eq!(stage.answer(1, "/mute bob"), "* bob is muted already.");
    for typed in ["hello", "/msg alice hello", "/nick rob"] {
        assert_eq!(stage.answer(3, typed), "* You are muted: nobody saw that.", "{typed}");
    }
    assert_eq!(stage.answer(3, "/who"), "* Here: admin, alice, bob.");
    stage.leaves(3, Cause::Left);
    stage.arrives(4, "192.0.2.3");
    stage.effects.clear();
    stage.says(4, "Bob");
    assert_eq!(stage.seen().last().unwrap(), "4: * You are muted.");
    stage.says(1, "/unmute bob");
    stage.says(4, "thanks");
    assert_eq!(stage.seen(), ["!audit", ": * bob was unmuted by admin", ": <Bob> thanks"]);
}

#[test]
fn who_floods_is_warned_then_not_heard_then_sent_out() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    stage.room.terms.rate = Some(Rate { lines: 10, burst: 20 });
    (0..20).for_each(|n| stage.says(2, &n.to_string()));
    assert_eq!(stage.seen().len(), 20);
    let warning = "2: * Too fast: at most 10 lines a second, 20 at once. Nobody sees what you send until you pause.";
    (0..3).for_each(|_| stage.says(2, "more"));
    assert_eq!(stage.seen(), [warning]);
    stage.clock = at(1);
    stage.says(2, "sorry");
    assert_eq!(stage.seen(), ["2: * You are heard again; lines that nobody saw: 3.", ": <alice> sorry"]);
    (0..200).for_each(|_| stage.says(2, "more"));
    let seen = stage.seen();
    assert_eq!(
        seen[seen.len() - 3..],
        ["2: * Too fast: at most 10 lines a second, 20 at once.", "!close 2", ": * alice left (flooding)"]
    );
    // The admin may talk as fast as they can.
    (0..100).for_each(|_| stage.says(1, "order!"));
    assert_eq!(stage.seen().len(), 100);
}

#[test]
fn lines_of_nothing_are_a_flood_like_any_other() {
    let mut stage = Stage::with_members(&["alice"]);
    stage.room.terms.rate = Some(Rate { lines: 10, burst: 20 });
    (0..20).for_each(|_| stage.says(2, ""));
    assert_eq!(stage.seen(), [""; 0]);
    (0..200).for_each(|_| stage.says(2, " "));
    assert_eq!(stage.seen().last().unwrap(), ": * alice left (flooding)");
}

#[test]
fn the_admin_is_told_where_the_disk_has_the_bans_as_they_were() {
    let mut stage = Stage::open();
    stage.apply(Input::NotKept("it is full"));
    assert_eq!(stage.seen(), ["1: * The disk has the bans as they were: it is full."]);
}

#[test]
fn a_stop_is_asked_for_and_then_everybody_is_told_and_closed() {
    let mut stage = Stage::with_members(&["alice"]);
    stage.arrives(3, "192.0.2.3");
    stage.effects.clear();
    stage.says(1, "/stop");
    assert_eq!(stage.seen(), ["!audit", "!stop"]);
    stage.apply(Input::Stops);
    let stopping = "* The server is stopping.";
    let all = format!(": {stopping}");
    assert_eq!(stage.seen(), [&all, &format!("3: {stopping}"), "!close 3", "!close 2", "!close 1"]);
    stage.apply(Input::Stops);
    stage.leaves(2, Cause::Left);
    assert_eq!(stage.seen(), [""; 0]);
    stage.arrives(4, "192.0.2.4");
    assert_eq!(stage.seen(), ["4: * The server is stopping.", "!close 4"]);
}

#[test]
fn each_act_of_moderation_is_noted_with_whom_it_met_and_why() {
    let mut stage = Stage::with_members(&["alice", "bob", "carol"]);
    let orders = [
        "/kick alice rude",
        "/mute bob",
        "/unmute bob",
        "/ban bob for 1m",
        "/ban 192.0.2.9 spam",
        "/unban bob",
        "/stop",
    ];
    orders.iter().for_each(|order| stage.says(1, order));
    let noted: Vec<Record> = stage.effects.iter().filter_map(audited).cloned().collect();
    let address = |text: &str| Some(text.parse().unwrap());
    let act = |act| Record::new(act, at(0));
    assert_eq!(
        noted,
        [
            act(Act::Kick).from(address("192.0.2.2")).nick("alice").because("rude"),
            act(Act::Mute).from(address("192.0.2.3")).nick("bob"),
            act(Act::Unmute).nick("bob"),
            act(Act::Ban).from(address("192.0.2.3")).nick("bob").until(Some(at(60))),
            act(Act::Ban).from(address("192.0.2.9")).because("spam"),
            act(Act::Unban).from(address("192.0.2.3")).nick("bob"),
            act(Act::Stop),
        ]
    );
}

fn audited(effect: &Effect) -> Option<&Record> {
    if let Effect::Audit(record) = effect { Some(record) } else { None }
}

#[test]
fn lines_for_all_are_numbered_without_a_gap() {
    let mut stage = Stage::with_members(&["alice", "bob"]);
    stage.says(2, "hi");
    stage.says(3, "/msg alice ho");
    stage.says(3, "/nick rob");
    stage.leaves(2, Cause::TooSlow);
    let numbers: Vec<u64> = stage
        .effects
        .iter()
        .filter_map(|effect| if let Effect::ToAll { seq, .. } = effect { Some(*seq) } else { None })
        .collect();
    assert_eq!(numbers, [3, 4, 5]);
}
