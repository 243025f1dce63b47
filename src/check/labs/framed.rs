//! Framed: a conversation in messages that have their length before them, as the labs of frames and of talks hold it.
//! Each message is answered by one with the same text, or with that text in upper case.

use std::time::Duration;

use crate::check::document::Transport;
use crate::check::fault::{Fault, Miss};
use crate::check::frame::{Frame, Shape};
use crate::check::labs::upper;
use crate::check::say;
use crate::check::setting::Subject;
use crate::check::stage::Stage;
use crate::check::wire::Wire;

/// How the server's messages are framed: as we were told, or as it turns out.
pub(crate) fn shape(stage: &mut Stage) -> Result<Shape, Miss> {
    if let Frame::Told(shape) = stage.setting.frame {
        return Ok(shape);
    }
    let setting = stage.setting;
    if let Some(shape) = setting.learned.get().and_then(|learned| learned.shape.get()) {
        return Ok(*shape);
    }
    for shape in Shape::USUAL {
        if answers_to(stage, shape)? {
            // The greeting was learned by the first connection.
            return Ok(setting.learned.get().map_or(shape, |learned| *learned.shape.get_or_init(|| shape)));
        }
        // It may be waiting for the rest of what it took for a message.
        if matches!(setting.subject, Subject::Started(_)) {
            stage.kill();
        }
    }
    let all = Shape::USUAL.map(|shape| shape.to_string()).join(", ");
    let fault = Fault::new(Transport::Timeout, "an answer framed as the question", format!("none, framed by {all}"));
    Err(fault.did("sent a text of eleven letters in each of the usual framings; another one is told by --frame").into())
}

fn answers_to(stage: &mut Stage, shape: Shape) -> Result<bool, Miss> {
    // Of more than nine letters, so that who counts in hexadecimal is not taken for one who counts in tens.
    let text = stage.letters(11);
    let mut wire = stage.connect()?;
    // Who ends the connection, or itself, has not understood.
    let heard = wire.send(&shape.wrap(&text)).map(|()| wire.hear_within(TRYING)).unwrap_or_default();
    Ok(answers(shape, &text).contains(&heard))
}

/// What the server may answer to a message with this text.
pub(crate) fn answers(shape: Shape, text: &[u8]) -> Vec<Vec<u8>> {
    let mut texts = vec![text.to_vec()];
    texts.extend((upper::LAB.answers)(text));
    texts.dedup();
    texts.iter().flat_map(|text| shape.wrapped(text)).collect()
}

/// The answer to a message with this text.
pub(crate) fn hear(wire: &mut Wire, shape: Shape, text: &[u8]) -> Result<(), Miss> {
    let heard = wire.expect_any(&answers(shape, text));
    // All the ways to say it, one after the other, are nothing to read.
    heard.map(drop).map_err(|miss| miss.with_want(&format!("a message with {}, framed by {shape}", say::amount(text))))
}

/// A message and its answer.
pub(crate) fn exchange(wire: &mut Wire, shape: Shape, text: &[u8]) -> Result<(), Miss> {
    wire.send(&shape.wrap(text))?;
    hear(wire, shape, text)
}

/// Whether the server still serves whoever comes now.
pub(crate) fn still_alive(stage: &mut Stage, shape: Shape, after: &str) -> Result<(), Miss> {
    let text = stage.letters(7);
    let did = format!("sent the message {}", say::quoted(&text));
    stage.still_alive_for(after, &did, |stage| {
        let mut wire = stage.connect()?;
        exchange(&mut wire, shape, &text)
    })
}

/// How long an answer may take where it is not known whether there is one.
const TRYING: Duration = Duration::from_millis(700);
