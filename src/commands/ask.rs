//! Ask: host and port from a person. Each question shows its default, Enter accepts it, and what is no answer is asked
//! for again.

use std::fmt::Display;
use std::io::{self, BufRead, Write};

use super::Failure;
use crate::net::{Address, parse_port};

/// Asks for the host and the port of an address. Every interface stays every interface, and a path is not asked about.
///
/// # Errors
/// Where the answers end before the questions do, or the terminal cannot be used.
pub(crate) fn address(default: &Address, answers: impl BufRead, prompts: impl Write) -> Result<Address, Failure> {
    let Some(port) = default.port() else { return Ok(default.clone()) };
    let port = port.to_string();
    let mut interview = Interview { answers, prompts };
    let place = match default {
        Address::Host { host, .. } => interview.question("Host", host, |host| Address::of_words(host, &port))?,
        _ => default.clone(),
    };
    interview.question("Port", &port, |typed| match parse_port(typed) {
        // Whoever wants any free port has named it before.
        Ok(0) if typed != port => Err("Nobody finds a server at port 0; name one from 1 to 65535".to_owned()),
        parsed => parsed.map(|port| place.with_port(port)).map_err(|e| e.to_string()),
    })
}

struct Interview<A, P> {
    answers: A,
    prompts: P,
}

impl<A: BufRead, P: Write> Interview<A, P> {
    fn question<T, E: Display>(
        &mut self,
        what: &str,
        default: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        loop {
            let answer = self.ask(what, default).map_err(|e| Failure::failed(format!("cannot ask: {e}")))?;
            let Some(answer) = answer else {
                let what = what.to_lowercase();
                return Err(Failure::bad_words(format!("no answer for the {what}; name the address instead")));
            };
            match read(if answer.is_empty() { default } else { &answer }) {
                Ok(value) => return Ok(value),
                // A terminal that is gone shows up at the next question.
                Err(e) => drop(writeln!(self.prompts, "{e}.")),
            }
        }
    }

    /// One line, trimmed; `None` at the end of the input.
    fn ask(&mut self, what: &str, default: &str) -> io::Result<Option<String>> {
        write!(self.prompts, "{what} [{default}]: ")?;
        self.prompts.flush()?;
        let mut line = String::new();
        let read = self.answers.read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(default: &str, answers: &str) -> (String, String) {
        let mut prompts = Vec::new();
        let address = address(&default.parse().unwrap(), answers.as_bytes(), &mut prompts);
        let shown = address.map_or_else(|failure| failure.sentence, |address| address.to_string());
        (shown, String::from_utf8(prompts).unwrap())
    }

    #[test]
    fn enter_accepts_the_defaults_that_are_shown() {
        let (address, prompts) = asked("5555", "\n\n");
        assert_eq!(address, "localhost:5555");
        assert_eq!(prompts, "Host [localhost]: Port [5555]: ");
    }

    #[test]
    fn what_is_no_answer_is_asked_for_again() {
        let (address, prompts) = asked("5555", "a b\nexample.org\n99999\nabc\n0\n 80 \n");
        assert_eq!(address, "example.org:80");
        assert!(prompts.contains("`a b` is no host name.\nHost [localhost]: "), "{prompts}");
        assert_eq!(prompts.matches("Port [5555]: ").count(), 4);
    }

    #[test]
    fn answers_that_end_too_early_are_a_failure_with_the_way_out() {
        let (sentence, _) = asked("5555", "example.org\n");
        assert!(sentence.contains("no answer for the port"), "{sentence}");
    }
}
