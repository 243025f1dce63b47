//! Token: what a client keeps in the place of a password. Shown once; what is kept of it is its hash.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::store::{SessionId, TokenHash};

/// 32 random bytes. Nobody guesses one, so that its hash needs no salt and no cost.
pub(super) struct Token(Zeroizing<[u8; 32]>);

impl Token {
    pub(super) fn new() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// The token that `text` shows; `None` where none looks so.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(MARK).filter(|_| text.len() == LENGTH)?;
        let mut bytes = Zeroizing::new([0; 32]);
        // So many digits are never more than 32 bytes, which the checked form would not believe.
        URL_SAFE_NO_PAD.decode_slice_unchecked(digits, &mut *bytes).ok().map(|_| Self(bytes))
    }

    /// As it is shown, once. The mark in front lets programs find tokens where none should be.
    pub(super) fn show(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(MARK);
        URL_SAFE_NO_PAD.encode_string(*self.0, &mut text);
        text
    }

    pub(super) fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(*self.0).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// What logs call a token: enough of its hash to tell it from others, and of no use to anybody.
pub(super) fn id(hash: TokenHash) -> String {
    hash.0[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A name for a session that no other has.
pub(super) fn session_id() -> SessionId {
    SessionId(random())
}

/// Bytes that nobody can foresee.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("a system that has no random numbers keeps no secrets");
    bytes
}

const MARK: &str = "sky1_";
/// The mark, and 32 bytes in base64.
const LENGTH: usize = MARK.len() + 43;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_again() {
        let token = Token::new();
        let shown = token.show();
        assert!(shown.starts_with("sky1_") && shown.len() == 48, "{}", *shown);
        assert_eq!(Token::parse(&shown).unwrap().hash(), token.hash());
        assert_ne!(Token::new().hash(), token.hash());
        assert_eq!(id(token.hash()).len(), 8);
    }

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let token = Token::parse(&format!("sky1_{}", "A".repeat(43))).unwrap();
        // sha256 of 32 zero bytes.
        assert_eq!(id(token.hash()), "66687aad");
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn what_looks_otherwise_is_no_token() {
        let good = Token::new().show();
        let long = format!("{}A", *good);
        // Of the last digit only four bits count, and the others must be zero: one text, one token.
        let loose = format!("sky1_{}B", "A".repeat(42));
        for text in ["", "sky1_", &good[..47], &long, &good[5..], &good.replace("sky1_", "sky2_"), &loose] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
        assert!(Token::parse(&format!("sky1_{}", "=".repeat(43))).is_none());
        assert!(Token::parse(&format!("sky1_{}", "+".repeat(43))).is_none());
        assert!(Token::parse(&format!("sky1_{}", "A".repeat(1 << 16))).is_none());
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_too_odd(text in "\\PC*|sky1_[A-Za-z0-9_-]{40,50}") {
            if let Some(token) = Token::parse(&text) {
                assert_eq!(*token.show(), text);
            }
        }
    }
}
