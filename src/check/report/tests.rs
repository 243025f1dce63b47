//! Tests of the reports: what each writes of the same check, and what holds whatever a document says.

use unicode_width::UnicodeWidthStr;

use super::terminal::{Looks, Passes};
use super::*;
use crate::event::sinks::Colour;

fn looks(columns: usize) -> Looks {
    Looks { colour: Colour::Plain, columns, hints: Hints::Shown, passes: Passes::Counted }
}

#[test]
fn a_check_is_told_to_people() {
    let text = terminal::text(&sample::document(), looks(80));
    same!(&text, "terminal.txt");
}
