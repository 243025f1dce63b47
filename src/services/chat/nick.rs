//! Nick: what a member is called, and when two nicks could be taken for one another.

use std::fmt;
use std::sync::LazyLock;

use crate::services::name::{BadName, Name, Rule};

/// A nick, in words that stand in front of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nick {
    name: Name,
    key: String,
    look: String,
}

impl Nick {
    /// # Errors
    /// Where it is none. Whether it is reserved is another question.
    pub(super) fn parse(text: &str) -> Result<Self, BadName> {
        let name = Name::parse(text, Rule::Nick)?;
        Ok(Self { key: name.key(), look: name.look(), name })
    }

    pub(super) fn as_str(&self) -> &str {
        self.name.as_str()
    }

    /// What it has in common with nicks that could be taken for it, the surest first.
    pub(super) fn keys(&self) -> [&str; 2] {
        [&self.key, &self.look]
    }

    /// Whether one could be taken for the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.keys().iter().any(|key| other.keys().contains(key))
    }

    /// Whether it could be taken for ours.
    pub(super) fn is_reserved(&self) -> bool {
        RESERVED.iter().any(|ours| self.is_like(ours))
    }

    pub(super) fn is_admin(&self) -> bool {
        self.key == RESERVED[0].key
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Capitals look otherwise, so they stand here too.
static RESERVED: LazyLock<[Nick; 4]> =
    LazyLock::new(|| [ADMIN, "ADMIN", "server", "SERVER"].map(|ours| Nick::parse(ours).expect("these are letters")));

/// What the person at the console is called.
pub(super) const ADMIN: &str = "admin";

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(text: &str) -> Nick {
        Nick::parse(text).unwrap()
    }

    #[test]
    fn what_looks_like_ours_is_ours() {
        for text in ["admin", "Admin", "аdmin", "adrnin", "ａdmin", "ADMlN", "server", "SERVER", "sеrver"] {
            assert!(nick(text).is_reserved(), "{text}");
        }
        for text in ["administrator", "alice", "nimda", "serve"] {
            assert!(!nick(text).is_reserved(), "{text}");
        }
        assert!(nick("ADMIN").is_admin() && !nick("server").is_admin());
    }

    #[test]
    fn nicks_are_alike_by_key_or_by_look() {
        for [one, other] in [["alice", "ALICE"], ["Bob", "Вob"], ["bob1", "bobI"], ["Ivan", "lvan"]] {
            assert!(nick(one).is_like(&nick(other)), "{one} {other}");
        }
        assert!(!nick("alice").is_like(&nick("alicia")));
    }
}
