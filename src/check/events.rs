//! Stub.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventWords;
impl EventWords {
    pub(crate) fn set(&mut self, _: &str) -> Result<(), String> {
        Err("stub".into())
    }
}
