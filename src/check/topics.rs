//! Topics: what the words of a prompt are about, in English, Polish, Russian and German.

use std::sync::LazyLock;

use regex::Regex;

/// What a prompt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Host,
    Port,
    /// Both in one answer: `host:port`.
    Address,
    First,
    Last,
    /// First and last in one answer.
    Range,
    Timeout,
    Workers,
    Name,
    Password,
    /// What is said in the course of a conversation, or ends it.
    Message,
}

/// Whether it reads like a question, and not like the news that `port 5555` was reached.
pub(super) fn is_asked(line: &str) -> bool {
    line.trim_end().ends_with([':', '?', '>', ']'])
}

/// What the words of a prompt are about, in English, Polish, Russian and German. Examples in brackets say what may be
/// answered, not what is asked for.
pub(crate) fn topic(prompt: &str) -> Option<Topic> {
    plain_topic(prompt).or_else(|| {
        let asked = without_examples(prompt);
        HINTED.iter().find(|(words, _)| words.is_match(&asked)).map(|(_, topic)| *topic)
    })
}

/// The same by the words that leave no doubt.
pub(super) fn plain_topic(prompt: &str) -> Option<Topic> {
    if ADDRESS.is_match(prompt) {
        return Some(Topic::Address);
    }
    let asked = &*without_examples(prompt);
    let about = |topic| TOPICS.iter().any(|(words, about)| *about == topic && words.is_match(asked));
    // Who asks for a range, and for none of its ends or for both.
    if about(Topic::Range) && about(Topic::First) == about(Topic::Last) {
        return Some(Topic::Range);
    }
    let (words, topic) = TOPICS.iter().find(|(words, _)| words.is_match(asked))?;
    let begins = |words: &Regex| words.find(asked).map(|found| found.start());
    // "Message to the server" is no question for a host.
    let is_message = || {
        TOPICS
            .iter()
            .any(|(say, about)| *about == Topic::Message && begins(say).is_some_and(|at| Some(at) < begins(words)))
    };
    Some(if matches!(topic, Topic::Host | Topic::Name) && is_message() { Topic::Message } else { *topic })
}

fn without_examples(prompt: &str) -> String {
    let bare = EXAMPLES.replace_all(prompt, "");
    if has_letters(&bare) { bare.into_owned() } else { prompt.to_owned() }
}

pub(super) fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// What stands between the ends of a range.
pub(super) fn between(prompt: &str) -> &'static str {
    let rows = [
        (
            " ",
            r"(?i)(space|spacj|odstęp|пробел|leerz|\((np\. |e\.g\. |z\. ?b\. |например )?(od do|from to|от до|von bis|\d+ \d+)\))",
        ),
        (",", r"(?i)(comma|przecin|запят|komma)"),
    ];
    let is_asked = |words: &str| Regex::new(words).is_ok_and(|words| words.is_match(prompt));
    rows.iter().find(|(_, words)| is_asked(words)).map_or("-", |(mark, _)| mark)
}

static EXAMPLES: LazyLock<Regex> = LazyLock::new(|| compiled(r"\([^)]*\)|\[[^\]]*\]"));

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)(\bhost|\bip|adres\w*|address|хост|адрес):(port|порт)"));

/// More than one port in one answer.
pub(super) static PORTS: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)\bports\b|port\(s\)|\bporty\b|port[óo]w|порты|портов"));

/// Words that are about something else beside any of the table.
static HINTED: LazyLock<Vec<(Regex, Topic)>> = LazyLock::new(|| {
    let rows = [
        (r"(\bsend|wyśl|wysł|отправ|schick|\bsenden|eingabe|\binput\b)", Topic::Message),
        // "Press Enter to stop the server": nobody does so before it is over.
        (
            r"(\bstop|\bquit\b|\bexit|\bend\b|\bclose|terminat|zakoń|zakon|zatrzym|wyjś|wyjść|wyłącz|останов|заверш|выход|выйти|beenden|stoppen|schließen)",
            Topic::Message,
        ),
        (r"(server|serwer|сервер)", Topic::Host),
    ];
    rows.map(|(words, topic)| (compiled(&format!("(?i){words}")), topic)).to_vec()
});

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("all are sound, as the tests show")
}

/// The first that matches counts: who asks for the port of a host asks for a port, and who asks for the first port of a
/// range for that.
static TOPICS: LazyLock<Vec<(Regex, Topic)>> = LazyLock::new(|| {
    let rows = [
        (r"(timeout|time-out|таймаут|тайм-аут|limit czasu|zeitlimit)", Topic::Timeout),
        (
            r"(\bthreads|поток|wątk|watk|worker|\bilu\b|how many|сколько|wie viele|number of (client|conn|user)|backlog)",
            Topic::Workers,
        ),
        (
            r"\b(first|start|begin|from\b|min|low|pocz|pierwsz|najniż|od\b|начал|начать|перв|от\b|с\b|erste|anfang|von\b).*",
            Topic::First,
        ),
        (
            r"\b(last|end|max|high|ostatni|końc|konc|najwyż|do\b|конеч|конц|законч|послед|до\b|по\b|letzte|bis\b)",
            Topic::Last,
        ),
        (r"(\brange|zakres|диапазон|bereich)", Topic::Range),
        (r"(\bport|\bporci|\bпорт)", Topic::Port),
        (r"(passw|\bpass\b|parol|hasł|haslo|парол|kennwort|\bpin\b)", Topic::Password),
        (r"(\bhost|хост|адрес|\badres|\baddress|\badresse|\bip\b|\bip-)", Topic::Host),
        (r"(\bname|\bimi[ęe]|\bимя|имени|\bnick|ник\b|login|логин|user|użytkownik|benutzer|пользовател)", Topic::Name),
        (
            r"(messag|wiadomo|tekst|сообщ|текст|строк|nachricht|\btext|komunikat|say\b|введите данн|^\s*(>+|you|ty|я|ich)\s*[:>]?\s*$)",
            Topic::Message,
        ),
    ];
    let compiled = rows.map(|(words, topic)| {
        let words = match topic {
            // Without a port in the sentence "from" and "to" are about anything.
            Topic::First | Topic::Last => format!(r"(?i)({words}.*(\bport|\bporci|\bпорт|zakres|диапазон|range|bereich)|(\bport|\bporci|\bпорт|zakres|диапазон|range|bereich).*{words})"),
            _ => format!("(?i){words}"),
        };
        (compiled(&words), topic)
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
            ("Na którym porcie mam słuchać? ", Some(Topic::Port)),
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
            ("Конечный порт (от 1 до 65535): ", Some(Topic::Last)),
            ("Podaj zakres portów od: ", Some(Topic::First)),
            ("Enter port range (1-1024): ", Some(Topic::Range)),
            ("Введите диапазон портов через пробел: ", Some(Topic::Range)),
            ("Portbereich von-bis: ", Some(Topic::Range)),
            ("Ilość wątków: ", Some(Topic::Workers)),
            ("Timeout (s): ", Some(Topic::Timeout)),
            ("(port): ", Some(Topic::Port)),
            ("Enter message: ", Some(Topic::Message)),
            ("Enter message to server: ", Some(Topic::Message)),
            ("Wiadomość do serwera: ", Some(Topic::Message)),
            ("Enter your name to send messages: ", Some(Topic::Name)),
            ("Admin port: ", Some(Topic::Port)),
            ("Recommended port: ", Some(Topic::Port)),
            ("> ", Some(Topic::Message)),
            ("Введите строку: ", Some(Topic::Message)),
            ("", None),
            ("Continue? [y/n] ", None),
            ("Server: ", Some(Topic::Host)),
            ("Serwer (host:port) [127.0.0.1:5555]: ", Some(Topic::Address)),
            ("Send to server> ", Some(Topic::Message)),
            ("Отправить на сервер: ", Some(Topic::Message)),
            ("What do you want to send to the server? ", Some(Topic::Message)),
            ("Ihre Eingabe für den Server: ", Some(Topic::Message)),
            ("Press Enter to stop the server.", Some(Topic::Message)),
            ("Нажмите Enter для остановки", Some(Topic::Message)),
            ("Wpisz q, aby zakończyć: ", Some(Topic::Message)),
            ("Enter server address (or quit): ", Some(Topic::Host)),
            ("Send to which host? ", Some(Topic::Host)),
            ("Ilu klientów może czekać w kolejce? (Enter = 5) ", Some(Topic::Workers)),
            ("Начать с порта: ", Some(Topic::First)),
            ("Закончить портом: ", Some(Topic::Last)),
            ("С порта: ", Some(Topic::First)),
            ("По порт: ", Some(Topic::Last)),
            ("Najniższy port [1]: ", Some(Topic::First)),
            ("Highest port of the range: ", Some(Topic::Last)),
        ] {
            assert_eq!(topic(prompt), about, "{prompt}");
        }
    }
}
