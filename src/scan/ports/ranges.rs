//! Ranges: ports in rising order as people and programs write them, `1-21,23-79,443`.

use std::fmt::{self, Display, Formatter};

/// Ports in rising order, each once. `{:.3}` writes the first three ranges, and how many more there are.
pub(crate) struct Ranges<'a>(pub(crate) &'a [u16]);

impl Ranges<'_> {
    fn each(&self) -> impl Iterator<Item = &[u16]> {
        self.0.chunk_by(|a, b| *b == a.saturating_add(1))
    }
}

impl Display for Ranges<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let most = f.precision().unwrap_or(usize::MAX);
        let mut comma = "";
        for range in self.each().take(most) {
            match range {
                [port] => write!(f, "{comma}{port}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [] => {}
            }
            comma = ",";
        }
        match self.each().skip(most).count() {
            0 => Ok(()),
            more => write!(f, " and {more} more ranges"),
        }
    }
}

/// What [`Ranges`] wrote, read again.
#[cfg(test)]
pub(crate) fn unfold(ranges: &str) -> Vec<u16> {
    let ends = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        first.parse().unwrap()..=last.parse().unwrap()
    };
    ranges.split(',').filter(|range| !range.is_empty()).flat_map(ends).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn neighbours_fold() {
        for (ports, folded) in [
            (&[][..], ""),
            (&[80], "80"),
            (&[1, 2], "1-2"),
            (&[1, 2, 3, 23, 79, 80, 65535], "1-3,23,79-80,65535"),
            (&[0, 65534, 65535], "0,65534-65535"),
        ] {
            assert_eq!(Ranges(ports).to_string(), folded);
        }
    }

    #[test]
    fn a_long_list_says_how_much_it_leaves_out() {
        assert_eq!(format!("{:.2}", Ranges(&[1, 3, 5, 6, 8])), "1,3 and 2 more ranges");
        assert_eq!(format!("{:.2}", Ranges(&[1, 3, 4])), "1,3-4");
    }

    proptest::proptest! {
        #[test]
        fn folding_inverts(ports: BTreeSet<u16>, dense in proptest::collection::btree_set(0..99_u16, 0..99)) {
            for ports in [ports, dense] {
                let ports: Vec<u16> = ports.into_iter().collect();
                proptest::prop_assert_eq!(unfold(&Ranges(&ports).to_string()), ports);
            }
        }
    }
}
