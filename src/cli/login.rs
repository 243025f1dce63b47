//! Login: how long its sessions last, how much may be guessed, and from where.

use std::time::Duration;

use clap::Args;

use super::quantity;
use crate::services::login::Terms;

#[derive(Debug, Args)]
#[command(next_help_heading = "Login")]
pub(super) struct LoginWords {
    /// End a session that nobody has held for this long
    #[arg(long, value_name = "DURATION", value_parser = quantity::positive_duration, default_value = "30m")]
    session_idle: Duration,
    /// End every session after this long
    #[arg(long, value_name = "DURATION", value_parser = quantity::positive_duration, default_value = "12h")]
    session_life: Duration,
    /// Failed logins that an address has at once, and regains in a minute
    #[arg(long, value_name = "N", value_parser = rate, default_value_t = Terms::default().rate)]
    login_rate: u32,
    /// Take passwords from other machines over plain TCP, where everybody on the way can read them
    #[arg(long)]
    insecure_login: bool,
}

impl LoginWords {
    pub(super) fn terms(&self) -> Terms {
        let (idle, life) = (self.session_idle, self.session_life);
        Terms { idle, life, rate: self.login_rate, insecure: self.insecure_login }
    }
}

fn rate(word: &str) -> Result<u32, String> {
    u32::try_from(quantity::positive_count(word)?).map_err(|_| "it must be below 4294967296".into())
}
