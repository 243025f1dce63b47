//! Events: what a program says when something happens, in its own words and in the language of whoever wrote it.

use std::borrow::Cow;
use std::sync::LazyLock;

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
}

/// The words of a line that tells something, and those of a line that reads like it and tells something else.
struct Words {
    tell: &'static [&'static str],
    unless: &'static [&'static str],
}

/// In the order of [`Event::ALL`]; in each English, Polish, Russian and German.
const TABLE: [Words; 7] = [
    Words {
        tell: &[
            r"\bstart(ed|s|ing|up)?\b|\blaunch(ed|ing)\b|\b(is |now )running\b|\brunning (on|at)\b|\b(is )?up\b",
            r"uruchom|uruchami|wystartowa|\bstart(uje|uj[eę])|\bserwer (działa|startuje)",
            r"запущ|запуск|включ[её]н|старт\w*|сервер работает|начал работу|начало работы",
            r"\bgestartet|\bstartet\b|\bwird gestartet|\bläuft\b",
        ],
        unless: &[],
    },
    Words {
        tell: &[
            r"\blisten(s|ing)?\b|\bwait(s|ing)? for\b.*(connect|client|user)|\baccepting (connections|clients)|\bready\b|\bbound to\b|\bserving on\b",
            r"nasłuch|nasluch|\boczek|\bczeka(m|nie)?\b|gotowy",
            r"слуша|прослуш|ожида|жд[её]т|жд[её]м|готов к|при[её]м (подключ|соединен)",
            r"\blausch|\bhört\b|\bhorcht|\bwarte[nt]?\b|\bbereit\b",
        ],
        unless: &[],
    },
    Words {
        tell: &[
            r"\b(re)?connected\b|\bconnection (from|with|established|accepted|opened|made|open)\b|\bconnection: ",
            r"\b(new|accepted|incoming|got|got a|another) (tcp )?(connection|client)\b|\bclient (joined|accepted|arrived|came)\b|\baccepted\b|\bhas joined\b|\bnew session\b",
            r"połącz(ono|on[ya]|ył|enie (z\b|od\b|przych|nawiąz|ustanow|przyję|klient))|polacz(ono|ony|yl)|nawiązan|(nowe|przychodzące) połączenie|przyjęto|nowy klient|podłącz(ono|ony|ył)|dołączył",
            r"подключ[её]н|подключил|подключени|подсоединил|присоединил|соединен[ои]?е? (с|от|установлен|принят|открыт)|соединение (с|от|установлен|принят|открыт)|соединил|нов(ое|ый) (соединение|клиент)|принято соединение|установлено",
            r"\bverbunden\b|verbindung (von|mit|zu|hergestellt|aufgebaut|angenommen|akzeptiert|steht)|(neue|eingehende) verbindung|neuer client|\bverbindet\b|angemeldet",
        ],
        // Of a connection that ends.
        unless: &[
            r"\bdisconnect|\bnot connected|\b(closed|closing|lost|terminated|ended|reset|finished|refused|failed|broken|error)\b|\bwait(s|ing)? for\b",
            r"rozłącz|zakończ|zamkn|przerwan|zerwan|oczek|czeka",
            r"отключ|отсоедин|разорва|закры|заверш|прерва|потер|разъедин|ожида|при[её]м (подключ|соединен)",
            r"getrennt|geschlossen|beendet|verloren|abgemeldet|wartet?\b|abgebrochen",
        ],
    },
    Words {
        tell: &[
            r"\b(received|recieved|receives|receiving|recv|recvd|recved|got)\b|\bread \d|\b(message|data|text|bytes|string) from\b|\b(client|user|server) (says?|sent|said|wrote)\b|\brx\b",
            r"odebra|odbieram|pobra(no|ł)|otrzyma|dostał|dostan|\bprzyszł|(wiadomość|dane|komunikat) od\b|klient (wysłał|napisał)",
            r"получ|принят[оаы]? (данн|сообщ|строк|байт|\d)|данные приняты|принял[аи]? |приш(ло|ли)|(сообщение|данные|строка) от\b|клиент (отправил|прислал|написал)",
            r"empfang|empfäng|\beingegangen|\berhalten\b|\bbekommen\b|nachricht von|daten von",
        ],
        unless: &[],
    },
    Words {
        tell: &[
            r"\b(sent|sends|sending|echoed|echoing|replied|replying|responded|answered)\b|\breturned\b|\bsend(:| \d)|\btx\b",
            r"wysła|wysyła|odesła|odsyła|odpowiedzia|przesła",
            r"отправ|отосла|отсыла|послан|послал|высла|переда(н|л|ю)|возвращ|ответил|ответ:",
            r"\b(zurück)?gesendet|\b(zurück)?geschickt|\bgesandt|\bsende(t)?\b|\bgeantwortet",
        ],
        // Of what the other side sent.
        unless: &[
            r"\b(client|user) (has )?sent\b|\bsent by\b",
            r"klient (wysłał|przesłał)",
            r"клиент (отправил|послал|передал)|отправленн\w+ клиентом|от отправителя",
        ],
    },
    Words {
        tell: &[
            r"\bdisconnect(ed|s|ing|ion)?\b|\b(connection|conn|socket|session|client|peer|server|user)\b.*\b(closed|lost|terminated|ended|finished|left|gone|quit)\b",
            r"\bclos(ed|es|ing) (the )?(connection|client|socket|conn)|\bleft\b|\bgoodbye\b|\bhung up\b",
            r"rozłącz|rozlacz|odłącz|(połącz|polacz|klient)\w*\b.*(zamkn|zakończ|zakoncz|przerwa|zerwa|wyszedł|opuścił)|(zamkn|zakończ|zakoncz|przerwa|zerwa)\w*\b.*(połącz|polacz|klient)|opuścił|koniec połączenia",
            r"отключ|отсоедин|разорва|разъедин|(соединени|клиент)\w*\b.*(закры|разорв|заверш|прерв|потер|уш[её]л|вышел)|(закры|разорв|заверш|прерв|потер)\w*\b.*(соединени|клиент)|покинул|обрыв",
            r"\bgetrennt|\btrennt\b|verbindung\w*\b.*(geschlossen|beendet|verloren|abgebrochen)|\b(schließe|beende)\w* (die )?verbindung|abgemeldet|verlassen\b|client\b.*\b(weg|beendet|gegangen)",
        ],
        unless: &[],
    },
    Words {
        tell: &[
            r"\bstop(s|ped|ping)?\b|\bshut(ting|s)?[ -]?down\b|\bserver\b.*\b(closed|ended|terminated|finished|exit(ed|ing)?|off|down)\b|\b(closing|ending|terminating) (the )?server|\bexit(ing|ed)?\b|\b(good)?bye\b|\bterminated\b|\binterrupted\b|\bquit(ting)?\b|\bhalt(ed|ing)\b",
            r"zatrzym|zakończ|kończy|zakoncz|wyłącz|wylacz|zamyka|zamknię|\bstop\b|koniec pracy|do widzenia",
            r"останов|заверш|законч|выключ|прекра|прерва|закры|стоп\b|конец работы",
            r"\bgestoppt|\bstoppt\b|\bbeendet|\bwird beendet|heruntergefahren|fährt herunter|angehalten|geschlossen",
        ],
        unless: &[],
    },
];

/// How a program's lines tell its events.
#[derive(Clone, Debug)]
pub(crate) struct EventWords {
    /// In the order of [`Event::ALL`].
    patterns: Vec<Pattern>,
    is_set: bool,
}

#[derive(Clone, Debug)]
struct Pattern {
    tells: Regex,
    unless: Option<Regex>,
    /// Whose words it has: the table's are sought in `client_connected` too.
    of: Whose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Table,
    Person,
}

impl Pattern {
    /// The line as its words are sought in it.
    fn reads<'a>(&self, line: &'a str) -> Cow<'a, str> {
        if self.of == Whose::Table && line.contains('_') { line.replace('_', " ").into() } else { line.into() }
    }
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
        let compiled = |words: &[&str]| {
            Regex::new(&format!("(?i){}", words.join("|"))).expect("the table is sound, as its test shows")
        };
        let patterns = TABLE.iter().map(|row| Pattern {
            tells: compiled(row.tell),
            unless: (!row.unless.is_empty()).then(|| compiled(row.unless)),
            of: Whose::Table,
        });
        Self { patterns: patterns.collect(), is_set: false }
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
        self.patterns[event as usize] = Pattern { tells: compiled, unless: None, of: Whose::Person };
        self.is_set = true;
        Ok(())
    }

    /// Whether somebody said what its words are.
    pub(crate) fn is_set(&self) -> bool {
        self.is_set
    }

    /// Whether a line tells this.
    pub(crate) fn tells(&self, event: Event, line: &str) -> bool {
        let pattern = &self.patterns[event as usize];
        let line = pattern.reads(line);
        pattern.tells.is_match(&line) && !pattern.unless.as_ref().is_some_and(|unless| unless.is_match(&line))
    }

    /// How often it tells this: more than once where two lines have become one.
    pub(crate) fn count(&self, event: Event, line: &str) -> usize {
        let pattern = &self.patterns[event as usize];
        if self.tells(event, line) { pattern.tells.find_iter(&pattern.reads(line)).count() } else { 0 }
    }
}

/// Texts that a program wrote in different places, whose order is known within each of them only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Vec<Vec<String>>);

impl Told {
    /// Colours are for people. Of a flood the beginning and the end say enough.
    pub(crate) fn read(&mut self, text: &str) {
        let bare = COLOURS.replace_all(text, "");
        let mut lines: Vec<&str> = bare.lines().collect();
        if lines.len() > 2 * MOST_LINES {
            lines.drain(MOST_LINES..lines.len() - MOST_LINES);
        }
        self.0.push(lines.into_iter().map(ToOwned::to_owned).collect());
    }

    /// The text and the line that is the first to tell this.
    pub(crate) fn first(&self, words: &EventWords, event: Event) -> Option<(usize, usize)> {
        self.0
            .iter()
            .enumerate()
            .find_map(|(text, lines)| lines.iter().position(|line| words.tells(event, line)).map(|line| (text, line)))
    }

    /// Everything, one place after the other.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().map(String::as_str)
    }

    /// All lines that tell this.
    pub(crate) fn all(&self, words: &EventWords, event: Event) -> Vec<&str> {
        self.lines().filter(|line| words.tells(event, line)).collect()
    }
}

static COLOURS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]").expect("it is sound, as its test shows"));
const MOST_LINES: usize = 150;

#[cfg(test)]
mod tests {
    use super::*;

    /// What each of these lines tells, of what happens to a server or a client.
    const LINES: &[(Event, &[&str])] = &[
        (
            Event::Start,
            &[
                "Server started",
                "Starting server on 127.0.0.1:5555",
                "The server is running",
                "Serwer uruchomiony",
                "Serwer wystartował na porcie 5555",
                "Uruchamiam serwer",
                "Сервер запущен",
                "Запуск сервера",
                "Старт сервера",
                "Server gestartet",
                "Der Server läuft auf Port 8181",
                "2026-11-28T08:10:13.054Z echo started",
                "Echo server launched",
                "Сервер включён",
                "{\"event\": \"server_started\"}",
            ],
        ),
        (
            Event::Listen,
            &[
                "Listening on port 5555",
                "Waiting for connections...",
                "Serwer nasłuchuje na 127.0.0.1:5555",
                "Oczekiwanie na połączenie...",
                "Czekam na klienta",
                "Начало прослушивания порта 9090",
                "Сервер слушает порт 9090",
                "Ожидание подключения",
                "Server lauscht auf Port 8181",
                "Warte auf Verbindungen",
                "Warten auf Clients",
                "accepting connections on 127.0.0.1:5555",
                "Приём подключений открыт на порту 5555",
                "2026-11-28T08:10:13.054Z echo listening on 127.0.0.1:5555",
            ],
        ),
        (
            Event::Connect,
            &[
                "Connected by ('127.0.0.1', 54321)",
                "Connection from ('127.0.0.1', 54321)",
                "New client: 127.0.0.1:54321",
                "Accepted connection from 127.0.0.1",
                "[+] ('127.0.0.1', 54321) connected",
                "Połączono z ('127.0.0.1', 54321)",
                "Klient połączony: 127.0.0.1:54321",
                "Połączył się klient",
                "Nowe połączenie: 127.0.0.1",
                "Nawiązano połączenie z serwerem",
                "Подключение клиента ('127.0.0.1', 54321)",
                "Клиент подключился: 127.0.0.1",
                "Подключен клиент 127.0.0.1:54321",
                "Соединение с сервером установлено",
                "Установлено соединение с 127.0.0.1",
                "Client verbunden: 127.0.0.1",
                "Neue Verbindung von 127.0.0.1",
                "Mit Server verbunden",
                "2026-11-28T08:10:14.052Z echo #1 connected from 127.0.0.1:37514",
                "connected to 127.0.0.1:5555",
                "new session: 127.0.0.1:40000",
                "{\"event\": \"client_connected\"}",
            ],
        ),
        (
            Event::Recv,
            &[
                "Received: b'hello'",
                "Data received from client: 5 bytes",
                "Message from ('127.0.0.1', 54321): hello",
                "Client sent: hello",
                "Odebrano: hello",
                "Otrzymano wiadomość od klienta: hello",
                "Получены данные от клиента: hello",
                "Принято 5 байт",
                "Прием данных: получено 5",
                "Daten empfangen: hello",
                "Nachricht erhalten: hello",
                "2026-11-28T08:10:14.053Z echo #1 received 5 bytes",
                "RX 8 bytes",
                "Pobrano od 127.0.0.1: hello",
                "8 Bytes eingegangen",
            ],
        ),
        (
            Event::Send,
            &[
                "Sent 5 bytes",
                "Data sent to client",
                "Sending back: hello",
                "Echoed 5 bytes",
                "Wysłano: hello",
                "Odesłano 5 bajtów",
                "Отправка данных клиенту: HELLO",
                "Данные отправлены клиенту",
                "Отправлено 5 байт",
                "Daten gesendet: hello",
                "Antwort zurückgeschickt",
                "2026-11-28T08:10:14.053Z echo #1 sent 5 bytes",
            ],
        ),
        (
            Event::Disconnect,
            &[
                "Client disconnected",
                "Connection from ('127.0.0.1', 54321) closed",
                "Connection closed",
                "Closing connection with 127.0.0.1",
                "[-] ('127.0.0.1', 54321) left",
                "Klient rozłączony",
                "Rozłączono z 127.0.0.1",
                "Połączenie z 127.0.0.1 zostało zamknięte",
                "Zakończono połączenie",
                "Клиент отключился",
                "Отключение клиента ('127.0.0.1', 54321)",
                "Соединение с клиентом закрыто",
                "Разрыв: соединение с сервером разорвано",
                "Client getrennt",
                "Verbindung geschlossen",
                "2026-11-28T08:10:14.653Z echo #1 disconnected (peer closed, 5 bytes in, 5 bytes out, 600.7 ms)",
            ],
        ),
        (
            Event::Stop,
            &[
                "Server stopped",
                "Shutting down",
                "Stopping the server...",
                "Serwer zatrzymany",
                "Zamykanie serwera",
                "Kończenie pracy: serwer zakończył działanie",
                "Остановка сервера",
                "Сервер остановлен",
                "Сервер завершил работу",
                "Server beendet",
                "Der Server wird gestoppt",
                "2026-11-28T08:10:15.458Z echo stopped (2 connections, 6 bytes in, 6 bytes out, 2.4 s)",
            ],
        ),
    ];

    #[test]
    fn events_are_told_in_four_languages() {
        let words = EventWords::default();
        let all = LINES.iter().flat_map(|(event, lines)| lines.iter().map(move |line| (*event, *line)));
        let missed: Vec<_> = all.filter(|(event, line)| !words.tells(*event, line)).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn one_event_of_a_conversation_is_not_taken_for_another() {
        let words = EventWords::default();
        let [connect, recv, send, disconnect] = [Event::Connect, Event::Recv, Event::Send, Event::Disconnect];
        let mut mistaken = Vec::new();
        let table: [(Event, &[Event]); 6] = [
            (Event::Start, &[recv, send, disconnect]),
            (Event::Listen, &[connect, recv, send, disconnect]),
            (connect, &[recv, send, disconnect]),
            (recv, &[connect, send, disconnect]),
            (send, &[connect, recv, disconnect]),
            (disconnect, &[connect, recv, send]),
        ];
        for (event, others) in table {
            let (_, lines) = LINES.iter().find(|(about, _)| *about == event).unwrap();
            for (line, other) in lines.iter().flat_map(|line| others.iter().map(move |other| (line, other))) {
                // What ours tells at the end of a connection is all in one line.
                let is_ours = line.contains("bytes in,");
                let is_mistaken = !is_ours && words.tells(*other, line);
                mistaken.extend(is_mistaken.then(|| format!("{} as {}: {line}", event.name(), other.name())));
            }
        }
        assert!(mistaken.is_empty(), "{mistaken:#?}");
    }

    #[test]
    fn words_of_a_program_take_the_place_of_those_we_know() {
        let mut words = EventWords::default();
        assert!(!words.is_set());
        words.set("recv=^<- ").unwrap();
        assert!(words.is_set() && words.tells(Event::Recv, "<- hello") && !words.tells(Event::Recv, "Received: hello"));
        assert!(words.set("hello").unwrap_err().to_string().contains("start, listen"));
        assert!(words.set("read=x").unwrap_err().to_string().contains("EVENT=REGEX"));
        assert!(words.set("recv=(").unwrap_err().to_string().contains("no regular expression"));
    }

    #[test]
    fn what_was_told_is_found_in_its_order_and_place() {
        let words = EventWords::default();
        let mut told = Told::default();
        told.read("Connected to 127.0.0.1\nSent 5 bytes\n");
        told.read("Disconnected\n");
        let places = [Event::Connect, Event::Send, Event::Disconnect].map(|event| told.first(&words, event));
        assert_eq!(places, [Some((0, 0)), Some((0, 1)), Some((1, 0))]);
        assert_eq!(told.all(&words, Event::Send), ["Sent 5 bytes"]);
        told.read("\u{1b}[32mconnected\u{1b}[0m\n");
        assert!(told.all(&words, Event::Connect).contains(&"connected"));
        assert_eq!(words.count(Event::Connect, "Connected: 1 Connected: 2"), 2);
    }
}
