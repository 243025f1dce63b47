//! stub
/// Stub
#[derive(Debug)]
pub struct Server;
/// Stub
#[derive(Debug)]
pub struct ServerError;
