//! Prompts: what a program asks on its terminal, and what it is told. Half of all student programs ask for host and
//! port, in any language or without a word.

use regex::Regex;

use super::document::Prompted;
use super::say;
use super::topics::{PORTS, Topic, between, has_letters, is_asked, plain_topic, topic};

/// What is answered to whom.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    /// Before everything else, in this order.
    pub(crate) rules: Vec<Rule>,
    pub(crate) host: String,
    pub(crate) port: String,
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) first: String,
    pub(crate) last: String,
    /// What is said to questions without a word, in turn; then an empty line, which most take for "as you like". Where
    /// the last one is a message, all that come later are.
    pub(crate) in_order: Vec<Topic>,
}

/// `--answer 'regex=value'`.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) prompt: Regex,
    pub(crate) answer: String,
}

/// What can be read of a program at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screen {
    pub(crate) output: Vec<u8>,
    /// How much it printed in all, of which `output` may have lost the middle.
    pub(crate) printed: u64,
    pub(crate) stderr: Vec<u8>,
}

/// Who answers, and remembers what was asked.
pub(crate) struct Prompter {
    answers: Answers,
    /// What of the screen has been read as a prompt.
    printed: u64,
    aside: Vec<u8>,
    /// What it was asked about.
    asked: Vec<Topic>,
    /// Whether all that is asked without a word is for the case to say.
    in_company: bool,
    /// What was answered to the question for a port.
    pub(crate) told_port: Option<String>,
    pub(crate) log: Vec<Prompted>,
}

impl Prompter {
    pub(crate) fn new(answers: Answers) -> Self {
        Self {
            answers,
            printed: 0,
            aside: Vec::new(),
            asked: Vec::new(),
            in_company: false,
            told_port: None,
            log: Vec::new(),
        }
    }

    /// What is new on `screen` since the last prompt: the question. Nothing new is a question without a word.
    ///
    /// Python writes the prompt of `input()` to stderr where it talks to a terminal.
    pub(crate) fn question(&self, screen: &Screen) -> Vec<u8> {
        let printed = self.fresh(screen);
        let aside = screen.stderr.strip_prefix(&self.aside[..]).unwrap_or(&screen.stderr);
        let unended = |text: &[u8]| text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default().to_vec();
        // A line that is not ended asks; behind whole lines the last of them may.
        let asking = [printed, aside].map(unended).into_iter().find(|line| !line.is_empty());
        let whole = |text: &[u8]| unended(text.strip_suffix(b"\n").unwrap_or_default());
        let told = || [aside, printed].map(whole).into_iter().find(|line| !line.is_empty());
        asking.or_else(told).unwrap_or_default()
    }

    /// What to type; nothing where the question is about what the case itself wants to say.
    pub(crate) fn answer(&mut self, question: &[u8], screen: &Screen) -> Option<String> {
        let text = self.with_what_is_above(question, screen);
        let (about, answer) = match self.rule(&text) {
            Some(rule) => (topic(&text), rule.answer.clone()),
            None => match self.about(&text) {
                Some(Topic::Message) => return None,
                about => {
                    self.asked.extend(about);
                    (about, self.value(about, &text))
                }
            },
        };
        // Who asks for something else in words that nobody knows was told a port, and did not ask for it.
        let asks_for_it = topic(&text).is_some() || !has_letters(&text);
        match about {
            Some(Topic::Port) if asks_for_it => self.told_port = Some(answer.clone()),
            Some(Topic::Address) => self.told_port = Some(self.answers.port.clone()),
            _ => {}
        }
        self.settle(question, &answer, screen);
        Some(answer)
    }

    /// The question, or the line above it where it is a mark like `> ` of a program that has nothing to say to anybody.
    fn with_what_is_above(&self, question: &[u8], screen: &Screen) -> String {
        let text = String::from_utf8_lossy(question).into_owned();
        if text.trim().is_empty() || has_letters(&text) || self.answers.in_order.contains(&Topic::Message) {
            return text;
        }
        let printed = String::from_utf8_lossy(self.fresh(screen)).into_owned();
        let above = printed.lines().rev().find(|line| has_letters(line));
        above.map_or(text, ToOwned::to_owned)
    }

    /// What was printed since the last prompt.
    fn fresh<'a>(&self, screen: &'a Screen) -> &'a [u8] {
        let fresh = usize::try_from(screen.printed - self.printed.min(screen.printed)).unwrap_or(usize::MAX);
        &screen.output[screen.output.len() - fresh.min(screen.output.len())..]
    }

    /// The port that it is told if it asks.
    pub(crate) fn port(&self) -> &str {
        &self.answers.port
    }

    /// Whether nothing like it was asked before, and there is something to say to it.
    pub(crate) fn is_new(&self, question: &[u8]) -> bool {
        let text = String::from_utf8_lossy(question);
        if self.rule(&text).is_some() {
            let prompt = say::escaped(question);
            return self.log.iter().all(|asked| asked.prompt != prompt);
        }
        let topic = self.about(&text).filter(|topic| *topic != Topic::Message);
        topic.is_some_and(|topic| !self.asked.contains(&topic))
    }

    /// How often this was answered.
    pub(crate) fn times_given(&self, answer: &str) -> usize {
        self.log.iter().filter(|asked| asked.answer == answer).count()
    }

    /// Whether one of these was asked for, in words or by its turn.
    pub(crate) fn was_asked_for(&self, topics: &[Topic]) -> bool {
        topics.iter().any(|topic| self.asked.contains(topic))
    }

    /// The question has had this answer.
    pub(crate) fn settle(&mut self, question: &[u8], answer: &str, screen: &Screen) {
        self.printed = screen.printed;
        self.aside.clone_from(&screen.stderr);
        let prompt = say::escaped(question);
        self.log.push(Prompted { prompt, answer: say::escaped(answer.as_bytes()) });
    }

    /// From now on it is connected: what it asks without a word is what to say.
    pub(crate) fn comes_into_company(&mut self) {
        self.in_company = true;
    }

    fn rule(&self, text: &str) -> Option<&Rule> {
        self.answers.rules.iter().find(|rule| rule.prompt.is_match(text))
    }

    /// What a question is about, by its words; else whatever it has not asked for yet.
    pub(crate) fn about(&self, question: &str) -> Option<Topic> {
        let in_turn = || {
            let mut left = self.answers.in_order.iter();
            left.find(|topic| **topic == Topic::Message || !self.asked.contains(topic)).copied()
        };
        let scans = self.answers.in_order.contains(&Topic::First);
        let named = match self.in_company {
            // By then the server is somebody to talk to, and not somebody to find.
            true => plain_topic(question).filter(|_| is_asked(question)),
            false => topic(question),
        };
        let named = named.map(|topic| match topic {
            // Only a scanner has a first port and a last; others have one to start on.
            Topic::First | Topic::Last | Topic::Range if !scans => Topic::Port,
            // Who asks for a port, and for a port again, asks for the ends.
            Topic::Port if scans && !PORTS.is_match(question) => {
                let ends = [Topic::First, Topic::Last].into_iter().find(|end| !self.asked.contains(end));
                ends.unwrap_or(topic)
            }
            topic => topic,
        });
        named.or_else(|| if self.in_company { Some(Topic::Message) } else { in_turn() })
    }

    fn value(&self, topic: Option<Topic>, text: &str) -> String {
        let answers = &self.answers;
        match topic {
            Some(Topic::Range) => [&*answers.first, &*answers.last].join(between(text)),
            Some(Topic::Timeout) => "1".to_owned(),
            Some(Topic::Workers) => "50".to_owned(),
            Some(Topic::Host) => answers.host.clone(),
            Some(Topic::Port) => answers.port.clone(),
            Some(Topic::Address) => format!("{}:{}", answers.host, answers.port),
            Some(Topic::First) => answers.first.clone(),
            Some(Topic::Last) => answers.last.clone(),
            Some(Topic::Name) => answers.name.clone(),
            Some(Topic::Password) => answers.password.clone(),
            Some(Topic::Message) | None => String::new(),
        }
    }
}

/// What was printed, each question of which an answer to nobody's eyes ended the line.
pub(crate) fn without_prompts(output: &str, prompts: &[Prompted]) -> String {
    let mut text = String::new();
    let mut rest = output;
    for asked in prompts.iter().filter(|asked| !asked.prompt.trim().is_empty()) {
        if let Some((before, behind)) = rest.split_once(&asked.prompt) {
            text.push_str(before);
            text.push('\n');
            rest = behind;
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(rules: &[(&str, &str)]) -> Answers {
        let rules = rules
            .iter()
            .map(|(prompt, answer)| Rule { prompt: Regex::new(prompt).unwrap(), answer: (*answer).to_owned() });
        Answers {
            rules: rules.collect(),
            host: "127.0.0.1".to_owned(),
            port: "5555".to_owned(),
            name: "ala".to_owned(),
            password: "secret".to_owned(),
            first: "1".to_owned(),
            last: "9".to_owned(),
            in_order: vec![Topic::Host, Topic::Port],
        }
    }

    fn screen(output: &str) -> Screen {
        Screen { output: output.as_bytes().to_vec(), printed: output.len() as u64, stderr: Vec::new() }
    }

    #[test]
    fn what_is_asked_without_a_word_is_answered_in_order_and_then_by_enter() {
        let mut prompter = Prompter::new(answers(&[]));
        let said: Vec<_> = (0..4).map(|_| prompter.answer(b"", &screen(""))).collect();
        assert_eq!(said, ["127.0.0.1", "5555", "", ""].map(|text| Some(text.to_owned())));
        assert_eq!(prompter.log.len(), 4);
    }

    #[test]
    fn what_was_asked_in_words_is_not_expected_without() {
        let in_order = vec![Topic::Host, Topic::Port, Topic::Message];
        let mut prompter = Prompter::new(Answers { in_order, ..answers(&[]) });
        let (none, port) = (screen(""), screen("Port: "));
        assert_eq!(prompter.answer(b"Host: ", &none).as_deref(), Some("127.0.0.1"));
        assert_eq!(prompter.answer(b"Port: ", &port).as_deref(), Some("5555"));
        assert_eq!((prompter.answer(b"", &port), prompter.answer(b"", &port)), (None, None));
        let mut prompter = Prompter::new(answers(&[]));
        prompter.comes_into_company();
        assert_eq!((prompter.answer(b"", &none), prompter.answer(b"connected to port 5555", &none)), (None, None));
        assert_eq!(prompter.answer(b"Port [5555]: ", &none).as_deref(), Some("5555"));
    }

    #[test]
    fn a_mark_asks_what_the_line_above_it_asks() {
        let mut prompter = Prompter::new(answers(&[]));
        let asks = Screen { stderr: b"> ".to_vec(), ..screen("Укажите хост (Enter - 127.0.0.1)\n") };
        assert_eq!(prompter.answer(b"> ", &asks).as_deref(), Some("127.0.0.1"));
        let asks = screen("Укажите хост (Enter - 127.0.0.1)\nУкажите порт\n> ");
        assert_eq!(prompter.answer(b"> ", &asks).as_deref(), Some("5555"));
        assert_eq!(prompter.told_port.as_deref(), Some("5555"));
        // A client has something to say.
        let in_order = vec![Topic::Host, Topic::Port, Topic::Message];
        let mut client = Prompter::new(Answers { in_order, ..answers(&[]) });
        assert_eq!(client.answer(b"> ", &screen("Server: port 5555\n> ")), None);
    }

    #[test]
    fn who_asks_for_something_else_was_told_no_port() {
        let mut prompter = Prompter::new(answers(&[]));
        for question in ["Jaki kolor? ", "A rozmiar? "] {
            prompter.answer(question.as_bytes(), &screen(""));
        }
        assert_eq!(prompter.told_port, None);
        assert_eq!(prompter.answer(b"host:port> ", &screen("")).as_deref(), Some("127.0.0.1:5555"));
        assert_eq!(prompter.told_port.as_deref(), Some("5555"));
    }

    #[test]
    fn a_scanner_that_asks_for_a_port_twice_asks_for_the_ends() {
        let in_order = vec![Topic::Host, Topic::First, Topic::Last];
        let mut scanner = Prompter::new(Answers { in_order, ..answers(&[]) });
        let said = ["Port A: ", "Port B: "].map(|question| scanner.answer(question.as_bytes(), &screen("")).unwrap());
        assert_eq!(said, ["1", "9"]);
        assert_eq!(scanner.answer(b"Ports: ", &screen("")).as_deref(), Some("5555"));
    }

    #[test]
    fn a_question_is_new_once() {
        let in_order = vec![Topic::Host, Topic::First, Topic::Last];
        let mut prompter = Prompter::new(Answers { in_order, ..answers(&[]) });
        let questions = ["Host: ", "Ports from: ", "to: "];
        assert!(questions.iter().all(|question| prompter.is_new(question.as_bytes())));
        let said = questions.map(|question| prompter.answer(question.as_bytes(), &screen("")).unwrap());
        assert_eq!(said, ["127.0.0.1", "1", "9"]);
        for question in ["to: ", "Host: ", "", "Again?"] {
            assert!(!prompter.is_new(question.as_bytes()), "{question}");
        }
        assert!(prompter.was_asked_for(&[Topic::Last]) && !prompter.was_asked_for(&[Topic::Range]));
    }

    #[test]
    fn a_range_is_written_as_the_question_asks() {
        for (question, said) in [
            ("Range: ", "1-9"),
            ("Диапазон через пробел: ", "1 9"),
            ("port range, comma separated: ", "1,9"),
            ("Zakres portów (od do): ", "1 9"),
        ] {
            let in_order = vec![Topic::Host, Topic::First, Topic::Last];
            let mut scanner = Prompter::new(Answers { in_order, ..answers(&[]) });
            let answer = scanner.answer(question.as_bytes(), &screen(question));
            assert_eq!(answer.as_deref(), Some(said));
        }
    }

    #[test]
    fn a_server_has_one_port_however_it_is_called() {
        let mut prompter = Prompter::new(answers(&[]));
        let answer = prompter.answer(b"Enter the port to start the server on: ", &screen(""));
        assert_eq!(answer.as_deref(), Some("5555"));
        for other in ["Max threads: ", "Continue? [y/n] "] {
            prompter.answer(other.as_bytes(), &screen(""));
            assert_eq!(prompter.told_port.as_deref(), Some("5555"), "{other}");
        }
    }

    #[test]
    fn a_rule_comes_before_the_table() {
        let mut prompter = Prompter::new(answers(&[("(?i)port", "9090")]));
        assert_eq!(prompter.answer("Port?".as_bytes(), &screen("Port?")).as_deref(), Some("9090"));
    }

    #[test]
    fn a_question_is_the_line_that_came_last() {
        let mut prompter = Prompter::new(answers(&[]));
        let welcome = screen("Welcome\nPort: ");
        assert_eq!(prompter.question(&welcome), b"Port: ");
        prompter.settle(b"Port: ", "1", &welcome);
        assert_eq!(prompter.question(&welcome), b"");
        assert_eq!(prompter.question(&screen("Welcome\nPort: Host?\n")), b"Host?");
        // A line on stdout, and the question on stderr.
        let aside = Screen { stderr: b"Name: ".to_vec(), ..screen("Welcome\nPort: Thanks\n") };
        assert_eq!(prompter.question(&aside), b"Name: ");
        prompter.settle(b"Name: ", "ala", &aside);
        assert_eq!(prompter.question(&aside), b"");
        // A question that ends its line, and what was said before it.
        let ended =
            Screen { stderr: b"Name: Enter stops it\n".to_vec(), ..screen("Welcome\nPort: Thanks\nServer is up\n") };
        assert_eq!(prompter.question(&ended), b"Enter stops it");
    }
}
