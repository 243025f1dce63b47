//! Names: looked up many at once, since each may take its time and a list may have thousands.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;

use crate::net::{Address, NetError};

/// What became of each.
pub(super) struct Names(HashMap<String, Result<Vec<SocketAddr>, NetError>>);

impl Names {
    /// Looks all of them up.
    pub(super) fn look_up(names: BTreeSet<&str>) -> Self {
        let (found, most) = (Mutex::new(HashMap::new()), names.len().min(AT_ONCE));
        let left = Mutex::new(names);
        // A panic of another thread ends the scope with one of its own, so no lock is ever found poisoned.
        let next = || left.lock().ok()?.pop_first();
        let work = || {
            while let Some(name) = next() {
                let addresses = resolve(name);
                found.lock().map(|mut found| found.insert(name.to_owned(), addresses)).ok();
            }
        };
        thread::scope(|scope| {
            for _ in 1..most {
                // Where the system grants no thread, fewer do the same.
                let _ = thread::Builder::new().name("names".into()).spawn_scoped(scope, work);
            }
            work();
        });
        Self(found.into_inner().unwrap_or_default())
    }

    /// The addresses of one; a failure is told once.
    pub(super) fn addresses(&mut self, name: &str) -> Result<Vec<SocketAddr>, NetError> {
        match self.0.get(name) {
            Some(Ok(addresses)) => Ok(addresses.clone()),
            _ => self.0.remove(name).unwrap_or_else(|| resolve(name)),
        }
    }
}

fn resolve(name: &str) -> Result<Vec<SocketAddr>, NetError> {
    Address::Host { host: name.to_owned(), port: 0 }.resolve()
}

/// More than a resolver takes from one client does not make it faster.
const AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_looked_up_once_and_told_as_often_as_it_is_asked_for() {
        let mut names = Names::look_up(["localhost", "LOCALHOST", "127.0.0.1", "::1"].into());
        assert_eq!(names.0.len(), 4);
        for _ in 0..2 {
            assert_eq!(names.addresses("localhost").unwrap().len(), 2);
            assert_eq!(names.addresses("::1").unwrap(), ["[::1]:0".parse().unwrap()]);
        }
        // Nobody is looked up where nobody is named.
        assert!(Names::look_up(BTreeSet::new()).0.is_empty());
    }
}
