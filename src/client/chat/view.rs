//! View: draws a `Room`. Colour helps to tell people apart and means nothing by itself.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::line::LONGEST;
use super::room::{Room, Stay};
use super::scroll::{Kind, Page, Row, Shown};

/// Whether colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Palette {
    Coloured,
    Plain,
}

/// Where what is.
struct Places {
    title: Rect,
    scroll: Rect,
    members: Rect,
    status: Rect,
    input: Rect,
}

/// How much of the scroll is seen in a terminal of this size.
pub(super) fn page(area: Rect) -> Page {
    let Rect { width, height, .. } = places(area).scroll;
    Page { columns: usize::from(width.saturating_sub(TIME)).max(1), rows: usize::from(height) }
}

pub(super) fn draw(frame: &mut Frame<'_>, room: &Room, palette: Palette) {
    let places = places(frame.area());
    frame.render_widget(title(room).style(Modifier::REVERSED), places.title);
    draw_scroll(frame, room, palette);
    draw_members(frame, room, palette);
    frame.render_widget(status(room, places.status.width), places.status);
    draw_input(frame, room, places.input);
}

/// One row each for title, status and input, from the bottom where there are not enough; the rest is the scroll's, and
/// where there is room enough the members stand beside it.
fn places(area: Rect) -> Places {
    let row = |from_bottom: u16| {
        let height = u16::from(area.height >= from_bottom);
        Rect { y: area.y + area.height.saturating_sub(from_bottom), height, ..area }
    };
    let top = u16::from(area.height > 3);
    let middle = Rect { y: area.y + top, height: area.height.saturating_sub(2 + top), ..area };
    let beside = if area.width >= WIDE { MEMBERS } else { 0 };
    Places {
        title: Rect { height: top, ..area },
        scroll: Rect { width: area.width - beside, ..middle },
        members: Rect { x: area.x + area.width - beside, width: beside, ..middle },
        status: row(2),
        input: row(1),
    }
}

fn title(room: &Room) -> Line<'static> {
    let nick = room.nick.as_deref().map_or(String::new(), |nick| format!(" - {nick}"));
    let here = match room.members.count() {
        0 => String::new(),
        count => format!(" - {count} here"),
    };
    Line::raw(format!(" {}{nick}{here}", room.place))
}

fn draw_scroll(frame: &mut Frame<'_>, room: &Room, palette: Palette) {
    let area = places(frame.area()).scroll;
    let rows = room.scroll.page(page(frame.area()));
    for (y, row) in (area.y..).zip(rows) {
        let place = Rect { y, height: 1, ..area }.intersection(area);
        match row {
            Row::New => frame.render_widget(rule(" new ", area.width), place),
            Row::Text(line, part) => {
                let time = if part.start == 0 { line.at.clone() } else { String::new() };
                frame.render_widget(Span::styled(time, Modifier::DIM), place);
                let place = Rect { x: place.x + TIME, width: place.width.saturating_sub(TIME), ..place };
                frame.render_widget(text(line, part, palette), place.intersection(area));
            }
        }
    }
}

/// A part of a line, in which the nick has its colour.
fn text(line: &Shown, part: std::ops::Range<usize>, palette: Palette) -> Line<'_> {
    let look = match line.kind {
        Kind::Message => Style::new(),
        Kind::Told => Modifier::DIM.into(),
        Kind::Ours => Modifier::ITALIC.into(),
    };
    let whole = &line.text[part.clone()];
    let spans = match &line.speaker {
        Some(name) if part.contains(&name.start) && name.end <= part.end => {
            let (start, end) = (name.start - part.start, name.end - part.start);
            vec![
                Span::raw(&whole[..start]),
                Span::styled(&whole[start..end], look_of(&whole[start..end], palette)),
                Span::raw(&whole[end..]),
            ]
        }
        _ => vec![Span::raw(whole)],
    };
    Line::from(spans).style(look)
}

fn draw_members(frame: &mut Frame<'_>, room: &Room, palette: Palette) {
    let area = places(frame.area()).members;
    if area.is_empty() {
        return;
    }
    for y in area.y..area.bottom() {
        frame.render_widget(Span::styled("│", Modifier::DIM), Rect { y, height: 1, ..area });
    }
    let area = Rect { x: area.x + 2, width: area.width - 2, ..area };
    let nicks = &room.members.nicks;
    // The last row tells of those for whom there is no other.
    let fitting = usize::from(area.height);
    let shown = if room.members.count() > fitting { fitting.saturating_sub(1) } else { nicks.len() }.min(nicks.len());
    for (y, nick) in (area.y..).zip(&nicks[..shown]) {
        let ours = if room.nick.as_deref() == Some(nick) { " (you)" } else { "" };
        let line = Line::from(vec![Span::styled(nick.as_str(), look_of(nick, palette)), Span::raw(ours)]);
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
    let left = room.members.count() - shown;
    if left > 0 && area.height > 0 {
        let y = area.y + u16::try_from(shown).unwrap_or(area.height - 1);
        frame.render_widget(Line::raw(format!("and {left} more")), Rect { y, height: 1, ..area }.intersection(area));
    }
}

/// What is going on, on a rule between the room and the line.
fn status(room: &Room, columns: u16) -> Line<'static> {
    let unseen = match room.scroll.unseen() {
        _ if !room.scroll.is_held() => String::new(),
        0 => " End: back to the last line ".to_owned(),
        unseen => format!(" {unseen} new below; End goes there "),
    };
    if room.editor.is_full() {
        return rule(&format!(" the line is full: {LONGEST} bytes fit, and the rest is left out "), columns);
    }
    let words = match &room.stay {
        Stay::Away(plan) => format!(" not connected: {plan} {unseen}"),
        Stay::Out => format!(" not connected: /connect tries to come back, /quit leaves {unseen}"),
        Stay::Door | Stay::Offered | Stay::Asked | Stay::In => unseen,
    };
    rule(&words, columns)
}

fn rule(words: &str, columns: u16) -> Line<'static> {
    let left = usize::from(columns).saturating_sub(3 + Span::raw(words).width());
    Line::raw(format!("───{words}{}", "─".repeat(left)))
}

fn draw_input(frame: &mut Frame<'_>, room: &Room, area: Rect) {
    if area.is_empty() {
        return;
    }
    let prompt = match (&room.stay, &room.nick) {
        (Stay::Asked, _) => "Nick? ".to_owned(),
        (_, Some(nick)) => format!("{nick}> "),
        (_, None) => "> ".to_owned(),
    };
    // On a narrow terminal what is typed matters more.
    let mut prompt = Span::raw(prompt);
    if prompt.width() * 2 > usize::from(area.width) {
        prompt = Span::raw("> ");
    }
    let taken = u16::try_from(prompt.width()).unwrap_or(0).min(area.width);
    let columns = area.width - taken;
    let (seen, cursor) = room.editor.window(usize::from(columns));
    let cursor = u16::try_from(cursor).unwrap_or(0).min(columns.saturating_sub(1));
    frame.render_widget(Line::from(vec![prompt, Span::raw(seen)]), area);
    frame.set_cursor_position(Position::new(area.x + taken + cursor, area.y));
}

/// The same nick looks the same everywhere and always.
fn look_of(nick: &str, palette: Palette) -> Style {
    match palette {
        Palette::Plain => Modifier::BOLD.into(),
        Palette::Coloured => Style::new().fg(COLOURS[hash(nick) as usize % COLOURS.len()]).bold(),
    }
}

/// FNV-1a, 32 bits: stable, and spreads short words well.
fn hash(nick: &str) -> u32 {
    nick.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The time of a line and the space behind it.
const TIME: u16 = 6;
/// The rule, a space, the longest nick that is common, and that it is ours.
const MEMBERS: u16 = 20;
/// Below this many columns the messages need them all.
const WIDE: u16 = 60;
/// Those of the terminal's own that are read well on black and on white.
const COLOURS: [Color; 10] = [
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Magenta,
    Color::Cyan,
    Color::LightRed,
    Color::LightGreen,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
];

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    /// The screen of a terminal of this size, without what is blank at the right.
    fn screen(room: &Room, columns: u16, rows: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| draw(frame, room, Palette::Coloured)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..rows).map(|y| row(y).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    fn alice(lines: &[&str]) -> Room {
        let mut room = Room::new("localhost:5564".to_owned());
        room.hear("* You are alice. Here: admin, bob, alice. /help lists commands.", "08:30");
        lines.iter().for_each(|line| drop(room.hear(line, "08:31")));
        room
    }

    #[test]
    fn a_room_is_seen_with_its_members_beside_it() {
        let mut room =
            alice(&["<bob> hello", "<alice> a message that does not fit into a row of this narrow terminal"]);
        room.editor.insert("żółw");
        let seen = [
            " localhost:5564 - alice - 3 here",
            "08:30 * You are alice. Here: admin,     │ admin",
            "      bob, alice. /help lists commands. │ alice (you)",
            "08:31 <bob> hello                       │ bob",
            "08:31 <alice> a message that does not   │",
            "      fit into a row of this narrow     │",
            "      terminal                          │",
            "────────────────────────────────────────────────────────────",
            "alice> żółw",
        ];
        assert_eq!(screen(&room, 60, 9), seen.join("\n"));
    }

    #[test]
    fn what_is_new_is_marked_and_counted() {
        let mut room = alice(&["<bob> one", "<bob> two"]);
        let up = KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE);
        room.press(up, page(Rect::new(0, 0, 40, 5)));
        room.hear("<bob> three", "08:32");
        let seen = [
            " localhost:5564 - alice - 3 here",
            "      bob, alice. /help lists commands.",
            "08:31 <bob> one",
            "─── 1 new below; End goes there ────────",
            "alice>",
        ];
        assert_eq!(screen(&room, 40, 5), seen.join("\n"));
        let end = KeyEvent::new(KeyCode::End, KeyModifiers::NONE);
        room.press(end, page(Rect::new(0, 0, 40, 5)));
        let seen = [
            " localhost:5564 - alice - 3 here",
            "─── new ────────────────────────────────",
            "08:32 <bob> three",
            "────────────────────────────────────────",
            "alice>",
        ];
        assert_eq!(screen(&room, 40, 5), seen.join("\n"));
    }

    #[test]
    fn a_lost_connection_and_the_way_back_are_told() {
        let mut room = alice(&[]);
        room.lost("trying again in 4 s".into());
        assert!(screen(&room, 60, 6).contains("─── not connected: trying again in 4 s ─────"));
        room.connected();
        room.hear("* You are banned for good", "08:33");
        room.lost(String::new());
        assert!(screen(&room, 70, 6).contains("─── not connected: /connect tries to come back, /quit leaves ─"));
    }

    #[test]
    fn a_paste_that_does_not_fit_is_told_of() {
        let mut room = alice(&[]);
        room.editor.insert(&"a".repeat(5000));
        assert!(screen(&room, 80, 6).contains("─── the line is full: 4096 bytes fit, and the rest is left out ───"));
        room.editor.erase_word();
        assert!(!screen(&room, 80, 6).contains("full"));
    }

    #[test]
    fn more_members_than_rows_are_counted() {
        let mut room = alice(&[]);
        room.hear("* Here: a, b, c, d, e, f and 7 more.", "");
        let screen = screen(&room, 60, 6);
        let beside: Vec<_> = screen.lines().filter_map(|line| line.split_once("│ ")).map(|(_, nick)| nick).collect();
        assert_eq!(beside, ["a", "b", "and 11 more"]);
    }

    #[test]
    fn no_size_of_a_terminal_breaks_it() {
        let mut room = alice(&["<bob> 漢字漢字漢字漢字", "<bob> two"]);
        room.editor.insert("漢字漢字漢字");
        for (columns, rows) in (1..70).flat_map(|columns| (1..8).map(move |rows| (columns, rows))) {
            screen(&room, columns, rows);
        }
    }

    #[test]
    fn nicks_have_colours_of_their_own_unless_colours_are_unwanted() {
        assert_eq!(look_of("alice", Palette::Coloured), look_of("alice", Palette::Coloured));
        assert_ne!(look_of("alice", Palette::Coloured), look_of("bob", Palette::Coloured));
        assert_eq!(look_of("alice", Palette::Plain), look_of("bob", Palette::Plain));
    }
}
