//! Means: what services share that has to be opened, the store before all. Nothing is opened before one of them asks.

use std::io;
use std::sync::Arc;

use super::chat::{self, Chat};
use super::login::{self, Login};
use super::rps::Rps;
use super::{Built, Options};
use crate::event::audit::AuditLog;
use crate::store::{self, Place, Store, StoreError};

/// What is opened when it is asked for.
pub(crate) struct Means {
    /// `None` where there is no folder to keep anything in.
    data: Option<Place>,
    store: Option<Arc<dyn Store>>,
    audit: Option<AuditLog>,
    login: Option<Arc<Login>>,
    chat: Option<Arc<Chat>>,
    stop: Option<Box<dyn Fn() + Send>>,
    rps: Option<Arc<Rps>>,
    troubled: Option<Box<dyn Fn(StoreError) + Send>>,
}

impl Means {
    /// With a store in `data`. `troubled` is called where that cannot be written to, and where it closes itself for good.
    pub(crate) fn new(data: Option<Place>, troubled: impl Fn(StoreError) + Send + 'static) -> Self {
        let troubled: Option<Box<dyn Fn(StoreError) + Send>> = Some(Box::new(troubled));
        Self { data, store: None, audit: None, login: None, rps: None, chat: None, stop: None, troubled }
    }

    /// The same, where a service can have the server stop.
    pub(crate) fn stopped_by(self, stop: impl Fn() + Send + 'static) -> Self {
        Self { stop: Some(Box::new(stop)), ..self }
    }

    /// With a store that ends with the process.
    pub(crate) fn in_memory() -> Self {
        Self::new(Some(Place::Memory), |_| {})
    }

    /// The store, the same one for all.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(crate) fn store(&mut self) -> Result<Arc<dyn Store>, StoreError> {
        if let Some(store) = &self.store {
            return Ok(Arc::clone(store));
        }
        let place = self.data.as_ref().ok_or(StoreError::Nowhere)?;
        let troubled = self.troubled.take();
        let troubled = move |error| {
            if let Some(troubled) = &troubled {
                troubled(error);
            }
        };
        let store = store::open(place, store::Role::Server, troubled)?;
        Ok(Arc::clone(self.store.insert(store)))
    }

    /// The audit log beside the store, the same one for all; where nothing is kept, it keeps nothing either.
    ///
    /// # Errors
    /// Where it, or the store, cannot be opened.
    pub(crate) fn audit(&mut self) -> Result<AuditLog, StoreError> {
        if self.audit.is_none() {
            // It makes the folder, and sees to it that it is ours alone.
            self.store()?;
            self.audit = Some(audit_log(self.data.as_ref())?);
        }
        Ok(self.audit.clone().unwrap_or_else(AuditLog::mute))
    }

    /// `login`, one for all its doors: they share its threads, and who guesses at one is delayed at all.
    pub(super) fn login(&mut self, options: &Options) -> Result<Built, StoreError> {
        let login = match &self.login {
            Some(login) => Arc::clone(login),
            None => {
                let tools = login::Tools { store: self.store()?, audit: self.audit()? };
                let login = Login::new(options.framing, options.login.clone(), tools);
                let login = login.map_err(|e| StoreError::Failed(e.to_string()))?;
                Arc::clone(self.login.insert(Arc::new(login)))
            }
        };
        Ok(Built { discreet: true, ..Built::new(login) })
    }

    /// `chat`, one room for all its doors.
    pub(super) fn chat(&mut self, options: &Options) -> Result<Built, StoreError> {
        let chat = match &self.chat {
            Some(chat) => Arc::clone(chat),
            None => {
                let chat = Arc::new(self.open_chat(options).map_err(|e| StoreError::Failed(e.to_string()))?);
                Arc::clone(self.chat.insert(chat))
            }
        };
        Ok(Built { send_buffer: Some(chat::SEND_BUFFER), ..Built::new(chat) })
    }

    fn open_chat(&mut self, options: &Options) -> io::Result<Chat> {
        let (store, audit) = (self.store().map_err(io::Error::other)?, self.audit().map_err(io::Error::other)?);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let bans = runtime.block_on(store.bans()).map_err(io::Error::other)?;
        let stop = self.stop.take().unwrap_or_else(|| Box::new(|| {}));
        let tools = chat::Tools { store, audit, stop };
        let chat = Chat::open(options.framing, chat::Terms { rate: options.flood }, bans, tools)?;
        if let Some(path) = &options.admin_socket {
            chat.listen_for_admin(path)?;
        }
        Ok(chat)
    }

    /// The room that was opened, where one was.
    pub(crate) fn open_room(&self) -> Option<Arc<Chat>> {
        self.chat.clone()
    }

    /// `rps`, one for all its doors: whoever comes in by one of them plays whoever comes in by another.
    pub(super) fn rps(&mut self, options: &Options) -> Result<Built, StoreError> {
        let rps = match &self.rps {
            Some(rps) => Arc::clone(rps),
            None => {
                let rps = Rps::new(options.framing, options.turn_timeout, self.store()?);
                let rps = rps.map_err(|e| StoreError::Failed(e.to_string()))?;
                Arc::clone(self.rps.insert(Arc::new(rps)))
            }
        };
        Ok(Built::new(rps))
    }
}

/// The audit log in the folder of a store.
///
/// # Errors
/// Where it cannot be opened.
pub(crate) fn audit_log(data: Option<&Place>) -> Result<AuditLog, StoreError> {
    let Some(Place::Dir(dir)) = data else { return Ok(AuditLog::mute()) };
    let path = dir.join("audit.jsonl");
    AuditLog::open(&path).map_err(|e| StoreError::Failed(format!("{}: {e}", path.display())))
}
