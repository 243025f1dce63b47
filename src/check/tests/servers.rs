//! Servers: each is a loop of accept() in a thread of the test, and a conversation that is right or wrong on purpose.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// How it comes to its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepts {
    /// Each in a thread of its own.
    AtOnce,
    OneAfterAnother,
    /// One, and nobody after that.
    Once,
}

/// A server that listens until it is dropped. Conversations that go on then go on until their client leaves.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(super) fn start(accepts: Accepts, serve: fn(TcpStream)) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        thread::spawn(move || {
            for guest in listener.incoming().flatten() {
                if told.load(Ordering::Relaxed) {
                    return;
                }
                match accepts {
                    Accepts::AtOnce => drop(thread::spawn(move || serve(guest))),
                    Accepts::OneAfterAnother => serve(guest),
                    Accepts::Once => return serve(guest),
                }
            }
        });
        Self { address, stop }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Where it waits for somebody, that is who comes.
        let _ = TcpStream::connect(self.address);
    }
}

/// Each piece that comes, until the other side ends or is gone.
pub(super) fn pieces(guest: &mut TcpStream, mut each: impl FnMut(&mut TcpStream, &[u8]) -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = guest.read(&mut buffer) {
        if !each(guest, &buffer[..n]) {
            return;
        }
    }
}

pub(super) fn right(mut guest: TcpStream) {
    pieces(&mut guest, |guest, piece| guest.write_all(piece).is_ok());
}

/// Accepts, and says nothing.
pub(super) fn stub(mut guest: TcpStream) {
    pieces(&mut guest, |_, _| true);
}
