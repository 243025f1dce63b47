//! Target: hosts as people name them, and one after the other by number. Ranges stay ranges: a /8 costs a few words.

/// Addresses that people write as one word.
mod block;
/// Targets from a file.
mod list;
/// Which addresses are somebody else's.
mod public;
/// One target as it is written.
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use block::{Block, Space};
pub(crate) use list::read;
pub(crate) use word::Word;

use crate::net::{Families, NetError};

/// One address that is scanned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Host {
    /// With port 0; of IPv6 with its zone.
    pub(crate) address: SocketAddr,
    /// As the user named it, where that is no address.
    pub(crate) name: Option<Arc<str>>,
}

impl Host {
    /// Its address with this port.
    pub(crate) fn at(&self, port: u16) -> SocketAddr {
        let mut address = self.address;
        address.set_port(port);
        address
    }
}

/// What is to be scanned, as it was said.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) words: Vec<Word>,
    /// Of a name all its addresses, of whatever family; without a zone in every zone.
    pub(crate) excluded: Vec<Word>,
    pub(crate) addresses: Addresses,
    pub(crate) families: Families,
}

/// Which addresses of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// The one that the resolver puts first.
    First,
    All,
}

/// Finds the addresses of a name.
pub(crate) type Resolve<'a> = dyn FnMut(&str) -> Result<Vec<SocketAddr>, NetError> + 'a;

/// Why words make no targets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetsError {
    #[error("{0}; check the name, or give an IP address")]
    Unresolved(#[from] NetError),
    #[error("`{name}` has no {family} address; name another host, or leave -4 and -6 out")]
    NoAddress { name: String, family: &'static str },
    #[error("`{0}` is of the other family; leave -4 and -6 out")]
    WrongFamily(Word),
    #[error(
        "`{word}` is {count} addresses, and at most {MOST} can be scanned; name a smaller block, or a list of hosts"
    )]
    TooMany { word: Word, count: u128 },
    #[error("these targets are {0} addresses, and at most {MOST} can be scanned; scan them in parts")]
    TooManyTogether(u128),
    #[error(
        "`{0}` is link-local, so it says nothing without an interface; write fe80::1%eth0, or of a block fe80::%2/120"
    )]
    NoZone(Word),
    #[error("there is no target; name a host, an address or a block such as 192.0.2.0/24")]
    None,
    #[error("every target is excluded; leave some")]
    AllExcluded,
}

/// All hosts of a scan, each once.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    /// In rising order, none with a part of another; with the number of its first host.
    blocks: Vec<(u64, Block)>,
    len: u64,
    names: BTreeMap<SocketAddr, Arc<str>>,
}

impl Targets {
    /// # Errors
    /// Where a name has no address, there are too many hosts, or none.
    pub(crate) fn new(wanted: &Wanted, resolve: &mut Resolve<'_>) -> Result<Self, TargetsError> {
        let mut names = BTreeMap::new();
        let mut blocks = Vec::new();
        for word in &wanted.words {
            match word {
                Word::Block(block) => blocks.push(wanted.checked(*block)?),
                Word::Name(name) => {
                    for address in wanted.addresses_of(name, resolve)? {
                        blocks.push(Block::of(address));
                        if Word::shows(name) {
                            // What is reached under two names is told under the first.
                            names.entry(Block::of(address).nth(0)).or_insert_with(|| Arc::from(name.as_str()));
                        }
                    }
                }
            }
        }
        if blocks.is_empty() {
            return Err(TargetsError::None);
        }
        let left = without(&union(blocks), &wanted.excluded_blocks(resolve)?);
        Self::of(&left, names)
    }

    fn of(blocks: &[Block], names: BTreeMap<SocketAddr, Arc<str>>) -> Result<Self, TargetsError> {
        let count = blocks.iter().map(Block::len).fold(0, u128::saturating_add);
        match u64::try_from(count) {
            Ok(0) => Err(TargetsError::AllExcluded),
            Ok(len @ 1..=MOST) => {
                let number = |at: &mut u64, block: &Block| {
                    let first = *at;
                    // Together they are no more than `len`.
                    *at += block.len() as u64;
                    Some((first, *block))
                };
                Ok(Self { blocks: blocks.iter().scan(0, number).collect(), len, names })
            }
            _ => Err(TargetsError::TooManyTogether(count)),
        }
    }

    /// How many hosts; at least one.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// One of them, by its number below [`Self::len`].
    ///
    /// # Panics
    /// Perhaps, from there on.
    pub(crate) fn host(&self, number: u64) -> Host {
        let at = self.blocks.partition_point(|(first, _)| *first <= number) - 1;
        let (first, block) = &self.blocks[at];
        let address = block.nth(number - first);
        Host { address, name: self.names.get(&address).cloned() }
    }

    /// How many of them are neither on this machine nor in a network of one's own.
    pub(crate) fn public(&self) -> u64 {
        self.blocks.iter().map(|(_, block)| public::count(block) as u64).sum()
    }
}

impl Wanted {
    /// All that have to be looked up.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let words = self.words.iter().chain(&self.excluded);
        words.filter_map(|word| if let Word::Name(name) = word { Some(name.as_str()) } else { None }).collect()
    }

    /// A block that may be scanned.
    fn checked(&self, block: Block) -> Result<Block, TargetsError> {
        let allowed = match self.families {
            Families::Both => true,
            Families::V4 => block.space == Space::V4,
            Families::V6 => block.space != Space::V4,
        };
        match block.len() {
            _ if !allowed => Err(TargetsError::WrongFamily(Word::Block(block))),
            _ if block.lacks_zone() => Err(TargetsError::NoZone(Word::Block(block))),
            count if count > MOST.into() => Err(TargetsError::TooMany { word: Word::Block(block), count }),
            _ => Ok(block),
        }
    }

    /// Those of a name that are to be scanned; at least one.
    fn addresses_of(&self, name: &str, resolve: &mut Resolve<'_>) -> Result<Vec<SocketAddr>, TargetsError> {
        let mut found = resolve(name)?;
        found.retain(|address| self.checked(Block::of(*address)).is_ok());
        if self.addresses == Addresses::First {
            found.truncate(1);
        }
        let family = match self.families {
            Families::Both => "IP",
            Families::V4 => "IPv4",
            Families::V6 => "IPv6",
        };
        let name = || name.to_owned();
        if found.is_empty() { Err(TargetsError::NoAddress { name: name(), family }) } else { Ok(found) }
    }

    /// Whoever cannot be found cannot be left out either, which is an error.
    fn excluded_blocks(&self, resolve: &mut Resolve<'_>) -> Result<Vec<Block>, TargetsError> {
        let mut blocks = Vec::new();
        for word in &self.excluded {
            match word {
                Word::Block(block) => blocks.push(*block),
                Word::Name(name) => blocks.extend(resolve(name)?.into_iter().map(Block::of)),
            }
        }
        Ok(blocks)
    }
}

/// The same addresses in rising order, each once.
fn union(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.sort_unstable();
    let mut whole: Vec<Block> = Vec::new();
    for block in blocks {
        match whole.last_mut() {
            Some(last) if last.space == block.space && block.first <= last.last.saturating_add(1) => {
                last.last = last.last.max(block.last);
            }
            _ => whole.push(block),
        }
    }
    whole
}

/// What is left of `blocks`, which are a union.
fn without(blocks: &[Block], excluded: &[Block]) -> Vec<Block> {
    let mut left = Vec::new();
    for of_space in blocks.chunk_by(|a, b| a.space == b.space) {
        let space = of_space[0].space;
        let holds = |hole: &&Block| hole.space == space || (hole.space == ANY_ZONE && space != Space::V4);
        let holes = union(excluded.iter().filter(holds).map(|hole| Block { space, ..*hole }).collect());
        of_space.iter().for_each(|block| cut(block, &holes, &mut left));
    }
    left
}

/// What is left of one block.
fn cut(block: &Block, holes: &[Block], left: &mut Vec<Block>) {
    let mut first = block.first;
    let reaching = &holes[holes.partition_point(|hole| hole.last < first)..];
    for hole in reaching.iter().take_while(|hole| hole.first <= block.last) {
        if first < hole.first {
            left.push(Block { first, last: hole.first - 1, ..*block });
        }
        let Some(next) = hole.last.checked_add(1) else { return };
        first = next;
    }
    if first <= block.last {
        left.push(Block { first, ..*block });
    }
}

const ANY_ZONE: Space = Space::V6 { zone: 0 };
/// All of IPv4. Times all ports it is 2^48, so that no sum of probes comes near the end of a `u64`.
const MOST: u64 = 1 << 32;

#[cfg(test)]
mod tests;
