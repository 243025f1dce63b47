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
    rps: Option<Arc<Rps>>,
    chat: Option<Arc<Chat>>,
    stop: Arc<dyn Fn() + Send + Sync>,
    troubled: Arc<dyn Fn(StoreError) + Send + Sync>,
}

impl Means {
    /// With a store in `data`. `troubled` is called where that cannot be written to, and where it closes itself for good.
    pub(crate) fn new(data: Option<Place>, troubled: impl Fn(StoreError) + Send + Sync + 'static) -> Self {
        let (stop, troubled) = (Arc::new(|| {}), Arc::new(troubled));
        Self { data, store: None, audit: None, login: None, rps: None, chat: None, stop, troubled }
    }

    /// The same, where a service can have the server stop.
    pub(crate) fn stopped_by(self, stop: impl Fn() + Send + Sync + 'static) -> Self {
        Self { stop: Arc::new(stop), ..self }
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
        let troubled = Arc::clone(&self.troubled);
        let store = store::open(place, store::Role::Server, move |error| troubled(error))?;
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
        let tools = login::Tools { store: self.store()?, audit: self.audit()? };
        let login = once(&mut self.login, || Login::new(options.framing, options.login.clone(), tools))?;
        Ok(Built { discreet: true, ..Built::new(login) })
    }

    /// `rps`, one for all its doors: whoever comes in by one of them plays whoever comes in by another.
    pub(super) fn rps(&mut self, options: &Options) -> Result<Built, StoreError> {
        let store = self.store()?;
        let rps = once(&mut self.rps, || Rps::new(options.framing, options.turn_timeout, store))?;
        Ok(Built::new(rps))
    }

    /// `chat`, one room for all its doors.
    pub(super) fn chat(&mut self, options: &Options) -> Result<Built, StoreError> {
        let tools = chat::Tools { store: self.store()?, audit: self.audit()?, stop: Arc::clone(&self.stop) };
        let chat = once(&mut self.chat, || open_chat(options, tools))?;
        Ok(Built { send_buffer: Some(chat::SEND_BUFFER), ..Built::new(chat) })
    }

    /// The room that was opened, where one was.
    pub(crate) fn open_room(&self) -> Option<Arc<Chat>> {
        self.chat.clone()
    }
}

/// The same one for whoever asks; the first has it opened.
fn once<T>(slot: &mut Option<Arc<T>>, open: impl FnOnce() -> io::Result<T>) -> Result<Arc<T>, StoreError> {
    if let Some(opened) = slot {
        return Ok(Arc::clone(opened));
    }
    let opened = open().map_err(|e| StoreError::Failed(e.to_string()))?;
    Ok(Arc::clone(slot.insert(Arc::new(opened))))
}

fn open_chat(options: &Options, tools: chat::Tools) -> io::Result<Chat> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let bans = runtime.block_on(tools.store.bans()).map_err(io::Error::other)?;
    let chat = Chat::open(options.framing, chat::Terms { rate: options.flood }, bans, tools)?;
    if let Some(path) = &options.admin_socket {
        chat.listen_for_admin(path)?;
    }
    Ok(chat)
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
