//! Stub.
use super::super::document::Document;
pub(crate) struct ClassRow {
    pub(crate) student: String,
    pub(crate) document: Option<Document>,
    pub(crate) trouble: Option<String>,
}
pub(crate) fn matrix_text(_rows: &[ClassRow]) -> String {
    String::new()
}
pub(crate) fn matrix_csv(_rows: &[ClassRow]) -> String {
    String::new()
}
pub(crate) fn matrix_html(_rows: &[ClassRow]) -> String {
    String::new()
}
pub(crate) fn matrix_json(_rows: &[ClassRow]) -> String {
    String::new()
}
