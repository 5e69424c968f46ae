//! stub
use crate::{diagnostic::Diagnostic, source::Source};
use std::sync::Arc;
#[derive(Debug, Clone, Default)]
pub struct Values;
impl Values {
    pub fn text(&self, _k: &str) -> Option<&str> {
        None
    }
    pub fn list(&self, _k: &str) -> Vec<String> {
        Vec::new()
    }
    pub fn pairs(&self, _k: &str) -> Vec<(String, String)> {
        Vec::new()
    }
}
pub fn find(_p: Option<&str>) -> Result<Values, Vec<Diagnostic>> {
    Ok(Values)
}
pub fn profile(_s: &Arc<Source>) -> Result<Values, Vec<Diagnostic>> {
    Ok(Values)
}
