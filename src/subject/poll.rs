//! Poll: asking again until there is an answer, for what nobody tells us of: a port that opens, a process of others
//! that ends.

use std::thread;
use std::time::{Duration, Instant};

/// The first answer of `ask`, which is asked at once, ever more rarely, and a last time when `patience` is over.
/// Blocks the thread.
pub(super) fn poll<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let (begun, mut pause) = (Instant::now(), SHORTEST);
    loop {
        let left = patience.saturating_sub(begun.elapsed());
        let answer = ask();
        if answer.is_some() || left.is_zero() {
            return answer;
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST);
    }
}

/// Most programs listen a few milliseconds after they were started.
const SHORTEST: Duration = Duration::from_millis(1);

/// Short beside the time of a run, long beside what it costs to read `/proc/net/tcp` or the state of a few processes.
const LONGEST: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_until_there_is_an_answer() {
        let mut asked = 0;
        let answer = poll(Duration::MAX, || {
            asked += 1;
            (asked == 3).then_some("yes")
        });
        assert_eq!((answer, asked), (Some("yes"), 3));
    }

    #[test]
    fn it_asks_once_even_without_patience_and_gives_up_in_time() {
        assert_eq!(poll(Duration::ZERO, || Some(())), Some(()));
        assert_eq!(poll::<()>(Duration::from_millis(5), || None), None);
    }
}
