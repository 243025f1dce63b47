//! What is known about the ways of a program.

use std::path::PathBuf;

use clap::Args;
use regex::Regex;

use super::read;
use crate::check::dialogue::Dialogue;
use crate::check::events::EventWords;
use crate::check::frame::Frame;
use crate::check::prompts::Rule;
use crate::commands::Failure;
use crate::commands::check::Knowledge;

#[derive(Debug, Args)]
#[command(next_help_heading = "Its ways")]
pub(super) struct KnowledgeWords {
    /// Answer a question of the program that REGEX matches by VALUE
    #[arg(long, value_name = "REGEX=VALUE", value_parser = rule)]
    answer: Vec<Rule>,
    /// The port that it is told, or that a client comes to [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// How its messages are told apart, in the labs frame and talk: ascii10, dec:N, decl:N, dec0:N, u16be, u16le, u32be,
    /// u32le, u64be or netstring [default: whichever it answers to]
    #[arg(long, value_name = "FRAME")]
    frame: Option<Frame>,
    /// What it prints when something happens, such as 'recv=(?i)got \d+'
    #[arg(long, value_name = "EVENT=REGEX")]
    event: Vec<String>,
    /// How it speaks, in the labs identify, login, rps and chat; `check learn` proposes one
    #[arg(long, value_name = "FILE")]
    dialogue: Option<PathBuf>,
}

impl KnowledgeWords {
    pub(super) fn knowledge(&self) -> Result<Knowledge, Failure> {
        let mut events = EventWords::default();
        for event in &self.event {
            events.set(event).map_err(|e| Failure::bad_words(format!("--event {event}: {e}")))?;
        }
        let dialogue = match &self.dialogue {
            None => None,
            Some(path) => {
                let text = read(path, "--dialogue")?;
                let parsed: Result<Dialogue, _> = text.parse();
                Some(parsed.map_err(|e| Failure::bad_words(format!("--dialogue {}: {e}", path.display())))?)
            }
        };
        let (rules, frame) = (self.answer.clone(), self.frame.unwrap_or_default());
        Ok(Knowledge { rules, port: self.port, frame, events, dialogue })
    }

    pub(super) fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let mut add = |flag: &str, value: String| options.extend([flag.to_owned(), value]);
        self.answer.iter().for_each(|rule| add("--answer", format!("{}={}", rule.prompt, rule.answer)));
        self.port.iter().for_each(|port| add("--port", port.to_string()));
        self.frame.iter().for_each(|frame| add("--frame", frame.to_string()));
        self.event.iter().for_each(|event| add("--event", event.clone()));
        self.dialogue.iter().for_each(|path| add("--dialogue", path.to_string_lossy().into_owned()));
        options
    }
}

fn rule(word: &str) -> Result<Rule, String> {
    let (prompt, answer) = word.split_once('=').ok_or("write REGEX=VALUE, such as '(?i)port=5555'")?;
    let prompt = Regex::new(prompt).map_err(|e| format!("{prompt} is no regular expression: {}", why(&e)))?;
    Ok(Rule { prompt, answer: answer.to_owned() })
}

/// The last line of what the parser says, which is the reason; before it stands a drawing.
fn why(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
