//! Events: what a program says when something happens, in its own words and in the language of whoever wrote it.

use regex::Regex;

/// What programs have to tell: the seven of a server, four of which a client has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Start,
    Listen,
    Connect,
    Recv,
    Send,
    Disconnect,
    Stop,
}

impl Event {
    /// In the order in which they happen.
    pub(crate) const ALL: [Self; 7] =
        [Self::Start, Self::Listen, Self::Connect, Self::Recv, Self::Send, Self::Disconnect, Self::Stop];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Listen => "listen",
            Self::Connect => "connect",
            Self::Recv => "recv",
            Self::Send => "send",
            Self::Disconnect => "disconnect",
            Self::Stop => "stop",
        }
    }

    /// What happened, in a sentence.
    pub(crate) const fn says(self) -> &'static str {
        match self {
            Self::Start => "that it has started",
            Self::Listen => "that it listens",
            Self::Connect => "that somebody has connected",
            Self::Recv => "that it has received something",
            Self::Send => "that it has sent something",
            Self::Disconnect => "that somebody has disconnected",
            Self::Stop => "that it stops",
        }
    }

    /// The words of a line that tells it, in English, Polish, Russian and German.
    const fn words(self) -> &'static str {
        match self {
            Self::Start => {
                r"\bstart(ed|s|ing|up)?\b|\brunning\b|\bup and running|uruchomion|uruchamia|wystartowa|\bstartuje|działa|запущен|запуск|стартова|старт\b|работает|gestartet|startet\b|läuft"
            }
            Self::Listen => {
                r"\blisten(s|ing)?\b|\bwaiting for\b.*(connect|client)|\bready\b|nasłuch|nasluch|oczekuj|oczekiwani|czeka(m)? na|слуша|прослуш|ожида|ждет|ждёт|\blausch|\bhört\b|\bwartet? auf|horcht"
            }
            Self::Connect => {
                r"\b(re)?connected\b|\bconnection (from|to|with|established|accepted|opened|made)\b|\b(new|accepted|incoming|got( a)?) (connection|client)\b|\bclient (joined|accepted)\b|\baccepted\b|\bconnect: |(^|[^oz])połącz(ono|ony|ył|enie (z|od|przych|nawiąz|ustanow))|nawiązan|nowe połączenie|przyjęto|nowy klient|\bpodłącz|подключен|подключил|подсоедин|присоедин|соединен[оы]? (с|установлен)|соединение (от|с .*установлен|установлен|принят)|установлено соединение|новое (соединение|подключение)|новый клиент|\bverbunden\b|verbindung (von|mit|zu|hergestellt|aufgebaut|angenommen)|neue verbindung|neuer client"
            }
            Self::Recv => {
                r"\b(received?|receiving|recv(d|ed)?|got|read)\b|odebra|otrzyma|dostał|przyszł|odbieram|получ|принят[оаы]? |принял|принимаем|прочита|empfang|empfäng|erhalten|bekommen"
            }
            Self::Send => {
                r"\b(sent|sending|send|echoed|echoing|replied|returned|answered)\b|wysła|wysyła|odesła|odsyła|отправ|отосла|послан|послал|передан|возвращ|\b(zurück)?gesendet|\bgeschickt|\bgesandt|\bsende"
            }
            Self::Disconnect => {
                r"\bdisconnect(ed|s|ing)?\b|\bconnection (from .* |with .* |to .* )?(was |has been |is )?(closed|lost|terminated|ended|reset|finished)\b|\bclos(ed|ing) (the )?(connection|client|socket)|\b(client|peer|server|user)\b.* (left|gone|closed|quit)\b|\bleft\b|\bgoodbye\b|rozłącz|rozlacz|odłącz|zakończ(ono|ył|enie) (połączen|klient)|(połączenie|polaczenie)\b.*(zamkn|zakończ|przerwa|zerwa)|zamknięto połączenie|klient\b.*(wyszedł|opuścił)|отключ|отсоедин|разорва|соединени[ея]\b.*(закры|разорв|заверш|прерв|потер)|закрыт[оа]? соединение|разъедин|покинул|\bgetrennt|verbindung\b.*(geschlossen|beendet|getrennt|verloren)|abgemeldet|hat .*verlassen"
            }
            Self::Stop => {
                r"\bstop(s|ped|ping)?\b|\bshut(ting)?[ -]?down\b|\bshutdown\b|\bserver\b.*\b(closed|ended|terminated|finished|exit(ed|ing)?|off)\b|\b(exit(ing)?|bye|terminat(ed|ing)|interrupted)\b|zatrzym|zakończ|zakoncz|wyłącz|zamykam|zamknięt|останов|заверш|выключ|прекра|прерван|закрыт|\bgestoppt|\bbeendet|heruntergefahren|gestoppt|\bstoppt|angehalten"
            }
        }
    }
}

/// How a program's lines tell its events.
#[derive(Clone, Debug)]
pub(crate) struct EventWords {
    patterns: Vec<Regex>,
    /// Which of them were given by somebody.
    set: Vec<Event>,
}

/// `--event` that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventError {
    #[error(
        "`{0}` names no event: write --event EVENT=REGEX with one of start, listen, connect, recv, send, disconnect, stop"
    )]
    NoEvent(String),
    #[error("`{text}` is no regular expression: {reason}")]
    Regex { text: String, reason: String },
}

impl Default for EventWords {
    fn default() -> Self {
        let compiled = Event::ALL
            .map(|event| Regex::new(&format!("(?i){}", event.words())).expect("the table is sound, as its test shows"));
        Self { patterns: compiled.to_vec(), set: Vec::new() }
    }
}

impl EventWords {
    /// `recv=REGEX`: the words of this program for that event, instead of those that we know.
    ///
    /// # Errors
    /// Where it names no event or is no regular expression.
    pub(crate) fn set(&mut self, text: &str) -> Result<(), EventError> {
        let named = text.split_once('=').and_then(|(name, pattern)| {
            let name = name.trim().to_lowercase();
            Some((Event::ALL.into_iter().find(|event| event.name() == name)?, pattern))
        });
        let (event, pattern) = named.ok_or_else(|| EventError::NoEvent(text.to_owned()))?;
        let compiled = Regex::new(pattern).map_err(|error| {
            let reason = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            EventError::Regex { text: pattern.to_owned(), reason }
        })?;
        self.patterns[event as usize] = compiled;
        self.set.push(event);
        Ok(())
    }

    /// Whether somebody said what its words are.
    pub(crate) fn is_set(&self) -> bool {
        !self.set.is_empty()
    }

    /// Whether a line tells this.
    pub(crate) fn tells(&self, event: Event, line: &str) -> bool {
        self.patterns[event as usize].is_match(line)
    }
}

/// Texts that a program wrote in different places, whose order is known within each of them only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Vec<Vec<String>>);

impl Told {
    pub(crate) fn read(&mut self, text: &str) {
        self.0.push(text.lines().map(ToOwned::to_owned).collect());
    }

    /// The text and the line that is the first to tell this.
    pub(crate) fn first(&self, words: &EventWords, event: Event) -> Option<(usize, usize)> {
        self.0
            .iter()
            .enumerate()
            .find_map(|(text, lines)| lines.iter().position(|line| words.tells(event, line)).map(|line| (text, line)))
    }

    /// All lines that tell this.
    pub(crate) fn all(&self, words: &EventWords, event: Event) -> Vec<&str> {
        self.0.iter().flatten().map(String::as_str).filter(|line| words.tells(event, line)).collect()
    }
}
