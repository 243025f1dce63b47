//! Prompts: what a program asks on its terminal, and what it is told. Half of all student programs ask for host and
//! port, in any language or without a word.

use std::sync::LazyLock;

use regex::Regex;

use super::document::Prompted;
use super::say;

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

/// What a prompt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Host,
    Port,
    First,
    Last,
    Name,
    Password,
    Message,
}

/// Who answers, and remembers what was asked.
pub(crate) struct Prompter {
    answers: Answers,
    /// How much of the output has been read as a prompt.
    read: u64,
    in_order: usize,
    /// Whether all that is asked without a word is for the case to say.
    in_company: bool,
    pub(crate) log: Vec<Prompted>,
}

impl Prompter {
    pub(crate) fn new(answers: Answers) -> Self {
        Self { answers, read: 0, in_order: 0, in_company: false, log: Vec::new() }
    }

    /// What is new since the last prompt in `output`, of which `printed` bytes were printed in all: the question. Nothing
    /// new is a question without a word.
    pub(crate) fn question<'o>(&self, output: &'o [u8], printed: u64) -> &'o [u8] {
        let fresh = usize::try_from(printed - self.read.min(printed)).unwrap_or(usize::MAX);
        let fresh = &output[output.len() - fresh.min(output.len())..];
        // The line that is not ended; behind a whole line, that one.
        let trimmed = fresh.strip_suffix(b"\n").unwrap_or(fresh);
        trimmed.rsplit(|byte| *byte == b'\n').next().unwrap_or_default()
    }

    /// What to type; nothing where the question is about what the case itself wants to say.
    pub(crate) fn answer(&mut self, question: &[u8], printed: u64) -> Option<String> {
        let text = String::from_utf8_lossy(question);
        let ruled = self.answers.rules.iter().find(|rule| rule.prompt.is_match(&text));
        let answer = match ruled {
            Some(rule) => rule.answer.clone(),
            None => match self.topic(&text) {
                Some(Topic::Message) => return None,
                topic => self.value(topic),
            },
        };
        self.settle(question, &answer, printed);
        Some(answer)
    }

    /// The question has had this answer.
    pub(crate) fn settle(&mut self, question: &[u8], answer: &str, printed: u64) {
        self.read = printed;
        let prompt = say::escaped(question);
        self.log.push(Prompted { prompt, answer: say::escaped(answer.as_bytes()) });
    }

    /// From now on it is connected: what it asks without a word is what to say.
    pub(crate) fn comes_into_company(&mut self) {
        self.in_company = true;
    }

    /// What a question is about, by its words or by its place.
    pub(crate) fn topic(&mut self, question: &str) -> Option<Topic> {
        let named = topic(question).filter(|_| !self.in_company || is_asked(question));
        let Some(named) = named else { return self.next_topic() };
        // Who asks for the one in words does not ask for it without a word.
        if let Some(at) = self.answers.in_order.iter().position(|topic| *topic == named) {
            self.in_order = self.in_order.max(at + 1);
        }
        Some(named)
    }

    fn next_topic(&mut self) -> Option<Topic> {
        let (order, last) = (&self.answers.in_order, self.answers.in_order.last().copied());
        let next = order.get(self.in_order).copied().or(last.filter(|last| *last == Topic::Message));
        self.in_order += 1;
        if self.in_company { Some(Topic::Message) } else { next }
    }

    fn value(&self, topic: Option<Topic>) -> String {
        let answers = &self.answers;
        match topic {
            Some(Topic::Host) => answers.host.clone(),
            Some(Topic::Port) => answers.port.clone(),
            Some(Topic::First) => answers.first.clone(),
            Some(Topic::Last) => answers.last.clone(),
            Some(Topic::Name) => answers.name.clone(),
            Some(Topic::Password) => answers.password.clone(),
            Some(Topic::Message) | None => String::new(),
        }
    }
}

/// Whether it reads like a question, and not like the news that `port 5555` was reached.
fn is_asked(line: &str) -> bool {
    line.trim_end().ends_with([':', '?', '>', ']'])
}

/// What the words of a prompt are about, in English, Polish, Russian and German.
pub(crate) fn topic(prompt: &str) -> Option<Topic> {
    TOPICS.iter().find(|(words, _)| words.is_match(prompt)).map(|(_, topic)| *topic)
}

/// The first that matches counts: who asks for the port of a host asks for a port, and who asks for the first port of a
/// range for that.
static TOPICS: LazyLock<Vec<(Regex, Topic)>> = LazyLock::new(|| {
    let rows = [
        (r"(first|start|begin|from|min|pocz|pierwsz|od\b|начал|перв|от\b|с порт|erste|anfang|von\b).*", Topic::First),
        (r"(last|end|max|ostatni|końc|konc|do\b|конеч|конц|послед|до\b|по порт|letzte|bis\b)", Topic::Last),
        (r"(\bport|\bпорт)", Topic::Port),
        (r"(passw|\bpass\b|parol|hasł|haslo|парол|kennwort|\bpin\b)", Topic::Password),
        (r"(\bhost|хост|адрес|\badres|\baddress|\badresse|\bip\b|\bip-|server|serwer|сервер)", Topic::Host),
        (r"(\bname|\bimi[ęe]|\bимя|имени|\bnick|ник\b|login|логин|user|użytkownik|benutzer|пользовател)", Topic::Name),
        (
            r"(messag|wiadomo|tekst|сообщ|текст|строк|nachricht|\btext|komunikat|say\b|введите данн|^\s*(>+|you|ty|я|ich)\s*[:>]?\s*$)",
            Topic::Message,
        ),
    ];
    let compiled = rows.map(|(words, topic)| {
        let words = match topic {
            // Without a port in the sentence "from" and "to" are about anything.
            Topic::First | Topic::Last => format!(r"(?i)({words}.*(\bport|\bпорт|zakres|диапазон|range|bereich)|(\bport|\bпорт|zakres|диапазон|range|bereich).*{words})"),
            _ => format!("(?i){words}"),
        };
        (Regex::new(&words).expect("the table is sound, as its test shows"), topic)
    });
    compiled.to_vec()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_in_four_languages_are_understood() {
        for (prompt, about) in [
            ("Port: ", Some(Topic::Port)),
            ("Введите порт сервера: ", Some(Topic::Port)),
            ("Podaj numer portu [5555]: ", Some(Topic::Port)),
            ("Host: ", Some(Topic::Host)),
            ("Podaj adres serwera: ", Some(Topic::Host)),
            ("Введите адрес хоста", Some(Topic::Host)),
            ("Geben Sie die IP-Adresse ein: ", Some(Topic::Host)),
            ("Введите имя: ", Some(Topic::Name)),
            ("Podaj imię: ", Some(Topic::Name)),
            ("Passwort: ", Some(Topic::Password)),
            ("hasło: ", Some(Topic::Password)),
            ("Введите пароль: ", Some(Topic::Password)),
            ("Start port: ", Some(Topic::First)),
            ("Port początkowy: ", Some(Topic::First)),
            ("Введите конечный порт: ", Some(Topic::Last)),
            ("last port? ", Some(Topic::Last)),
            ("Enter message: ", Some(Topic::Message)),
            ("> ", Some(Topic::Message)),
            ("Введите строку: ", Some(Topic::Message)),
            ("", None),
            ("Continue? [y/n] ", None),
        ] {
            assert_eq!(topic(prompt), about, "{prompt}");
        }
    }

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

    #[test]
    fn what_is_asked_without_a_word_is_answered_in_order_and_then_by_enter() {
        let mut prompter = Prompter::new(answers(&[]));
        let said: Vec<_> = (0..4).map(|_| prompter.answer(b"", 0)).collect();
        assert_eq!(said, ["127.0.0.1", "5555", "", ""].map(|text| Some(text.to_owned())));
        assert_eq!(prompter.log.len(), 4);
    }

    #[test]
    fn what_was_asked_in_words_is_not_expected_without() {
        let in_order = vec![Topic::Host, Topic::Port, Topic::Message];
        let mut prompter = Prompter::new(Answers { in_order, ..answers(&[]) });
        assert_eq!(prompter.answer("Port: ".as_bytes(), 6).as_deref(), Some("5555"));
        assert_eq!((prompter.answer(b"", 6), prompter.answer(b"", 6)), (None, None));
        let mut prompter = Prompter::new(answers(&[]));
        prompter.comes_into_company();
        assert_eq!((prompter.answer(b"", 0), prompter.answer(b"connected to port 5555", 9)), (None, None));
        assert_eq!(prompter.answer(b"Port [5555]: ", 9).as_deref(), Some("5555"));
    }

    #[test]
    fn a_rule_comes_before_the_table() {
        let mut prompter = Prompter::new(answers(&[("(?i)port", "9090")]));
        assert_eq!(prompter.answer("Port?".as_bytes(), 5).as_deref(), Some("9090"));
    }

    #[test]
    fn a_question_is_the_line_that_came_last() {
        let mut prompter = Prompter::new(answers(&[]));
        assert_eq!(prompter.question(b"Welcome\nPort: ", 14), b"Port: ");
        prompter.settle(b"Port: ", "1", 14);
        assert_eq!(prompter.question(b"Welcome\nPort: ", 14), b"");
        assert_eq!(prompter.question(b"Welcome\nPort: Host?\n", 20), b"Host?");
    }
}
