//! Stub.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frame;
impl std::str::FromStr for Frame {
    type Err = String;
    fn from_str(_: &str) -> Result<Self, String> {
        Err("stub".into())
    }
}
impl std::fmt::Display for Frame {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
