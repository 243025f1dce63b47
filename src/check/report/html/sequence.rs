//! Sequence: who said what when, as a drawing: we on the left, the program on the right, time going down. What differs
//! in meaning differs in more than colour: a FIN is dashed and its head is open, a RST ends in a cross.

use crate::check::document::{Deed, Moment};
use crate::check::report::transcript::words;
use crate::check::report::words::{Count, Millis, cut};

use super::Text;

/// Nothing where nothing happened.
pub(super) fn draw(transcript: &[Moment]) -> String {
    if transcript.is_empty() {
        return String::new();
    }
    let left_out = transcript.len().saturating_sub(MOST);
    let (first, last) = if left_out == 0 { (transcript.len(), 0) } else { (MOST / 2, MOST - MOST / 2) };
    let mut rows: Vec<String> = Vec::new();
    for moment in &transcript[..first] {
        rows.push(row(moment, y(rows.len())));
    }
    if left_out > 0 {
        rows.push(gap(left_out, y(rows.len())));
    }
    for moment in &transcript[transcript.len() - last..] {
        rows.push(row(moment, y(rows.len())));
    }
    let height = y(rows.len()) - ROW / 2 + 6;
    let lane = |x: i32, name: &str| {
        format!("<text class=lane x={x} y=16>{name}</text><path class=lane d=\"M{x} 24V{height}\"/>\n")
    };
    format!(
        "<figure class=wide><svg class=sequence viewBox=\"0 0 {WIDTH} {}\" role=img aria-label=\"who said what when\">\n\
         {}{}{}</svg></figure>\n",
        height + 4,
        lane(WE, "we"),
        lane(PROGRAM, "the program"),
        rows.concat()
    )
}

/// Where the middle is missing.
fn gap(moments: usize, y: i32) -> String {
    let (x, moments) = ((WE + PROGRAM) / 2, Count(moments, "moment"));
    format!("<text class=gap x={x} y={}>… {moments} left out here; the JSON has them …</text>\n", y + 4)
}

fn row(moment: &Moment, y: i32) -> String {
    let words = words(&moment.deed);
    let time = format!("<text class=at x={} y={}>{}</text>", WE - 16, y + 4, Millis(moment.at_us));
    let connection = match moment.connection {
        0 => String::new(),
        number => format!("<text class=number x={} y={}>#{number}</text>", PROGRAM + 14, y + 4),
    };
    let (place, x) = match moment.deed {
        Deed::Started { .. } | Deed::Ended { .. } => ("late", PROGRAM - 14),
        Deed::Waited { .. } => ("early", WE + 14),
        _ => ("", (WE + PROGRAM) / 2),
    };
    let below = if place.is_empty() { -6 } else { 4 };
    let label =
        format!("<text class=\"label {place}\" x={x} y={}>{}</text>", y + below, Text(&cut(&words, MOST_LABEL)));
    let whole = if label.contains('…') { format!("<title>{}</title>", Text(&words)) } else { String::new() };
    format!("<g>{whole}{time}{connection}{}{label}</g>\n", sign(&moment.deed, y))
}

/// The sign of what happened: an arrow, or a mark on one of the lanes.
fn sign(deed: &Deed, y: i32) -> String {
    let refused = PROGRAM - 60;
    match deed {
        // The document does not say who called whom; its addresses do.
        Deed::Connected { .. } => {
            line("open", (WE, PROGRAM), y) + &head("solid", WE, y, 1) + &head("solid", PROGRAM, y, -1)
        }
        Deed::NotConnected { .. } => line("open", (WE, refused), y) + &cross(refused, y),
        Deed::Sent { .. } => line("data", (WE, PROGRAM), y) + &head("solid", PROGRAM, y, -1),
        Deed::Received { .. } => line("data", (WE, PROGRAM), y) + &head("solid", WE, y, 1),
        Deed::FinSent => line("fin", (WE, PROGRAM), y) + &head("hollow", PROGRAM, y, -1),
        Deed::FinReceived => line("fin", (WE, PROGRAM), y) + &head("hollow", WE, y, 1),
        Deed::ResetSent => line("rst", (WE, PROGRAM), y) + &cross(PROGRAM - 6, y),
        Deed::ResetReceived => line("rst", (WE, PROGRAM), y) + &cross(WE + 6, y),
        Deed::Typed { .. } | Deed::Signalled { .. } => line("aside", (WE, PROGRAM), y) + &head("solid", PROGRAM, y, -1),
        Deed::Waited { .. } => format!("<path class=waited d=\"M{} {}v16\"/>", WE, y - 8),
        Deed::Started { .. } => format!("<circle class=began cx={PROGRAM} cy={y} r=6 />"),
        Deed::Ended { .. } => format!("<path class=ended d=\"M{} {y}h20\"/>", PROGRAM - 10),
    }
}

fn line(class: &str, (from, to): (i32, i32), y: i32) -> String {
    format!("<path class=\"line {class}\" d=\"M{from} {y}H{to}\"/>")
}

/// The head of an arrow at `x`, that comes from where `side` points to.
fn head(class: &str, x: i32, y: i32, side: i32) -> String {
    let back = x + side * 11;
    format!("<path class=\"head {class}\" d=\"M{x} {y}L{back} {}V{}Z\"/>", y - 5, y + 5)
}

fn cross(x: i32, y: i32) -> String {
    format!("<path class=cross d=\"M{} {}l12 12m0 -12l-12 12\"/>", x - 6, y - 6)
}

/// Where the `number`th row is.
fn y(number: usize) -> i32 {
    // There are never more than `MOST` and the gap.
    HEAD + ROW * i32::try_from(number).unwrap_or(0)
}

/// More than these nobody reads.
const MOST: usize = 60;
/// Of what was said, so much fits between the lanes.
const MOST_LABEL: usize = 70;
const WIDTH: i32 = 760;
/// Our lane.
const WE: i32 = 100;
/// The lane of the program.
const PROGRAM: i32 = 700;
const HEAD: i32 = 50;
const ROW: i32 = 30;
