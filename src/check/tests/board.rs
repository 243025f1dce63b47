//! Labs that were made to see what the judge makes of them: who waits for whom, and what is no fault of the program.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::case::{Case, Lab, Part, Played, Role, Row, START};
use super::super::document::{Level, Transport, Verdict};
use super::super::fault::{Fault, Miss};
use super::super::judge;
use super::super::scene::until;
use super::super::stage::Stage;
use super::{graded, ids, judged, judged_until, setting};

/// Nobody is there, and none of these cases minds.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

const fn row(name: &'static str, needs: &'static [&'static str], play: fn(&mut Stage) -> Played) -> Row {
    Row { name, level: Level::Must, needs, title: "a title", why: "a reason", bug: "a bug", fix: "a way", play }
}

static CHAIN: Lab = lab(&[
    // Below those that wait for it, so that it is not the order that helps.
    Part {
        prefix: START,
        rows: &[
            row("leaf", &["branch"], |_| Ok(None)),
            row("branch", &["root"], |_| Ok(None)),
            row("root", &[], |_| Err(Fault::new(Transport::Answered, "this", "that").into())),
            row("beside", &["dry"], |_| Ok(Some("a remark".to_owned()))),
            row("dry", &[], |_| Err(Miss::skip("it does not apply"))),
            row("fog", &[], |_| Err(Miss::Unjudged("nobody knows".to_owned()))),
            row("behind-the-fog", &["fog"], |_| Ok(None)),
            row("crash", &[], |_| panic!("this is the mistake that a test makes on purpose")),
        ],
    },
]);

const fn lab(parts: &'static [Part]) -> Lab {
    Lab { name: "made-up", role: Role::Server, summary: "", sheet: "", parts, answers: |_| Vec::new() }
}

fn chosen(names: &[&str]) -> Vec<Case> {
    CHAIN.cases().filter(|case| names.contains(&case.row.name)).collect()
}

#[test]
fn a_blocked_case_points_at_the_one_that_is_to_blame() {
    let grades = judged(&chosen(&["leaf", "branch", "root"]), &setting(NOWHERE, 1.0));
    assert_eq!(ids(&grades, Verdict::Fail), ["start/root"]);
    assert_eq!(ids(&grades, Verdict::Blocked), ["start/leaf", "start/branch"]);
    for id in ["start/leaf", "start/branch"] {
        assert_eq!(graded(&grades, id).blocked_by.as_deref(), Some("start/root"));
    }
}

#[test]
fn what_was_not_chosen_is_not_waited_for() {
    let grades = judged(&chosen(&["leaf"]), &setting(NOWHERE, 1.0));
    assert_eq!(ids(&grades, Verdict::Pass), ["start/leaf"]);
    assert_eq!(grades.len(), 1);
}

#[test]
fn skipped_unjudged_and_failed_are_different_things() {
    let grades = judged(&chosen(&["root", "beside", "dry", "fog", "behind-the-fog"]), &setting(NOWHERE, 1.0));
    assert_eq!(ids(&grades, Verdict::Pass), ["start/beside"]);
    assert_eq!(ids(&grades, Verdict::Skip), ["start/dry"]);
    assert_eq!(ids(&grades, Verdict::Unjudged), ["start/fog"]);
    assert_eq!(ids(&grades, Verdict::Fail), ["start/root"]);
    assert_eq!(ids(&grades, Verdict::Blocked), ["start/behind-the-fog"]);
    assert_eq!(graded(&grades, "start/beside").note.as_deref(), Some("a remark"));
    assert_eq!(graded(&grades, "start/fog").note.as_deref(), Some("nobody knows"));
    let totals = judge::totals(&grades);
    // Nobody loses a point for what does not apply, or for what we do not know.
    assert_eq!((totals.points, totals.max_points), (2, 6));
    assert_eq!((totals.musts_missed, totals.musts_unjudged), (3, 1));
}

#[test]
fn a_mistake_of_ours_is_no_fault_of_the_program() {
    let grades = judged(&chosen(&["crash", "dry"]), &setting(NOWHERE, 1.0));
    assert_eq!(ids(&grades, Verdict::Unjudged), ["start/crash"]);
    assert_eq!(ids(&grades, Verdict::Skip), ["start/dry"]);
}

#[test]
fn no_case_begins_when_time_is_up() {
    let grades = judged_until(&chosen(&["root", "dry"]), &setting(NOWHERE, 1.0), Some(Instant::now()));
    assert_eq!(ids(&grades, Verdict::Unjudged), ["start/root", "start/dry"]);
    assert!(grades.iter().all(|graded| graded.note.as_deref().is_some_and(|note| note.contains("--max-time"))));
}

static LONG: Lab =
    lab(&[Part { prefix: START, rows: &[row("long", &[], waits), row("next", &["long"], |_| Ok(None))] }]);

fn waits(stage: &mut Stage) -> Played {
    match until(stage.scene.wait(Duration::from_secs(600)), || None::<()>) {
        Some(()) => Ok(None),
        None => Err(Fault::new(Transport::Timeout, "an answer", "nothing").into()),
    }
}

#[test]
fn a_check_that_is_stopped_ends_at_once_and_blames_nobody_who_did_not_get_his_turn() {
    let (begun, setting) = (Instant::now(), setting(NOWHERE, 1.0));
    let stop = setting.stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::Relaxed);
    });
    let cases: Vec<Case> = LONG.cases().collect();
    let grades = judged(&cases, &setting);
    // Far from its ten minutes, and from whatever a busy machine needs.
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(ids(&grades, Verdict::Pass), [""; 0]);
    assert_eq!(grades.len(), 2);
}

static TURNS: AtomicUsize = AtomicUsize::new(0);

static FLAKY: Lab = lab(&[Part {
    prefix: START,
    rows: &[row("second-time", &[], |_| match TURNS.fetch_add(1, Ordering::Relaxed) {
        0 => Err(Fault::new(Transport::Timeout, "an answer", "nothing").into()),
        _ => Ok(None),
    })],
}]);

#[test]
fn what_may_be_the_fault_of_a_busy_machine_is_tried_again_and_remarked() {
    let cases: Vec<Case> = FLAKY.cases().collect();
    let grades = judged(&cases, &setting(NOWHERE, 1.0));
    assert_eq!(ids(&grades, Verdict::Pass), ["start/second-time"]);
    assert!(grades[0].flaky);
}
