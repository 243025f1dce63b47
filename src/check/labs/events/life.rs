//! Life: what a server tells between its start and its end, chapter by chapter.

use std::time::Duration;

use rustix::process::Signal;

use crate::check::actor::Actor;
use crate::check::events::{Event, EventWords, Told};
use crate::check::fault::Miss;
use crate::check::say;
use crate::check::scene::{Scene, until};
use crate::check::stage::Stage;
use crate::check::wire::Wire;

/// How far a life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Chapter {
    Up,
    Came,
    Spoke,
    Left,
    Stopped,
}

impl Chapter {
    const ALL: [Self; 5] = [Self::Up, Self::Came, Self::Spoke, Self::Left, Self::Stopped];

    /// What has to be told in it.
    const fn events(self) -> &'static [Event] {
        match self {
            Self::Up => &[Event::Start, Event::Listen],
            Self::Came => &[Event::Connect],
            Self::Spoke => &[Event::Recv, Event::Send],
            Self::Left => &[Event::Disconnect],
            Self::Stopped => &[Event::Stop],
        }
    }

    pub(super) fn of(event: Event) -> Self {
        Self::ALL.into_iter().find(|chapter| chapter.events().contains(&event)).unwrap_or(Self::Stopped)
    }

    pub(super) const fn did(self) -> &'static str {
        match self {
            Self::Up => "started it",
            Self::Came => "connected",
            Self::Spoke => "connected and sent a text",
            Self::Left => "connected, sent a text, and left",
            Self::Stopped => "connected, sent a text, left, and pressed Ctrl-C",
        }
    }
}

/// Who listens to what a program prints, from one moment on.
#[derive(Default)]
pub(in crate::check::labs) struct Ear {
    printed: u64,
    stderr: usize,
}

impl Ear {
    pub(in crate::check::labs) fn now(program: &Actor) -> Self {
        Self { printed: program.printed_bytes(), stderr: program.stderr().len() }
    }

    /// What was printed since, without what it asked.
    pub(in crate::check::labs) fn heard(&self, program: &Actor) -> Told {
        let mut told = Told::default();
        let printed = String::from_utf8_lossy(&program.printed_since(self.printed)).into_owned();
        let stderr = program.stderr();
        let stderr = stderr.get(self.stderr.min(stderr.len())..).unwrap_or_default().to_owned();
        for mut text in [printed, stderr] {
            for asked in program.prompter.log.iter().filter(|asked| !asked.prompt.is_empty()) {
                text = text.replacen(asked.prompt.as_str(), "", 1);
            }
            told.read(&text);
        }
        told
    }

    /// The same once all of these were told, or when it is too late for that.
    pub(super) fn heard_of(&self, (program, scene): (&Actor, &Scene), words: &EventWords, events: &[Event]) -> Told {
        let told = until(scene.wait(TELLING), || {
            let told = self.heard(program);
            events.iter().all(|event| told.first(words, *event).is_some()).then_some(told)
        });
        told.unwrap_or_else(|| self.heard(program))
    }
}

/// What was told, chapter by chapter.
pub(super) struct Life(pub(super) Vec<Told>);

impl Life {
    /// Lives up to the end of `last`.
    pub(super) fn live(stage: &mut Stage, last: Chapter) -> Result<Self, Miss> {
        stage.command()?;
        stage.listening()?;
        let mut life = Self(Vec::new());
        let mut ear = Ear::default();
        life.hear(stage, &mut ear, Chapter::Up)?;
        let mut guest = None;
        for chapter in Chapter::ALL.into_iter().skip(1).filter(|chapter| *chapter <= last) {
            match chapter {
                Chapter::Came => guest = Some(stage.connect()?),
                Chapter::Spoke => {
                    let text = stage.letters(8);
                    let wire = guest.as_mut();
                    speak(wire, &text)?;
                }
                Chapter::Left => guest.take().into_iter().for_each(Wire::close),
                Chapter::Up | Chapter::Stopped => stage.program()?.signal(Signal::INT),
            }
            life.hear(stage, &mut ear, chapter)?;
        }
        Ok(life)
    }

    fn hear(&mut self, stage: &mut Stage, ear: &mut Ear, chapter: Chapter) -> Result<(), Miss> {
        let (scene, words) = (stage.scene.clone(), stage.setting.events.clone());
        let program = stage.program()?;
        self.0.push(ear.heard_of((program, &scene), &words, chapter.events()));
        *ear = Ear::now(program);
        Ok(())
    }

    /// In which chapter, on which terminal and in which line an event was told first, from the time on when it happens.
    pub(super) fn place(&self, words: &EventWords, event: Event) -> Option<(usize, (usize, usize))> {
        let from = match event {
            // One that serves one client ends with it.
            Event::Stop => Chapter::Left,
            event => Chapter::of(event),
        };
        let told = self.0.iter().enumerate().skip(from as usize);
        told.into_iter().find_map(|(chapter, told)| Some((chapter, told.first(words, event)?)))
    }

    /// What was told last, for the fault.
    pub(super) fn last_lines(&self) -> String {
        let lines: Vec<&str> = self.0.iter().flat_map(Told::lines).filter(|line| !line.trim().is_empty()).collect();
        match lines.as_slice() {
            [] => "it prints nothing".to_owned(),
            lines => {
                let last: Vec<String> = lines[lines.len().saturating_sub(SHOWN)..]
                    .iter()
                    .map(|line| say::escaped(line.trim_end().as_bytes()))
                    .collect();
                format!("no such line; the last ones are: {}", last.join(" | "))
            }
        }
    }
}

/// Says `text`, and hears whatever it says to that.
pub(in crate::check::labs) fn speak(wire: Option<&mut Wire>, text: &[u8]) -> Result<(), Miss> {
    let Some(wire) = wire else { return Ok(()) };
    wire.send(text)?;
    wire.hear();
    Ok(())
}

/// Whoever has something to say says it at once; a busy machine is waited for.
pub(in crate::check::labs) const TELLING: Duration = Duration::from_millis(1500);
const SHOWN: usize = 3;
