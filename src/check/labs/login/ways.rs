//! Ways: how accounts are made and used on servers whose words are their own, and which of them a server understands.

use std::sync::LazyLock;

use regex::Regex;

use super::desk::{Desk, Person};
use crate::check::dialogue::{Answer, Dialogue, Exchange, NAME_ASKED, PASSWORD_ASKED, Pattern, REFUSED, WELCOME, YES};
use crate::check::document::Transport;
use crate::check::fault::{Fault, Miss};
use crate::check::say;
use crate::check::stage::Stage;

/// How this server speaks; found out once for all cases. Afterwards the stage is as if nobody had been there.
pub(super) fn known(stage: &mut Stage) -> Result<Dialogue, Miss> {
    let said = stage.setting.dialogue.as_ref().or_else(|| stage.setting.spoken.get());
    if let Some(dialogue) = said {
        let missing = "how to log in is not known; tell it in [login] of --dialogue FILE";
        return if dialogue.login.is_some() { Ok(dialogue.clone()) } else { Err(Miss::skip(missing)) };
    }
    let found = recognise(stage);
    let known = match &found {
        Ok(dialogue) => Some(dialogue.clone()),
        // The next one does not try again.
        Err(Miss::Skip(_)) => Some(Dialogue::default()),
        Err(_) => None,
    };
    if let Some(known) = known {
        // Whoever came first was right.
        let _ = stage.setting.spoken.set(known);
    }
    stage.afresh();
    found
}

/// Tries the ways that it may understand, the likeliest first.
pub(crate) fn recognise(stage: &mut Stage) -> Result<Dialogue, Miss> {
    let mut first = Desk::open(stage, 0, "")?;
    let greeting = first.hear();
    drop(first);
    let mut search = Search { heard: greeting.trim().to_owned(), line_end: String::new() };
    let mut deaf = 0;
    let mut believed = None;
    for way in ways(&greeting) {
        match search.try_way(stage, way)? {
            Found::Understood(dialogue) => return Ok(*dialogue),
            Found::Believed(dialogue) => believed = believed.or(Some(dialogue)),
            Found::Misunderstood => {}
            Found::Unheard => deaf += 1,
        }
        if search.heard.is_empty() && deaf == ENOUGH {
            break;
        }
    }
    match believed {
        // It has asked for all that it should, so its fault is its own.
        Some(dialogue) => Ok(*dialogue),
        None if search.heard.is_empty() => {
            let did = "connected, said REGISTER with a name and a password, and a name alone";
            Err(Fault::new(Transport::Timeout, "an answer of any kind", "not a word").did(did).into())
        }
        None => Err(Miss::skip(format!(
            "it says \"{}\", and we do not understand how to register and log in; tell it by --dialogue FILE",
            say::escaped(if greeting.trim().is_empty() { &search.heard } else { greeting.trim() }.as_bytes())
        ))),
    }
}

/// What has been found out so far.
struct Search {
    /// Something that it said.
    heard: String,
    line_end: String,
}

enum Found {
    /// Somebody registered, and came in.
    Understood(Box<Dialogue>),
    /// Somebody registered, and did not come in.
    Believed(Box<Dialogue>),
    Misunderstood,
    /// It did not say anything.
    Unheard,
}

impl Search {
    fn try_way(&mut self, stage: &mut Stage, mut way: Dialogue) -> Result<Found, Miss> {
        if way.line_end.is_empty() {
            way.line_end.clone_from(&self.line_end);
        }
        let person = Person::new(stage);
        let registered = Desk::register(stage, &way, &person)?;
        self.line_end = registered.talk.line_end().to_owned();
        if self.line_end != way.line_end {
            way.line_end.clone_from(&self.line_end);
        }
        if !registered.spoke_for_itself() {
            return Ok(Found::Unheard);
        }
        registered.last_words().trim().clone_into(&mut self.heard);
        if !matches!(registered.answer, Answer::Accepted(_) | Answer::Other(_)) {
            return Ok(Found::Misunderstood);
        }
        let asked = registered.was_asked_for_a_password(&person);
        let accepted = registered.is_in().then(|| plain(registered.last_words(), &person));
        drop(registered);
        let entered = Desk::log_in(stage, &way, &person)?;
        match &entered.answer {
            Answer::Accepted(_) => Ok(Found::Understood(Box::new(way))),
            Answer::Other(right) => {
                let right = plain(right, &person);
                drop(entered);
                Self::by_difference(stage, way, &person, &right)
            }
            _ => {
                let Some(yes) = accepted else { return Ok(Found::Misunderstood) };
                drop(entered);
                // To what means nothing it says something else, so it has understood.
                let understood = asked || Self::nonsense(stage, &way, &person)?.is_some_and(|no| no != yes);
                Ok(if understood { Found::Believed(Box::new(way)) } else { Found::Misunderstood })
            }
        }
    }

    /// What it says to a command that nobody has.
    fn nonsense(stage: &mut Stage, way: &Dialogue, person: &Person) -> Result<Option<String>, Miss> {
        let command = way.register.as_ref().and_then(|register| register.steps.first()?.send.as_deref());
        let Some(gap) = command.and_then(|command| command.split_once("{name}")?.1.split_once("{password}")) else {
            return Ok(None);
        };
        let nonsense = Dialogue { line_end: way.line_end.clone(), ..commands(NONSENSE, NONSENSE, gap.0) };
        let tried = Desk::register(stage, &nonsense, person)?;
        Ok(Some(plain(tried.last_words(), person)))
    }

    /// Whoever answers a wrong password otherwise than the right one has told what yes and no are.
    fn by_difference(stage: &mut Stage, mut way: Dialogue, person: &Person, right: &str) -> Result<Found, Miss> {
        let stranger = Person { password: Person::new(stage).password, ..person.clone() };
        let tried = Desk::log_in(stage, &way, &stranger)?;
        let wrong = plain(tried.last_words(), &stranger);
        if wrong == right {
            return Ok(Found::Misunderstood);
        }
        let login = way.login.get_or_insert_default();
        login.accepted = Some(literal(right));
        login.refused = (!wrong.is_empty()).then(|| literal(&wrong));
        Ok(Found::Understood(Box::new(way)))
    }
}

/// What is left of an answer without what is another for everybody.
pub(super) fn plain(text: &str, person: &Person) -> String {
    let text = text.replace(&person.name, "").replace(&person.password, "");
    static OWN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[\w+/=.-]{16,}|[\d:.TZ+-]*\d[\d:.TZ+-]*").expect("it is sound, as a test shows"));
    OWN.replace_all(&text, "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A pattern of these words, whatever stands between them.
fn literal(words: &str) -> Pattern {
    let words: Vec<String> =
        words.split(' ').filter(|word| word.chars().any(char::is_alphabetic)).map(regex::escape).collect();
    Pattern::known(&words.join(".*?"))
}

/// What may be understood by a server that says this to whoever comes.
fn ways(greeting: &str) -> Vec<Dialogue> {
    if greeting.contains("RESUME TOKEN") {
        return vec![ours()];
    }
    let told = told(greeting);
    let asks = Pattern::known(NAME_ASKED).fits(greeting) || Pattern::known(PASSWORD_ASKED).fits(greeting);
    let usual = [commands("REGISTER", "LOGIN", " "), unprompted(), commands("register", "login", " ")];
    let rarer = [commands("/register", "/login", " "), commands("REGISTER", "LOGIN", ":"), commands("reg", "log", " ")];
    match (told, asks || menu(greeting)) {
        (Some(told), _) => [told, asking()].into_iter().chain(usual).collect(),
        (None, true) => vec![asking(), commands("REGISTER", "LOGIN", " ")],
        (None, false) => usual.into_iter().chain([asking()]).chain(rarer).collect(),
    }
}

fn menu(greeting: &str) -> bool {
    asking().register.is_some_and(|register| {
        register.steps.iter().filter_map(|step| step.expect.as_ref()).any(|expect| expect.fits(greeting))
    })
}

/// `sockeye serve login`.
fn ours() -> Dialogue {
    let say = |text: &str| {
        let exchange = Exchange::asking(&[("RESUME TOKEN", text)]);
        Some(exchange.answered(r"^OK token (?<token>\S+)", "^ERR"))
    };
    Dialogue {
        line_end: "\n".to_owned(),
        register: say("REGISTER {name} {password}"),
        login: say("LOGIN {name} {password}"),
        resume: say("RESUME {token}"),
        ..Dialogue::default()
    }
}

/// All in one message.
fn commands(register: &str, login: &str, gap: &str) -> Dialogue {
    let say = |verb: &str| {
        let text = format!("{verb}{gap}{{name}}{gap}{{password}}");
        Some(Exchange::asking(&[("", &text)]).answered(WELCOME, REFUSED))
    };
    Dialogue { register: say(register), login: say(login), ..Dialogue::default() }
}

/// The commands that it names itself.
fn told(greeting: &str) -> Option<Dialogue> {
    static USAGE: LazyLock<[Regex; 2]> = LazyLock::new(|| {
        let behind = r"(?<gap>\s?[:|;, ]\s?)[<\[{(]?\w*(?:name|user|login|nick|imi|nazw|имя|логин|benutzer)\w*[>\]})]?\s?[:|;, ]\s?[<\[{(]?\w*(?:pass|has[łl]|parol|парол|kennw)";
        let verbs = [
            "register|reg|signup|sign_up|rejestruj|zarejestruj|rejestracja|регистрация|registrieren",
            "login|log|signin|sign_in|auth|zaloguj|loguj|логин|вход|войти|anmelden",
        ];
        verbs.map(|verbs| {
            Regex::new(&format!("(?i)(?<verb>[/!]?\\b(?:{verbs})){behind}")).expect("they are sound, as a test shows")
        })
    });
    let [register, login] = USAGE.each_ref().map(|usage| usage.captures(greeting));
    let (register, login) = (register?, login?);
    static RESUMING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?<verb>[/!]?\b(?:resume|session|token|auth|cookie))\s?[:|;, ]\s?[<\[{(]?\w*(?:token|токен)")
            .expect("it is sound, as a test shows")
    });
    let gap = &register["gap"];
    let resume = RESUMING.captures(greeting).map(|found| {
        let text = format!("{}{gap}{{token}}", &found["verb"]);
        Exchange::asking(&[("", &text)]).answered(WELCOME, REFUSED)
    });
    Some(Dialogue { resume, ..commands(&register["verb"], &login["verb"], gap) })
}

/// It asks for one thing after the other.
fn asking() -> Dialogue {
    let no_account = NO.map(|(form, no)| (format!("({HAS_ACCOUNT}).*({form})"), no));
    let no_account = no_account.each_ref().map(|(asked, no)| (asked.as_str(), *no));
    let talk = |choice: &[(&str, &str)], has_account: &[(&str, &str)]| {
        let again = format!(
            "(repeat|again|confirm|powt|jeszcze|potwierd|повтор|ещ[её] раз|подтверд|wiederhol|best[äa]t).*({PASSWORD_ASKED})"
        );
        let questions = [(again.as_str(), "{password}"), (PASSWORD_ASKED, "{password}"), (NAME_ASKED, "{name}")];
        Some(Exchange::asking(&[choice, has_account, &YES, &questions].concat()).answered(WELCOME, REFUSED))
    };
    Dialogue { register: talk(&REGISTERING, &no_account), login: talk(&ENTERING, &[]), ..Dialogue::default() }
}

/// It is told one thing after the other, and asks for none.
fn unprompted() -> Dialogue {
    let talk = Exchange::asking(&[("", "{name}"), (ANYTHING, "{password}")]).answered(WELCOME, REFUSED);
    Dialogue { register: Some(talk.clone()), login: Some(talk), ..Dialogue::default() }
}

/// A word that is no command anywhere.
pub(super) const NONSENSE: &str = "XQZJ";
const ANYTHING: &str = ".";
const ENOUGH: usize = 3;

/// What is chosen from a menu by somebody who is new.
const REGISTERING: [(&str, &str); 8] = [
    (r"\[r\] ?(egister|register|ejestr|rejestr)", "r"),
    (r"\[z\] ?(z?a[łl]|z?arej)", "z"),
    (r"\[р\] ?(ег|рег)", "р"),
    (r"1[^\d\n]{0,8}(reg|rej|zarej|рег|зарег|sign ?up|utw|созд|neu|new|create)", "1"),
    (r"2[^\d\n]{0,8}(reg|rej|zarej|рег|зарег|sign ?up|utw|созд|neu|new|create)", "2"),
    (r"register\b.{0,14}\blogin|login\b.{0,14}\bregister", "register"),
    (r"rejestracj\w*.{0,16}\b(za)?log|\b(za)?log\w*.{0,16}rejestracj", "rejestracja"),
    (r"регистрац\w*.{0,16}\b(вход|войти|логин)|\b(вход|войти|логин)\w*.{0,16}регистрац", "регистрация"),
];

/// And by somebody who has an account.
const ENTERING: [(&str, &str); 8] = [
    (r"\[l\] ?(og|log)", "l"),
    (r"\[w\] ?(ejd|wejd)", "w"),
    (r"\[в\] ?(ход|вход|ойти|войти)", "в"),
    (r"1[^\d\n]{0,8}(log|zalog|sign ?in|вход|вой|авт|anmeld|enter)", "1"),
    (r"2[^\d\n]{0,8}(log|zalog|sign ?in|вход|вой|авт|anmeld|enter)", "2"),
    (r"register\b.{0,14}\blogin|login\b.{0,14}\bregister", "login"),
    (r"rejestracj\w*.{0,16}\b(za)?log|\b(za)?log\w*.{0,16}rejestracj", "logowanie"),
    (r"регистрац\w*.{0,16}\b(вход|войти|логин)|\b(вход|войти|логин)\w*.{0,16}регистрац", "вход"),
];

/// Somebody is asked whether they have an account, not whether they want one.
const HAS_ACCOUNT: &str =
    r"\bhave\b|already|registered|masz|posiada|есть|имеется|уже|зарегистрирован|\bhast\b|haben|registriert\b";

const NO: [(&str, &str); 8] = [
    (r"\by/n\b", "n"),
    ("yes/no", "no"),
    (r"\bt/n\b", "n"),
    ("tak/nie", "nie"),
    ("да/нет", "нет"),
    (r"\bд/н\b", "н"),
    (r"\bj/n\b", "n"),
    ("ja/nein", "nein"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Person {
        Person { name: "ala".to_owned(), password: "s3cret".to_owned(), seat: 0 }
    }

    fn first_words(dialogue: &Dialogue, greeting: &str) -> String {
        let steps = &dialogue.register.as_ref().unwrap().steps;
        let step = steps.iter().find(|step| step.expect.as_ref().is_none_or(|expect| expect.fits(greeting)));
        step.and_then(|step| step.send.clone()).unwrap_or_default()
    }

    #[test]
    fn what_a_server_says_first_tells_how_to_register() {
        for (greeting, words) in [
            ("OK REGISTER NAME PASSWORD | LOGIN NAME PASSWORD | RESUME TOKEN", "REGISTER {name} {password}"),
            ("Commands: register <login> <password>, login <login> <password>", "register {name} {password}"),
            ("Use /reg user:pass or /login user:pass", "REGISTER {name} {password}"),
            ("1 - register\n2 - login\n> ", "1"),
            ("1) Zaloguj się 2) Zarejestruj się", "2"),
            ("1. Вход\n2. Регистрация\n", "2"),
            ("[L]og in, [R]egister or [T]oken? ", "r"),
            ("Menu:\n [z] załóż konto\n [w] wejdź\n> ", "z"),
            ("Do you already have an account? (yes/no) ", "no"),
            ("Есть ли у Вас учётная запись? (да/нет/токен) ", "нет"),
            ("Chcesz się zarejestrować? (t/n) ", "t"),
            ("Do you want to create an account? (y/n) ", "y"),
            ("Masz już konto? [tak/nie] ", "nie"),
            ("Введите имя: ", "{name}"),
            ("Podaj login: ", "{name}"),
            ("Hello! Password:", "{password}"),
            ("", "REGISTER {name} {password}"),
        ] {
            let ways = ways(greeting);
            let way = if greeting.starts_with("Use") { commands("REGISTER", "LOGIN", " ") } else { ways[0].clone() };
            assert_eq!(first_words(&way, greeting), words, "{greeting}");
        }
    }

    #[test]
    fn answers_are_the_same_without_what_is_everybodys_own() {
        let (right, other) = ("Hi ala, token 0123456789abcdef0123", "Hi ala, token ffff456789abcdef0123");
        assert_eq!(plain(right, &person()), plain(other, &person()));
        assert_ne!(plain("in", &person()), plain("out", &person()));
        assert!(literal("You are in .").fits("You  are\nin".replace('\n', " ").as_str()));
    }
}
