//! stub
#[derive(Debug, clap::Args)]
/// Talk
pub(super) struct Words {
    #[command(flatten)]
    events: super::events::EventWords,
}
impl Words {
    pub(super) fn plan(self, _talk: crate::commands::Talk) -> Result<crate::commands::Plan, crate::commands::Failure> {
        todo!()
    }
}
