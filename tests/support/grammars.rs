//! What holds for words of a command line whatever they are: addresses, targets and ports. The grammars are taken as they
//! are, since none of them is part of the library.

/// Places to listen on and to reach.
#[path = "../../src/net"]
mod net {
    mod address;
    mod error;

    pub(crate) use address::Address;
    use error::{NetError, Reason};
}

/// Ports of a scan.
#[path = "../../src/scan/ports/mod.rs"]
mod ports;

/// Targets of a scan.
#[path = "../../src/scan/target"]
mod target {
    mod block;
    mod word;

    pub(crate) use word::Word;
}

/// A word that is an address or a target is shown so that it means the same again; one that is neither is told so in one
/// line.
pub(crate) fn address(input: &[u8]) {
    let Ok(word) = std::str::from_utf8(input) else { return };
    match word.parse::<net::Address>() {
        Ok(address) => assert_eq!(address.to_string().parse(), Ok(address)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match word.parse::<target::Word>() {
        Ok(target) => assert_eq!(target.to_string().parse(), Ok(target)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Ports rise, are never 0, and are shown so that they are the same again.
pub(crate) fn ports(input: &[u8]) {
    let Ok(words) = std::str::from_utf8(input) else { return };
    let Ok(ports) = words.parse::<ports::Ports>() else { return };
    let numbers = ports.as_slice();
    assert!(numbers.first().is_some_and(|first| *first > 0) && numbers.is_sorted_by(|a, b| a < b));
    assert_eq!(ports.to_string().parse(), Ok(ports));
}
