//! Reading: which ports a scanner calls open, out of whatever it prints, in English, Polish, Russian or German. Pure.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::check::document::Prompted;
use crate::check::prompts::without_prompts;

/// Ports from `first` to `last` that are called open, in the order and as often as they are.
pub(super) fn called_open(output: &str, prompts: &[Prompted], (first, last): (u16, u16)) -> Vec<u16> {
    let text = without_prompts(&CONTROLS.replace_all(output, ""), prompts).to_lowercase().replace('\r', "\n");
    let text = without_range(&text, (first, last));
    let mut reader = Reader { range: first..=last, ..Reader::default() };
    text.lines().for_each(|line| reader.line(line));
    [reader.said, reader.listed, reader.bare].into_iter().find(|ports| !ports.is_empty()).unwrap_or_default()
}

/// What of it says that there is something wrong with what was typed. That a host is not found is no result.
pub(super) fn complains(said: &str) -> bool {
    said.to_lowercase().lines().any(|line| match HOSTS.is_match(line) && !PORTS.is_match(line) {
        true => COMPLAINTS.is_match(line),
        false => COMPLAINTS.is_match(&FINDS_NOTHING.replace_all(line, " ")),
    })
}

/// Without the ends of the range where they stand together, as whoever tells what it asks writes them.
fn without_range(text: &str, (first, last): (u16, u16)) -> String {
    let dashed = format!(r"\b{first}\s*(?:-+|–|—|\.\.+|to|do|до|по|bis|and|und|i|и)\s*{last}\b");
    let told = format!(r"(\b{first}\b)([^\d\n]{{1,24}})(\b{last}\b)([\])]?[ \t]*)");
    let (Ok(dashed), Ok(told)) = (Regex::new(&dashed), Regex::new(&told)) else { return text.to_owned() };
    let text = dashed.replace_all(text, " ");
    let words = told.replace_all(&text, |found: &Captures<'_>| {
        let behind = &text[found.get(0).map_or(0, |whole| whole.end())..];
        // `[1, 9] has` is no list of what was found.
        let is_told = found[2].chars().any(|c| !", \t".contains(c))
            || found[4].starts_with([']', ')']) && behind.starts_with(char::is_alphabetic);
        let is_result = says(&found[2].replace("up to", "to")) != Says::Nothing || STATED.is_match(&found[2]);
        if is_told && !is_result { " ".to_owned() } else { found[0].to_owned() }
    });
    words.into_owned()
}

/// Reads line by line, and keeps apart how sure it is.
struct Reader {
    range: std::ops::RangeInclusive<u16>,
    /// Below words that something is open, and numbers follow.
    below: bool,
    /// Called open in so many words.
    said: Vec<u16>,
    /// In a list under such words.
    listed: Vec<u16>,
    /// Just printed.
    bare: Vec<u16>,
}

impl Default for Reader {
    fn default() -> Self {
        Self { range: 0..=0, below: false, said: Vec::new(), listed: Vec::new(), bare: Vec::new() }
    }
}

/// What a piece of text says of its numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Open,
    Closed,
    Both,
    Nothing,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let line = NO_PORTS.replace_all(line, " ");
        let (says, ports) = (says(&line), self.ports(&line));
        match says {
            Says::Open | Says::Closed if ports.is_empty() => self.below = says == Says::Open,
            Says::Open => self.said.extend(ports),
            Says::Both => self.pieces(&line),
            Says::Closed => {}
            Says::Nothing if self.stated(&line) => {}
            Says::Nothing if self.below && !line.chars().any(char::is_alphabetic) => self.said.extend(ports),
            Says::Nothing if UNDER_WAY.is_match(&line) => {}
            Says::Nothing if self.below => self.listed.extend(ports),
            Says::Nothing => self.bare.extend(ports),
        }
    }

    /// A line that says one thing of some and another of others. A piece without words goes with the one before it.
    fn pieces(&mut self, line: &str) {
        if let [piece] = self.apart(line)[..] {
            // One port has the whole line to itself.
            if decided(piece) == Says::Open {
                self.said.extend(self.ports(piece));
            }
            return;
        }
        let mut last = Says::Nothing;
        for piece in line.split([';', '|', ',']) {
            let apart = if says(piece) == Says::Both { self.apart(piece) } else { Vec::new() };
            for piece in if apart.is_empty() { vec![piece] } else { apart } {
                match says(piece) {
                    Says::Nothing => {}
                    Says::Both if piece.starts_with(|c: char| c.is_ascii_digit()) => last = decided(piece),
                    now => last = now,
                }
                if last == Says::Open {
                    self.said.extend(self.ports(piece));
                }
            }
        }
    }

    /// Takes what a line says behind each port in words that mean it only there, such as `80 True`. Whether there were any.
    fn stated(&mut self, line: &str) -> bool {
        let apart = self.apart(line);
        let found: Vec<_> =
            apart.iter().filter_map(|piece| Some((STATED.captures(piece)?, self.ports(piece)))).collect();
        for (said, ports) in &found {
            if said.name("no").is_none() {
                self.said.extend(ports);
            }
        }
        !found.is_empty()
    }

    /// Each port with what stands behind it; nothing where words stand before the first.
    fn apart<'a>(&self, line: &'a str) -> Vec<&'a str> {
        let numbers = NUMBERS.find_iter(line).filter(|number| !self.ports(number.as_str()).is_empty());
        let starts: Vec<usize> = numbers.map(|number| number.start()).collect();
        if starts.first().is_some_and(|start| says(&line[..*start]) != Says::Nothing) {
            return Vec::new();
        }
        let ends = starts.iter().skip(1).copied().chain([line.len()]);
        starts.iter().zip(ends).map(|(start, end)| &line[*start..end]).collect()
    }

    fn ports(&self, text: &str) -> Vec<u16> {
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
        numbers.filter(|port| self.range.contains(port)).collect()
    }
}

fn says(text: &str) -> Says {
    let without = CLOSED.replace_all(text, " ");
    match (OPEN.is_match(&without), without.len() != text.len()) {
        (true, false) => Says::Open,
        (false, true) => Says::Closed,
        (true, true) => Says::Both,
        (false, false) => Says::Nothing,
    }
}

/// What the first word behind a port says of it.
fn decided(text: &str) -> Says {
    let begins = |words: &Regex| words.find(text).map_or(usize::MAX, |found| found.start());
    if begins(&OPEN) < begins(&CLOSED) { Says::Open } else { Says::Closed }
}

static OPEN: LazyLock<Regex> = LazyLock::new(|| {
    words(&[
        r"\bopen|\bavailable|\blisten|\bsuccess|\bconnected|\breachable|\bup\b|\bactive\b",
        r"otwart|dostępn|nasłuch|połączono|udało się|działa|aktywn",
        r"открыт|доступ|слуша|успеш|подключен|удалось|работает|актив",
        r"\boffen|erreichbar|verbunden|aktiv",
        r"\[\+\]|✓|✔|✅",
    ])
});

static CLOSED: LazyLock<Regex> = LazyLock::new(|| {
    words(&[
        NOT_OPEN,
        r"clos\w*|refus\w*|\bfilter\w*|timed? ?-?out|unavailable|unreachable|inactive|\bfail\w*|\berror\w*",
        r"zamkni\w*|odrzuc\w*|filtrowan\w*|niedostępn\w*|nieaktywn\w*|nieudan\w*|błąd|nieotwart\w*",
        r"закрыт\w*|отклон\w*|отказ\w*|фильтр\w*|таймаут|недоступ\w*|неактив\w*|ошибк\w*|неудач\w*",
        r"geschlossen\w*|abgelehnt|gefiltert|zeitüberschreitung|inaktiv|fehler\w*|fehlgeschlagen",
        r"\[-\]|✗|✘|❌",
    ])
});

/// `not open`, `no open ports`.
const NOT_OPEN: &str = r"(?:\bnot|n't|\bno|\bnie|\bbrak|\bżadn\w*|\bне|\bнет|\bни один|\bnicht|\bkein\w*)\s+(?:\w+\s+){0,2}(?:open|available|reachable|connect|listen|otwart|dostępn|połącz|udało|działa|открыт|доступ|подключ|удалось|offen|erreichbar|verbunden)\w*";

/// A port, and a word that says whether it is open where it stands right behind.
static STATED: LazyLock<Regex> = LazyLock::new(|| {
    words(&[
        r"^(?:\d+(?:/\w+)?)?\W*(?:(?:is|jest|ist)\W+)?(?:(?P<no>(?:antwortet nicht|nie odpowiada|не отвечает|не занят|not in use|nicht belegt|unbelegt|свобод\w*|woln[yae]|frei|free)\b|(?:false|no|nie|нет|nein)\W*$)|(?:(?:занят|zajęt|belegt|in use|antwortet|odpowiada|отвечает)\w*|(?:true|yes|tak|да|ja)\W*$))",
    ])
});

/// Words of who is under way, and has found nothing yet.
static UNDER_WAY: LazyLock<Regex> = LazyLock::new(|| {
    words(&[
        r"scan|check|\btest|prob|try|connecting|range|progress|\bports? \d+ (to|through)|^\s*[\[(]?\d+\s*/\s*\d+\b",
        r"skan|sprawdz|zakres|postęp|próba|testow",
        r"скан|провер|диапазон|прогресс|попытк|тестир",
        r"prüf|bereich|fortschritt|versuch",
    ])
});

/// A result, and no complaint.
static FINDS_NOTHING: LazyLock<Regex> = LazyLock::new(|| {
    words(&[
        NOT_OPEN,
        r"(?:not|nie|не|nicht) (?:found|znaleziono|найден\w*|обнаружен\w*|gefunden)",
        r"(?:found|найдено) (?:no|none)",
    ])
});

/// Whom it was told to look at, and what is behind a host.
static HOSTS: LazyLock<Regex> = LazyLock::new(|| {
    words(&[r"\bhost|rechner|komputer|хост|узел|\bадрес|\badres|\baddress|serwer|\bserver|сервер|domain|domen|\bdns\b"])
});
static PORTS: LazyLock<Regex> = LazyLock::new(|| words(&[r"\bport|\bпорт"]));

static NUMBERS: LazyLock<Regex> = LazyLock::new(|| words(&[r"\d+"]));

static COMPLAINTS: LazyLock<Regex> = LazyLock::new(|| {
    words(&[
        r"invalid|error|wrong|incorrect|\bbad\b|must|should|cannot|can't|could ?n[o']t|not |unknown|resol|expected|between|less|greater|larger|smaller|higher|lower|exceed|usage|swap|try again|illegal|out of range|fail",
        r"\bonly (?:port|number|digit|integer|from\b)|\bvalid|\ballowed|no such|please (?:enter|give|use|type|specify|provide|check|choose)|\bport[^\d\n]*, please",
        r"host (?:is )?unreachable|proszę (?:poda|wpis|wprow)|brak takie|podaj dwie|хост недоступ|нужн|erlaubt|bitte nur|bitte [^:?]*eingeben[.!]",
        // The range that there is.
        r"\b[01]\b[^\d\n]{1,20}\b65535\b",
        r"błąd|błęd|niepopraw|nieprawid|niewłaśc|złe|zły|zła|musi|powin|nie |mniejsz|większ|nieznan|ponownie",
        r"ошибк|неверн|некоррект|неправильн|недопуст|долж|нельзя|не |меньше|больше|неизвестн|повторит",
        r"fehler|ungültig|falsch|muss|nicht |kein|kleiner|größer|unbekannt|erneut",
    ])
});

/// Addresses, times, and parts of something: numbers that are no ports.
static NO_PORTS: LazyLock<Regex> = LazyLock::new(|| {
    words(&[
        r"\b\d{1,3}(?:\.\d{1,3}){3}\b",
        r"\b\d+\.\d+\b",
        r"\b\d+\s*%",
        r"\b\d{1,2}:\d{2}:\d{2}\b",
        r"\b\d+\s+(?:open|closed|otwart\w+|zamkni\w+|открыт\w+|закрыт\w+|offene\w*|geschlossene\w*)\s+(?:port|порт)",
        r"\b\d+\s+(?:ports|port[óy]w?|порт(?:ов|а))\b",
        r"\b\d+\s*(?:s|ms|sec\w*|sek\w*|с|сек\w*)\b",
    ])
});

/// Colours, and what moves the cursor.
static CONTROLS: LazyLock<Regex> = LazyLock::new(|| words(&[r"\x1b\[[0-9;?]*[ -/]*[@-~]", r"\x1b[^\[]"]));

fn words(rows: &[&str]) -> Regex {
    Regex::new(&rows.join("|")).expect("the tables are sound, as their test shows")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(output: &str) -> Vec<u16> {
        called_open(output, &[], (20100, 20200))
    }

    #[test]
    fn open_ports_are_read_in_many_ways_of_saying_it() {
        for output in [
            "Port 20123 is open\nPort 20140 is open\n",
            "20123/tcp open  unknown\n20140/tcp open  http\n",
            "Open ports: 20123, 20140\n",
            "Open ports: [20123, 20140]\nScanned 101 ports in 0.53 s\n",
            "Scanning 127.0.0.1 20100-20200 for open ports...\nOpen ports:\n  20123\n  20140\n",
            "Scanning ports 20100 to 20200\nPort 20123: OPEN\nPort 20140: OPEN\nDone.\n",
            "Port 20122: closed\nPort 20123: open\nPort 20139: closed\nPort 20140: open\n",
            "20122 closed, 20123 open, 20139 closed, 20140 open\n",
            "{\"open\": [20123, 20140], \"closed\": [20124, 20125]}\n",
            "{20122: 'closed', 20123: 'open', 20140: 'open', 20141: 'filtered'}\n",
            "closed: 20100; open: 20123, 20140\n",
            "Порт 20123 открыт\nПорт 20140 открыт\nСканирование завершено\n",
            "Открытые порты: 20123 20140\n",
            "Сканирование портов с 20100 по 20200\n[+] 20123\n[+] 20140\n[-] 20141\n",
            "Порт 20122 не открыт\nПорт 20123 доступен\nПорт 20140 доступен\nПорт 20141 недоступен\n",
            "Port 20123 jest otwarty\nPort 20140 jest otwarty\nPort 20141 jest zamknięty\n",
            "Otwarte porty (2 z 101):\n20123\n20140\n",
            "Port 20123 ist offen\nPort 20140 ist offen\nPort 20141 ist nicht offen\n",
            "Offene Ports:\n- 20123 (tcp)\n- 20140 (tcp)\n",
            "20123\n20140\n",
            "[20123, 20140]\n",
            "Scanning port 20122\rScanning port 20123\r20123\nScanning port 20139\r20140\n",
            "\x1b[32m20123\x1b[0m open\n\x1b[32m20140\x1b[0m open\n",
            "Looking for open ports on h from port 20100 up to port 20200...\n[+] 20123/tcp open\n[+] 20140/tcp open\n",
            "W przedziale [20100, 20200] znaleziono 2 otwartych portów:\n20123, 20140\n",
            "porty 20100 -> 20200 | aktywne wątki: 50\n\r7/101 (port 20106)\r8/101 (port 20107)\nLista otwartych portów:\n\t20123\tusługa\n\t20140\tusługa\n101 portów od 20100 aż do 20200, 2 otwarte.\n",
            "{\"host\": \"h\", \"first\": 20100, \"last\": 20200, \"open\": [20123, 20140]}\n",
            " 20100 False\n 20123 True\n 20124 False\n 20140 True\n",
            "{20100: False, 20123: True, 20124: False, 20140: True}\n",
            "20100 - нет\n20123 - да\n20140 - да\n20141 - нет\n",
            "20123: занят\n20124: свободен\n20140: занят\n",
            "Port 20123: antwortet\nPort 20124: antwortet nicht\nPort 20140: antwortet\n",
            "20123 otwarty      20124 zamknięty    20139 zamknięty    20140 otwarty\n20141 zamknięty\n",
            "20123/tcp open   banner failed: timed out\n20139/tcp closed   not open\n20140/tcp open   'ready'\n",
            "| 20123 | open | error: no banner |\n| 20140 | open | ready |\n| 20141 | refused | open it |\n",
            "Open ports:\n20123 no banner\n20140 http\n",
            "127.0.0.1:20123 - connected\n127.0.0.1:20140 - connected\n127.0.0.1:20141 - Connection refused\n",
        ] {
            assert_eq!(open(output), [20123, 20140], "{output}");
        }
    }

    #[test]
    fn what_is_not_called_open_is_not_read_as_open() {
        for output in [
            "",
            "No open ports found in 20100-20200\n",
            "Port 20123 is closed\nPort 20140: filtered\n",
            "Scanning 20100-20200...\n45%\nDone\n",
            "Checking port 20123\nChecking port 20124\n",
            "Порт 20123 закрыт\nНет открытых портов\n",
            "Port 20123 jest zamknięty\nBrak otwartych portów\n",
            "Keine offenen Ports von 20100 bis 20200\n",
            "connection to 20123 refused\n",
            "20123 False\n20140: nie\n20141 не отвечает\n",
            "[+] done [-] 20123 closed\n",
        ] {
            assert_eq!(open(output), [0u16; 0], "{output}");
        }
    }

    #[test]
    fn both_ends_of_the_range_can_be_open() {
        assert_eq!(open("Range 20100-20200\nopen: 20100, 20150, 20200\n"), [20100, 20150, 20200]);
        for output in [
            "open: 20100, 20200\n",
            "open: [20100, 20200]\n",
            "20100 open\n20200 open\n",
            "20100 open, 20200 open\n",
            "20100: True, 20200: True\n",
        ] {
            assert_eq!(open(output), [20100, 20200], "{output}");
        }
    }

    #[test]
    fn questions_are_no_part_of_what_was_found() {
        let asked = |prompt: &str| Prompted { prompt: prompt.to_owned(), answer: String::new() };
        let prompts = [asked("Port from 20100: "), asked("to: "), asked("")];
        assert_eq!(called_open("Port from 20100: to: 20123\n20140\n", &prompts, (20100, 20200)), [20123, 20140]);
    }

    #[test]
    fn the_small_numbers_of_counts_and_times_are_no_ports() {
        let output = "Found 3 open ports of 1024 ports in 12.5 s (100 %):\n22 ssh\n80 http\n443 https\n";
        assert_eq!(called_open(output, &[], (1, 1024)), [22, 80, 443]);
    }

    #[test]
    fn a_complaint_is_told_from_a_result() {
        for said in [
            "Invalid range",
            "Ошибка: порт",
            "Niepoprawny port",
            "ungültig",
            "start must be less than end",
            "Host not found",
            "Rechner nicht gefunden.",
            "Хост не найден",
            "Only ports 1 to 65535, first one first",
            "Ports are numbers, please",
            "Proszę podać zakres w postaci 1-1024, porty od 1 do 65535.",
            "Erlaubt sind Ports 1 bis 65535, aufsteigend.",
            "Brak takiego hosta: x",
            "Нужно число от 1 до 65535",
            "Bitte eine Zahl eingeben!",
        ] {
            assert!(complains(said), "{said}");
        }
        for said in [
            "",
            "No open ports found",
            "Открытых портов не найдено",
            "Open ports: []",
            "Scanning 100-50\nDone",
            "65530 closed\n65535 closed",
            "Otwarte porty: brak",
            "not found any open ports on this host",
            "Please wait",
            "Only 0 open",
        ] {
            assert!(!complains(said), "{said}");
        }
    }
}
