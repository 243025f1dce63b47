//! Presets: ways to speak that many programs share, in the four languages of the sheets: English, Polish, Russian,
//! German.

/// Who you are is asked so.
pub(crate) const NAME_ASKED: &str = r"\bname|imi[ęe]|\bимя|имен|зовут|\bnick|\bник|nazyw|nazw[aęi]|nazywasz|login|логин|\buser|u[żz]ytkown|benutzer|пользовател|who are you|кто вы|кто ты|представьтесь|przedstaw|kim jeste|wer bist|wer sind|hei(ß|ss)|nennen|call you|обраща(ться|юсь)|pseudonim|псевдоним";

/// Whether something is right is asked so, and is.
pub(crate) const YES: [(&str, &str); 4] =
    [(r"\by/n\b|yes/no", "y"), (r"\bt/n\b|tak/nie", "t"), (r"да/нет|\bд/н\b", "да"), (r"\bj/n\b|ja/nein", "j")];

/// So is a password.
pub(crate) const PASSWORD_ASKED: &str = r"passw|\bpass\b|parol|has[łl]|парол|kennwort|\bpin\b";

/// A no.
pub(crate) const REFUSED: &str = r"\berr|wrong|invalid|incorrect|denied|refus|fail|\bbad\b|unknown|not (found|exist|registered|match|valid|correct)|no such|does ?n.t (exist|match)|taken|already|too many|locked|sorry|try again|b[łl][ęe]dn|b[łl][aą]d|niepoprawn|nieprawid|z[łl]e has|nie istnieje|odmow|zaj[ęe]t|istnieje|ponownie|невер|неправильн|ошибк|отказ|запрещ|не найден|не существует|не совпад|не зарегистр|занят|уже|попробуйте|повторите|falsch|fehler|ung[üu]ltig|verweigert|abgelehnt|nicht gefunden|existiert|vergeben|unbekannt|erneut";

/// A yes.
pub(crate) const WELCOME: &str = r"\bok\b|success|welcome|hello|\bhi\b|granted|logged ?in|registered|accepted|nice to meet|created|correct|witaj|cze[śs][ćc]|zalogowan|zarejestrowan|poprawn|udan|sukces|utworzon|dzie[ńn] dobry|mi[łl]o|добро пожаловать|здравствуй|привет|успешн|вошли|выполнен вход|зарегистрирован|верн|принят|приятно|willkommen|hallo|erfolg|angemeldet|eingeloggt|registriert|korrekt|freut";

#[cfg(test)]
mod tests {
    use super::super::Pattern;
    use super::*;

    #[test]
    fn questions_and_answers_of_four_languages_are_understood() {
        for (pattern, texts) in [
            (
                NAME_ASKED,
                &[
                    "What is your name?",
                    "Podaj swoje imię: ",
                    "Podaj imie",
                    "Введите имя",
                    "Как вас зовут?",
                    "Wie heißen Sie?",
                    "Nick?",
                    "Podaj nick",
                    "Enter username: ",
                    "Введите логин",
                    "Wie darf ich dich nennen?",
                    "How should we call you?",
                    "Как к Вам обращаться?",
                ][..],
            ),
            (PASSWORD_ASKED, &["Password:", "Podaj hasło", "Введите пароль: ", "Passwort?", "haslo"]),
            (
                REFUSED,
                &[
                    "ERR denied wrong name or password",
                    "Invalid password",
                    "Błędne hasło",
                    "Неверный пароль",
                    "Falsches Passwort",
                    "Access denied",
                    "Nick zajęty",
                    "Такое имя уже занято",
                ],
            ),
            (
                WELCOME,
                &[
                    "OK token x",
                    "Welcome, Ala",
                    "Witaj Ala",
                    "Добро пожаловать",
                    "Здравствуйте, Ала",
                    "Willkommen",
                    "Zalogowano",
                    "Login successful",
                ],
            ),
        ] {
            for text in texts {
                assert!(Pattern::known(pattern).fits(text), "{text}");
            }
        }
    }

    #[test]
    fn a_no_is_no_question_and_a_question_no_yes() {
        assert!(!Pattern::known(REFUSED).fits("Введите имя: "));
        assert!(!Pattern::known(REFUSED).fits("Podaj hasło: "));
        assert!(!Pattern::known(NAME_ASKED).fits("Введите пароль: "));
        assert!(!Pattern::known(WELCOME).fits("Password: "));
    }
}
