//! A space's database.

use std::ops::Deref;
use std::sync::Arc;

use crate::session::Session;

/// A space's database.
pub struct Database {
    /// The space.
    pub space: Arc<str>,
    session: Session,
}

impl Deref for Database {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Database {
    /// The database behind a session.
    pub fn new(space: &str, session: Session) -> Self {
        Self { space: space.into(), session }
    }
}
