//! Hints: mistakes that are known by what they look like from outside: what was on the wire, what was written to stderr,
//! what the program was doing. Nothing is guessed: where no row fits, nothing is said.

use super::actor::UNCAUGHT;
use super::document::{Program, Transport};
use super::fault::Fault;

/// What a mistake is recognised by.
pub(crate) struct Evidence<'a> {
    pub(crate) id: &'a str,
    pub(crate) fault: &'a Fault,
    pub(crate) program: Option<&'a Program>,
}

/// What a failure usually means, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) so: &'static str,
    pub(crate) attempt: &'static str,
}

struct Fingerprint {
    fits: fn(&Evidence) -> bool,
    hint: Hint,
}

/// The first row that fits.
pub(crate) fn of(evidence: &Evidence) -> Option<&'static Hint> {
    FINGERPRINTS.iter().find(|row| (row.fits)(evidence)).map(|row| &row.hint)
}

impl Evidence<'_> {
    fn stderr_has(&self, words: &[&str]) -> bool {
        self.program.is_some_and(|program| words.iter().any(|word| program.stderr.contains(word)))
    }

    /// Whether it wrote one of these about an error that nobody caught: who tells of one and goes on has caught it.
    fn dies_of(&self, words: &[&str]) -> bool {
        self.stderr_has(words) && (self.ended() || self.stderr_has(&UNCAUGHT))
    }

    fn is_about(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.id.contains(part))
    }

    /// Whether the program is the one that goes to others, and its servers are ours.
    fn calls_others(&self) -> bool {
        ["client/", "scan/"].iter().any(|lab| self.id.starts_with(lab))
    }

    fn ended(&self) -> bool {
        self.fault.transport == Transport::Died || self.program.is_some_and(|program| program.ended.is_some())
    }

    fn ended_by_a_pipe(&self) -> bool {
        self.program.and_then(|program| program.ended.as_deref()).is_some_and(|ended| ended.contains("PIPE"))
    }
}

/// What was written to stderr is surest, so it comes first; what only the wire shows comes last.
const FINGERPRINTS: &[Fingerprint] = &[
    Fingerprint {
        fits: |e| e.stderr_has(&["UnicodeDecodeError", "MalformedInputException", "invalid utf-8"]),
        hint: Hint {
            so: "recv() cuts where it likes; decoding each piece by itself dies on half a letter.",
            attempt: "handle bytes as bytes; decode only whole messages, or with an incremental decoder.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&TAKEN),
        hint: Hint {
            so: "the port is taken, often by the last run: its closed connections keep it for a minute (TIME_WAIT).",
            attempt: "set SO_REUSEADDR on the listening socket before bind(), or try the next port and say which.",
        },
    },
    Fingerprint {
        fits: |e| {
            e.stderr_has(&[
                "must be an iterable",
                "first arg must be callable",
                "2nd arg must be a tuple",
                "not callable",
            ])
        },
        hint: Hint {
            so: "the thread was given something else than a function and a tuple: `(x)` is no tuple, `f(x)` is a call.",
            attempt: "write threading.Thread(target=serve, args=(conn,)).start(), with the comma.",
        },
    },
    Fingerprint {
        fits: |e| e.calls_others() && (e.dies_of(&RESET) || e.dies_of(&BROKEN)),
        hint: Hint {
            so: "the server has gone; recv() and send() then raise an error, and nobody catches it.",
            attempt: "catch OSError around the conversation, say that the server has gone, and end, or ask where to connect next.",
        },
    },
    Fingerprint {
        fits: |e| e.calls_others() && e.ended_by_a_pipe(),
        hint: Hint {
            so: "send() to a server that has gone raises SIGPIPE, which ends a C program without a word.",
            attempt: "signal(SIGPIPE, SIG_IGN), look at what send() returns, and say that the server has gone before you end.",
        },
    },
    Fingerprint {
        fits: |e| e.dies_of(&RESET),
        hint: Hint {
            so: "a client that is killed, or closes with unread data, resets the connection; recv() and send() then fail.",
            attempt: "catch OSError around the conversation, close that one socket, and go on with the next client.",
        },
    },
    Fingerprint {
        fits: |e| e.dies_of(&BROKEN),
        hint: Hint {
            so: "it sent to a client that had left.",
            attempt: "catch OSError around send() as around recv(), and drop that client only.",
        },
    },
    Fingerprint {
        fits: |e| e.ended_by_a_pipe(),
        hint: Hint {
            so: "send() to a client that has left raises SIGPIPE, which ends a C program without a word.",
            attempt: "signal(SIGPIPE, SIG_IGN), or send(…, MSG_NOSIGNAL), and look at what send() returns.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["ConnectionRefusedError", "Connection refused"]) && e.calls_others(),
        hint: Hint {
            so: "nobody listens there, and connect() fails; the program does not expect it.",
            attempt: "catch OSError around connect(), say in one sentence what could not be reached, and end with a status that is not 0.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["gaierror", "Name or service not known", "UnknownHostException"]),
        hint: Hint {
            so: "a name that cannot be resolved raises an error that nobody catches.",
            attempt: "catch socket.gaierror, say so, and ask again or use the default.",
        },
    },
    Fingerprint {
        fits: |e| {
            e.dies_of(&["invalid literal for int()", "NumberFormatException", "negative buffersize"])
                && e.is_about(&["frame/", "talk/"])
        },
        hint: Hint {
            so: "a header that is no number of bytes raises an error, and nobody catches it.",
            attempt: "put int() of the header into try/except ValueError, look at its range, and end that connection only.",
        },
    },
    Fingerprint {
        fits: |e| e.dies_of(&["invalid literal for int()", "NumberFormatException"]),
        hint: Hint {
            so: "what a person types is no number until it has been looked at.",
            attempt: "put int() into try/except ValueError; an empty line means the default, anything else is asked again.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["port must be 0-65535", "OverflowError"]),
        hint: Hint {
            so: "a port is a number from 1 to 65535; connect() and bind() raise OverflowError beyond.",
            attempt: "look at the range before using the number.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["EOFError"]),
        hint: Hint {
            so: "input() raises EOFError when its input has ended (Ctrl-D, or a pipe).",
            attempt: "catch EOFError where you catch `exit`, and leave in the same way.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["KeyboardInterrupt"]),
        hint: Hint {
            so: "Ctrl-C raises KeyboardInterrupt, and nobody catches it.",
            attempt: "wrap the main loop in try/except KeyboardInterrupt, say that it stops, and close the sockets.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["SyntaxError", "IndentationError", "ModuleNotFoundError", "ImportError"]),
        hint: Hint {
            so: "the program does not get as far as its first line.",
            attempt: "start it by hand as in `again`, and mend what the interpreter says.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["Too many open files", "EMFILE"]),
        hint: Hint {
            so: "each open socket is an open file, and a process may have only so many at once.",
            attempt: "close each socket when its work is done (`with socket.socket() as s:`), and bound how many there are at once.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["timed out", "socket.timeout", "TimeoutError"]) && e.is_about(&["scan/"]),
        hint: Hint {
            so: "connect() to a port that does not answer raises an error when its timeout is over, and nobody catches it.",
            attempt: "catch OSError around connect(): whatever it says, the port is not open.",
        },
    },
    Fingerprint {
        fits: |e| e.stderr_has(&["timed out", "socket.timeout", "TimeoutError"]),
        hint: Hint {
            so: "a timeout that was set for something else ends a quiet conversation.",
            attempt: "settimeout(None) on the accepted socket, or catch the timeout and go on.",
        },
    },
    Fingerprint {
        fits: |e| {
            let is_busy = e.program.is_some_and(|program| program.cpu_ms > 1000);
            e.fault.transport == Transport::Spun || is_busy && e.is_about(&["life/", "eof/", "one-dies", "quitter"])
        },
        hint: Hint {
            so: "recv() returns an empty result when the other side has left, at once and for ever; the loop goes on with it.",
            attempt: "`if not data: break`, then close the socket.",
        },
    },
    Fingerprint {
        fits: |e| {
            e.is_about(&["life/next", "many/first", "oneshot/next"])
                && !e.ended()
                && e.fault.transport != Transport::Answered
        },
        hint: Hint {
            so: "accept() is called once, outside the loop: one client is served, and nobody after it.",
            attempt: "put accept() into a loop around the conversation.",
        },
    },
    Fingerprint {
        fits: |e| {
            e.is_about(&["second-while-first-idle", "many/reverse", "bulk/four-at-once"])
                && e.fault.transport == Transport::Timeout
        },
        hint: Hint {
            so: "the second client waits until the first has left: it is served in the same thread (or start() is followed by join(), or the target was called instead of passed).",
            attempt: "give each accepted connection a thread of its own: Thread(target=serve, args=(conn,)).start().",
        },
    },
    Fingerprint {
        fits: |e| e.is_about(&["size/edges", "stream/64k"]) && e.fault.transport == Transport::Timeout,
        hint: Hint {
            so: "the program takes a short read for the end of a message, and waits for ever when a message fills its buffer exactly.",
            attempt: "send back what recv() gave, whatever its length; a stream has no messages.",
        },
    },
    Fingerprint {
        fits: |e| {
            e.is_about(&["eof/half-close", "early-fin", "bulk/quitter", "frame/eof-inside"])
                && matches!(e.fault.transport, Transport::Timeout)
        },
        hint: Hint {
            so: "the other side has said everything and waits for the end, and the program never ends its side.",
            attempt: "when recv() returns nothing: send what is left, then close the connection.",
        },
    },
    Fingerprint {
        fits: |e| {
            e.is_about(&["flow/", "bulk/slow-reader", "vanish"])
                && matches!(e.fault.transport, Transport::Timeout | Transport::Fin | Transport::Rst)
        },
        hint: Hint {
            so: "send() may take only a part; what it did not take has to be sent again.",
            attempt: "use sendall(), or loop until everything is taken.",
        },
    },
    Fingerprint {
        fits: |e| e.is_about(&["bulk/collects-first"]) && e.fault.transport == Transport::Answered,
        hint: Hint {
            so: "the server sends before it has all 102400 bytes: what came so far, or each piece as it comes.",
            attempt: "collect the pieces in a list, count their bytes, and send b\"\".join(pieces) when there are 102400.",
        },
    },
    Fingerprint {
        // Where nothing came at all there are other reasons.
        fits: |e| e.is_about(&["bulk/exact", "bulk/fragments"]) && e.fault.shown.is_some(),
        hint: Hint {
            so: "one recv() gives what has arrived, not all that was sent; 100 kB come in many pieces.",
            attempt: "count the bytes, and go on receiving until there are 102400 or the other side ends.",
        },
    },
    Fingerprint {
        fits: |e| e.is_about(&["bulk/quitter", "bulk/four-at-once"]) && e.fault.transport == Transport::Answered,
        hint: Hint {
            so: "what one client sent comes back to another: they share a buffer.",
            attempt: "begin with an empty list of pieces for each connection, in a local variable of its function.",
        },
    },
    Fingerprint {
        fits: |e| e.is_about(&["bulk/stall", "life/idle"]) && e.fault.transport == Transport::Fin,
        hint: Hint {
            so: "a timeout that was set for something else ends a quiet conversation.",
            attempt: "settimeout(None) on the accepted socket, or catch the timeout and go on.",
        },
    },
    Fingerprint {
        fits: |e| e.is_about(&["frame/bytes-not-chars"]) && e.fault.shown.is_some(),
        hint: Hint {
            so: "the header holds the number of letters, and a letter may have more than one byte.",
            attempt: "data = text.encode(), and then len(data) in the header.",
        },
    },
    Fingerprint {
        fits: |e| {
            let parts = ["frame/sizes", "frame/header-bytewise", "frame/body-split", "frame/glued", "talk/pipelined5"];
            e.is_about(&parts) && e.fault.transport != Transport::Died
        },
        hint: Hint {
            so: "recv(n) may give fewer than n bytes, and one read may hold the end of one message and the beginning of the next.",
            attempt: "write recv_exactly(n) that loops until it has n bytes, and use it for the header and for the body.",
        },
    },
    Fingerprint {
        fits: |e| e.is_about(&["scan/filtered"]) && e.fault.transport == Transport::Timeout,
        hint: Hint {
            so: "connect() to a port that answers nothing waits for two minutes, because no timeout is set.",
            attempt: "sock.settimeout(1) before connect().",
        },
    },
    Fingerprint {
        fits: |e| e.is_about(&["scan/order"]) && e.fault.transport == Transport::Answered,
        hint: Hint {
            so: "each thread prints what it found when it found it, and the slowest port comes last.",
            attempt: "collect what is open, join all threads, and print sorted(found).",
        },
    },
    Fingerprint {
        fits: |e| e.is_about(&["scan/edges"]) && e.fault.transport == Transport::Answered,
        hint: Hint { so: "range(first, last) ends before last.", attempt: "write range(first, last + 1)." },
    },
];

/// What programs write where the other side has gone: while they receive, and while they send.
const RESET: [&str; 3] = ["ConnectionResetError", "Connection reset by peer", "ECONNRESET"];
const BROKEN: [&str; 3] = ["BrokenPipeError", "Broken pipe", "EPIPE"];
/// What programs write where their port is taken.
pub(super) const TAKEN: [&str; 3] = ["Address already in use", "EADDRINUSE", "Address in use"];

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(id: &str, transport: Transport, stderr: &str) -> Option<&'static Hint> {
        let fault = Fault::new(transport, "", "");
        let program = Program { stderr: stderr.to_owned(), ..Program::default() };
        of(&Evidence { id, fault: &fault, program: Some(&program) })
    }

    #[test]
    fn a_traceback_says_more_than_the_wire() {
        let died = hint("echo/utf8/at-1024", Transport::Died, "UnicodeDecodeError: 'utf-8' codec can't decode");
        assert!(died.unwrap().so.contains("half a letter"));
        let spun = hint("echo/eof/no-spin", Transport::Spun, "");
        assert!(spun.unwrap().attempt.contains("if not data"));
    }

    #[test]
    fn who_goes_to_a_server_is_told_about_servers() {
        for trace in ["ConnectionResetError: [Errno 104]", "BrokenPipeError: [Errno 32]"] {
            let client = hint("client/closed-early", Transport::Died, trace).unwrap();
            assert!(client.so.contains("the server has gone") && !client.attempt.contains("next client"), "{client:?}");
            let server = hint("echo/vanish", Transport::Died, trace).unwrap();
            assert!(server.so.contains("a client"), "{server:?}");
        }
        let fault = Fault::new(Transport::Died, "", "");
        let program = Program { ended: Some("SIGPIPE".to_owned()), ..Program::default() };
        let said = |id| of(&Evidence { id, fault: &fault, program: Some(&program) }).unwrap().so;
        assert!(said("client/reset").contains("to a server") && said("echo/vanish").contains("to a client"));
    }

    #[test]
    fn where_nothing_is_known_nothing_is_said() {
        assert_eq!(hint("echo/basic/one", Transport::Answered, ""), None);
    }
}
