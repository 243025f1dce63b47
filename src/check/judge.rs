//! Judge: plays the cases of a lab, many at a time where each has a network of its own, and grades what came of them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::case::{Case, Lab, Played};
use super::document::{Finding, Graded, Level, Program, Totals, Transport, Verdict};
use super::fault::{Fault, Miss};
use super::hints;
use super::prompts::without_prompts;
use super::scene::millis;
use super::schedule::Schedule;
use super::setting::{Setting, Subject};
use super::stage::Stage;
use crate::subject;

/// What is to be judged, and how far we go for it.
pub(crate) struct Job<'a> {
    pub(crate) cases: &'a [Case],
    pub(crate) setting: &'a Setting,
    /// How many cases at a time; one where they share a network.
    pub(crate) workers: usize,
    /// No case begins later.
    pub(crate) until: Option<Instant>,
    /// Said instead of what the one case would say.
    pub(crate) schedule: Option<&'a Schedule>,
    /// The command line that does a case again.
    pub(crate) again: &'a (dyn Fn(&str, Option<&Schedule>) -> String + Sync),
}

impl Job<'_> {
    /// Why nothing more is to be begun, where that is so.
    fn why_not(&self) -> Option<&'static str> {
        if self.setting.stop.load(Ordering::Relaxed) {
            return Some(STOPPED);
        }
        self.until.is_some_and(|until| Instant::now() > until).then_some("no time was left (--max-time)")
    }
}

/// Plays all cases; each is told when it is over.
pub(crate) fn run(job: &Job, tell: &mut dyn FnMut(&Graded)) -> Vec<Graded> {
    thread::scope(|scope| {
        let (done, results) = channel();
        let mut board = Board::new(job.cases);
        loop {
            while board.playing < job.workers
                && let Some(next) = board.next(job)
            {
                match next {
                    Next::Play(at) => {
                        board.playing += 1;
                        let done = done.clone();
                        scope.spawn(move || {
                            let case = &job.cases[at];
                            let played = catch_unwind(AssertUnwindSafe(|| play(job, *case)));
                            let graded = played.unwrap_or_else(|_| mistaken(case));
                            // Nobody waits any more only when all is over.
                            let _ = done.send((at, graded));
                        });
                    }
                    Next::Settle(at, graded) => {
                        tell(&graded);
                        board.settle(at, *graded);
                    }
                }
            }
            if board.playing == 0 {
                return board.grades.into_iter().flatten().collect();
            }
            let (at, graded) = results.recv().expect("we hold a sender ourselves");
            board.playing -= 1;
            tell(&graded);
            board.settle(at, graded);
        }
    })
}

/// Which cases are over, under way, and to come.
struct Board<'a> {
    cases: &'a [Case],
    grades: Vec<Option<Graded>>,
    begun: Vec<bool>,
    /// By id: what came of it, and for a blocked one the case that is to blame.
    verdicts: HashMap<String, (Verdict, String)>,
    playing: usize,
}

enum Next {
    Play(usize),
    Settle(usize, Box<Graded>),
}

impl<'a> Board<'a> {
    fn new(cases: &'a [Case]) -> Self {
        let (grades, begun) = (vec![None; cases.len()], vec![false; cases.len()]);
        Self { cases, grades, begun, verdicts: HashMap::new(), playing: 0 }
    }

    /// The first case that can be played or settled now.
    fn next(&mut self, job: &Job) -> Option<Next> {
        for at in 0..self.cases.len() {
            if self.begun[at] {
                continue;
            }
            match self.cause(&self.cases[at]) {
                Cause::Wait => {}
                Cause::Blocked(by) => {
                    self.begun[at] = true;
                    let graded = Graded { blocked_by: Some(by), ..blank(&self.cases[at], Verdict::Blocked) };
                    return Some(Next::Settle(at, Box::new(graded)));
                }
                Cause::Free => {
                    self.begun[at] = true;
                    let Some(why) = job.why_not() else { return Some(Next::Play(at)) };
                    let graded = Graded { note: Some(why.to_owned()), ..blank(&self.cases[at], Verdict::Unjudged) };
                    return Some(Next::Settle(at, Box::new(graded)));
                }
            }
        }
        None
    }

    fn cause(&self, case: &Case) -> Cause {
        for need in case.needs() {
            match self.verdicts.get(&need) {
                Some((Verdict::Pass | Verdict::Skip, _)) => {}
                Some((Verdict::Blocked, by)) => return Cause::Blocked(by.clone()),
                Some(_) => return Cause::Blocked(need),
                None if self.cases.iter().any(|other| other.id() == need) => return Cause::Wait,
                // It was not chosen.
                None => {}
            }
        }
        Cause::Free
    }

    fn settle(&mut self, at: usize, graded: Graded) {
        let by = graded.blocked_by.clone().unwrap_or_else(|| graded.id.clone());
        self.verdicts.insert(graded.id.clone(), (graded.verdict, by));
        self.grades[at] = Some(graded);
    }
}

enum Cause {
    Free,
    Wait,
    Blocked(String),
}

/// Plays a case in a network of its own, again where that is due, and grades it.
fn play(job: &Job, case: Case) -> Graded {
    let begun = Instant::now();
    let mut take = once(job, case, job.schedule);
    let mut first = None;
    if depends_on_time(&take.played) && job.why_not().is_none() {
        first = Some(std::mem::replace(&mut take, once(job, case, job.schedule)));
    }
    if let Err(Miss::Fail(fault)) = &take.played
        && let Some(schedule) = &fault.schedule
        && job.schedule.is_none()
        && job.why_not().is_none()
        && let Some(shorter) = shrink(job, case, (schedule, fault.transport))
    {
        take = shorter;
    }
    let mut graded = Graded { duration_ms: millis(begun.elapsed()), ..grade(job, case, take) };
    if let Some(first) = first.filter(|_| graded.verdict == Verdict::Pass) {
        (graded.flaky, graded.finding) = (true, grade(job, case, first).finding);
    }
    graded
}

fn mistaken(case: &Case) -> Graded {
    Graded { note: Some(MISTAKE.to_owned()), max_points: 0, ..blank(case, Verdict::Unjudged) }
}

/// What came of one time.
struct Take {
    played: Played,
    program: Option<Program>,
    transcript: Vec<super::document::Moment>,
}

/// On a thread of its own, so that a mistake of ours ends one case, and so that its network is its own.
fn once(job: &Job, case: Case, schedule: Option<&Schedule>) -> Take {
    let played = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if job.setting.walls.network
                && let Err(error) = subject::own_network()
            {
                return unjudged(format!("there was no network for this case: {error}"));
            }
            let mut stage = Stage::new(case, job.setting, schedule);
            let played = match (case.row.play)(&mut stage) {
                // Whatever it waited for was cut short.
                Err(Miss::Fail(_)) if stage.scene.is_overrun() => {
                    let seconds = stage.scene.longest().as_secs();
                    Err(Miss::Unjudged(format!("it took more than {seconds} s, the most that a case has")))
                }
                played => played,
            };
            let program = stage.actor().map(super::actor::Actor::account);
            Take { played, program, transcript: stage.scene.moments() }
        });
        thread.join()
    });
    played.unwrap_or_else(|_| unjudged(MISTAKE.to_owned()))
}

fn unjudged(why: String) -> Take {
    Take { played: Err(Miss::Unjudged(why)), program: None, transcript: Vec::new() }
}

/// Whether a busy machine could have had a part in it.
fn depends_on_time(played: &Played) -> bool {
    let timed = [Transport::Timeout, Transport::NotReady, Transport::Refused];
    match played {
        Err(Miss::Fail(fault)) => timed.contains(&fault.transport),
        Err(Miss::Unjudged(_)) => true,
        _ => false,
    }
}

/// The shortest schedule found that fails in the same way; nothing where none is shorter.
fn shrink(job: &Job, case: Case, (schedule, how): (&Schedule, Transport)) -> Option<Take> {
    let until = Instant::now() + SHRINKING.mul_f64(job.setting.patience);
    let mut best: Option<(Schedule, Take)> = None;
    let mut tries = 0;
    'shorter: loop {
        let from = best.as_ref().map_or(schedule, |(schedule, _)| schedule).clone();
        let plain = from.plain().filter(|_| tries == 0);
        for shorter in plain.into_iter().chain(from.shorter()) {
            if tries >= MOST_TRIES || Instant::now() > until {
                break 'shorter;
            }
            tries += 1;
            let take = once(job, case, Some(&shorter));
            if matches!(&take.played, Err(Miss::Fail(fault)) if fault.schedule.is_some() && fault.transport == how) {
                best = Some((shorter, take));
                continue 'shorter;
            }
        }
        break;
    }
    best.map(|(_, take)| take)
}

fn grade(job: &Job, case: Case, take: Take) -> Graded {
    let Take { played, program, transcript } = take;
    let graded = Graded { program, transcript, ..blank(&case, Verdict::Pass) };
    match played {
        Ok(note) => Graded { note, points: graded.max_points, ..graded },
        Err(Miss::Skip(why)) => Graded { verdict: Verdict::Skip, note: Some(why), max_points: 0, ..graded },
        // Whatever it waited for was cut short.
        Err(Miss::Fail(_)) if job.setting.stop.load(Ordering::Relaxed) => {
            Graded { verdict: Verdict::Unjudged, note: Some(STOPPED.to_owned()), max_points: 0, ..graded }
        }
        Err(Miss::Fail(_)) if is_in_others_way(job, &graded) => {
            let note = Some(TAKEN.to_owned());
            Graded { verdict: Verdict::Unjudged, note, max_points: 0, ..graded }
        }
        Err(Miss::Unjudged(why)) => Graded { verdict: Verdict::Unjudged, note: Some(why), max_points: 0, ..graded },
        Err(Miss::Fail(fault)) => {
            let finding = finding(job, &graded, *fault);
            Graded { verdict: Verdict::Fail, finding: Some(finding), ..graded }
        }
    }
}

/// Whether somebody else of this machine has the port that the program wants. It cannot be its own last start, which
/// ended by a reset.
fn is_in_others_way(job: &Job, graded: &Graded) -> bool {
    let says = |program: &Program| hints::TAKEN.iter().any(|words| program.stderr.contains(words));
    let about_starting = ["start/runs", "start/listens"].contains(&graded.id.as_str());
    about_starting && !job.setting.walls.network && graded.program.as_ref().is_some_and(says)
}

fn finding(job: &Job, graded: &Graded, fault: Fault) -> Finding {
    let program = fault.program.as_ref().or(graded.program.as_ref());
    let asked = [program, graded.program.as_ref()].into_iter().flatten().find(|program| !program.prompts.is_empty());
    let asked = asked.map(|program| &program.prompts[..]).unwrap_or_default();
    // Python asks on stderr; what was answered is no error.
    let stderr = program.map(|program| last_lines(&without_prompts(&program.stderr, asked))).unwrap_or_default();
    let hint = hints::of(&hints::Evidence { id: &graded.id, fault: &fault, program });
    let usual = match job.setting.subject {
        Subject::Started(_) => "started it and watched",
        Subject::Address(_) => "connected to it",
    };
    Finding {
        transport: fault.transport,
        did: fault.did.unwrap_or_else(|| usual.to_owned()),
        want: fault.want,
        got: fault.got,
        shown: fault.shown,
        stderr,
        so: hint.map(|hint| hint.so.to_owned()),
        attempt: hint.map(|hint| hint.attempt.to_owned()),
        again: (job.again)(&graded.id, fault.schedule.as_ref()),
        more: Some(format!("sockeye check explain {}", graded.id)),
    }
}

/// Of a traceback the place and the error, `server.py:14  UnicodeDecodeError: …`; else the last line.
fn last_lines(stderr: &str) -> Vec<String> {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let frame = lines.iter().enumerate().rev().find_map(|(at, line)| {
        let (file, rest) = line.trim().strip_prefix("File \"")?.split_once("\", line ")?;
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        // The code of the frame is indented, and the error behind it is not.
        let error = lines[at..].iter().find(|line| !line.starts_with(' '))?;
        Some(format!("{}:{number}  {error}", file.rsplit('/').next().unwrap_or(file)))
    });
    let last = || lines.last().map(|line| line.trim().to_owned());
    frame.or_else(last).into_iter().collect()
}

fn blank(case: &Case, verdict: Verdict) -> Graded {
    Graded {
        id: case.id(),
        title: case.row.title.to_owned(),
        level: case.row.level,
        verdict,
        points: 0,
        max_points: case.row.level.points(),
        duration_ms: 0,
        flaky: false,
        note: None,
        blocked_by: None,
        finding: None,
        program: None,
        transcript: Vec::new(),
    }
}

/// Talks to a server as `lab` would, and writes down a dialogue for it.
///
/// # Errors
/// In a sentence, where there is nothing to propose.
pub(crate) fn learn(lab: &'static Lab, setting: &Setting) -> Result<String, String> {
    let mut cases = lab.cases();
    let case = cases.next().ok_or_else(|| format!("the lab {} has no cases", lab.name))?;
    let mut stage = Stage::new(case, setting, None);
    super::dialogue::learn(&mut stage).map_err(|miss| match miss {
        Miss::Fail(fault) => format!("the server is not as far: {}", fault.got),
        Miss::Skip(why) | Miss::Unjudged(why) => why,
    })
}

/// Counts them.
pub(crate) fn totals(grades: &[Graded]) -> Totals {
    let count = |verdict| grades.iter().filter(|graded| graded.verdict == verdict).count();
    let musts = |verdicts: &[Verdict]| {
        grades.iter().filter(|g| g.level == Level::Must && verdicts.contains(&g.verdict)).count()
    };
    Totals {
        pass: count(Verdict::Pass),
        fail: count(Verdict::Fail),
        skip: count(Verdict::Skip),
        unjudged: count(Verdict::Unjudged),
        blocked: count(Verdict::Blocked),
        musts_missed: musts(&[Verdict::Fail, Verdict::Blocked, Verdict::Unjudged]),
        musts_unjudged: musts(&[Verdict::Unjudged]),
        points: grades.iter().map(|graded| graded.points).sum(),
        max_points: grades.iter().map(|graded| graded.max_points).sum(),
    }
}

const MISTAKE: &str = "the checker made a mistake of its own; please report it";
const STOPPED: &str = "the check was stopped";
const TAKEN: &str = "another program has the port that it wants; end that one, or let each case have its own network";
/// How long a failure is shortened.
const SHRINKING: Duration = Duration::from_secs(4);
const MOST_TRIES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::document::Prompted;

    #[test]
    fn answered_questions_are_no_errors() {
        let asked =
            ["Host: ", "Od portu: ", ""].map(|prompt| Prompted { prompt: prompt.into(), answer: String::new() });
        assert_eq!(last_lines(&without_prompts("Host: Od portu: ", &asked)), Vec::<String>::new());
        assert_eq!(last_lines(&without_prompts("Host: Od portu: Oops: Host: 1\n", &asked)), ["Oops: Host: 1"]);
        assert_eq!(last_lines(&without_prompts("Do portu: ", &asked)), ["Do portu:"]);
    }
}
