//! Near: what was meant by a word that was mistyped. Used for labs, cases and files.

use strsim::osa_distance;

/// The one that `word` is a slip of the keyboard away from: at most two letters wrong, and never half of them.
pub(crate) fn meant<'a>(word: &str, all: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = MOST_SLIPS.min(word.chars().count() / 3);
    let near = all.into_iter().map(|one| (osa_distance(word, one), one)).filter(|(slips, _)| *slips <= most);
    near.min_by_key(|(slips, _)| *slips).map(|(_, one)| one)
}

/// The nearest, however far that is; of equals the first.
pub(crate) fn nearest<'a>(word: &str, all: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    all.into_iter().min_by_key(|one| osa_distance(word, one))
}

const MOST_SLIPS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let labs = ["start", "echo", "log", "rps"];
        for (typed, understood) in [
            ("ehco", Some("echo")),
            ("ecko", Some("echo")),
            ("strat", Some("start")),
            ("lgo", Some("log")),
            ("foo", None),
            ("python3", None),
            ("", None),
        ] {
            assert_eq!(meant(typed, labs), understood, "{typed}");
        }
        assert_eq!(nearest("srver.py", ["notes.py", "server.py"]), Some("server.py"));
    }
}
