//! Trying: temporary, for trials by hand.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::too_many_lines, reason = "temporary")]

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::Exit;
use crate::subject::{self, Launch, Limits, Walls};

pub(super) fn run(words: &[OsString]) -> Exit {
    let at = words.iter().position(|word| word == "--").unwrap();
    let flags: Vec<String> = words[..at].iter().map(|word| word.to_str().unwrap().to_owned()).collect();
    let mut walls = Walls::NONE;
    let mut hidden = Vec::new();
    let mut limits = Limits::default();
    let mut nets = 1;
    let mut folder = std::env::current_dir().unwrap();
    for flag in &flags {
        match flag.split_once('=').unwrap_or((flag, "")) {
            ("raise", _) => {
                let begun = Instant::now();
                let (raised, why) = trial();
                println!("raised {raised:?} {why:?} in {:?}", begun.elapsed());
                walls = raised;
            }
            ("files", _) => walls.files = true,
            ("hide", path) => hidden.push(path.into()),
            ("folder", path) => folder = path.into(),
            ("cpu", n) => limits.cpu = Duration::from_secs(n.parse().unwrap()),
            ("nets", n) => nets = n.parse().unwrap(),
            other => panic!("{other:?}"),
        }
    }
    let launch = Launch { command: words[at + 1..].to_vec(), folder, environment: Vec::new(), hidden, limits, walls };
    let script: Vec<String> = std::io::stdin().lines().map(Result::unwrap).collect();
    let threads: Vec<_> = (0..nets)
        .map(|at| {
            let (launch, script) = (launch.clone(), script.clone());
            std::thread::spawn(move || act(at, &launch, &script))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    Exit::Done
}

fn trial() -> (Walls, Option<String>) {
    Walls::raise()
}

fn act(at: usize, launch: &Launch, script: &[String]) {
    if launch.walls.network {
        let begun = Instant::now();
        let done = subject::own_network();
        println!("{at}: network {done:?} in {:?}", begun.elapsed());
    }
    let begun = Instant::now();
    let mut running = match launch.start() {
        Ok(running) => Some(running),
        Err(error) => return println!("{at}: {error} after {:?}", begun.elapsed()),
    };
    println!("{at}: started in {:?}, pid {:?}", begun.elapsed(), running.as_ref().unwrap().pid());
    for line in script {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let begun = Instant::now();
        let until = |what: &dyn Fn() -> bool| {
            let patience = Duration::from_millis(rest.parse().unwrap_or(3000));
            while !what() && begun.elapsed() < patience {
                std::thread::sleep(Duration::from_millis(1));
            }
            what()
        };
        let program = running.as_ref().unwrap();
        let text = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes).chars().take(3000).collect::<String>().escape_debug().to_string()
        };
        let said = match word {
            "type" => format!("{:?}", program.type_in(format!("{rest}\n").replace("\\n", "\n").as_bytes())),
            "end" => format!("{:?}", program.end_input()),
            "sleep" => {
                std::thread::sleep(Duration::from_millis(rest.parse().unwrap()));
                String::new()
            }
            "out" => format!("{} ({} printed)", text(&program.output()), program.printed_bytes()),
            "err" => text(&program.stderr()),
            "await" => format!("{}", until(&|| program.awaits_input())),
            "waits" => format!("{}", program.awaits_input()),
            "hides" => format!("{}", program.hides_input()),
            "listen" => {
                until(&|| !program.listeners().is_empty());
                format!("{:?}", program.listeners())
            }
            "over" => {
                until(&|| program.ending().is_some());
                format!("{:?}", program.ending())
            }
            "look" => format!("{:?}", program.look()),
            "int" => {
                program.signal(rustix::process::Signal::INT);
                String::new()
            }
            "dial" => dial(rest),
            "serve" => {
                let listener = std::net::TcpListener::bind(rest).unwrap();
                std::thread::spawn(move || {
                    for stream in listener.incoming() {
                        let stream = stream.unwrap();
                        println!("accepted {:?} -> {:?}", stream.peer_addr(), stream.local_addr());
                    }
                });
                String::new()
            }
            "stop" => {
                let stopped = running.take().unwrap().stop();
                println!("{at}: {stopped:?} in {:?}", begun.elapsed());
                return;
            }
            "" => String::new(),
            "kill" => {
                running.take().unwrap().kill();
                println!("{at}: killed in {:?}", begun.elapsed());
                return;
            }
            _ => panic!("{line}"),
        };
        println!("{at}: {line}: {said} [{:?}]", begun.elapsed());
    }
    let begun = Instant::now();
    drop(running);
    println!("{at}: dropped in {:?}", begun.elapsed());
}

fn dial(address: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = match std::net::TcpStream::connect(address) {
        Ok(stream) => stream,
        Err(error) => return error.to_string(),
    };
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    stream.write_all(b"hello").unwrap();
    let mut chunk = [0; 100];
    let n = stream.read(&mut chunk);
    format!("{n:?} {:?}", String::from_utf8_lossy(&chunk[..*n.as_ref().unwrap_or(&0)]))
}
