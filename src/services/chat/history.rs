//! History: the last messages and when they were said, for those who come later.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

/// The last messages.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<(Timestamp, Arc<str>)>);

impl History {
    /// Keeps a message, and forgets the oldest where there are too many.
    pub(super) fn keep(&mut self, at: Timestamp, line: Arc<str>) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((at, line));
    }

    /// What a newcomer is told, the oldest first: nothing where nothing was said. The times are in UTC, which the
    /// first line says, because nobody's clock is known.
    pub(super) fn told(&self) -> impl Iterator<Item = String> {
        let heading = match self.0.len() {
            0 => None,
            1 => Some("* The last message, with its time in UTC:".to_owned()),
            many => Some(format!("* The last {many} messages, with their times in UTC:")),
        };
        heading.into_iter().chain(self.0.iter().map(|(at, line)| format!("[{}] {line}", at.strftime("%H:%M:%S"))))
    }
}

/// How many messages are kept.
const MOST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_are_told_with_their_times() {
        let mut history = History::default();
        assert_eq!(history.told().count(), 0);
        for second in 0..25 {
            let at = Timestamp::from_second(1_800_000_000 + 3_599 * second).unwrap();
            history.keep(at, format!("<alice> {second}").into());
            if second == 0 {
                let told: Vec<_> = history.told().collect();
                assert_eq!(told, ["* The last message, with its time in UTC:", "[08:00:00] <alice> 0"]);
            }
        }
        let told: Vec<_> = history.told().collect();
        assert_eq!(told.len(), 21);
        assert_eq!(told[0], "* The last 20 messages, with their times in UTC:");
        assert_eq!((&*told[1], &*told[20]), ("[12:59:55] <alice> 5", "[07:59:36] <alice> 24"));
    }
}
