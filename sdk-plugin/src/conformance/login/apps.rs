//! The apps of a space.

use std::sync::{Arc, Mutex, PoisonError};

use crate::contract::Calls;
use crate::contract::platforms::{APP, APP_NOT_FOUND, App, Which};
use crate::{Call, Error, Reply, Result, codes};

/// The space of all logins.
pub(super) const SPACE: &str = "conformance";

/// Stands in for the plugin that keeps apps, and has one.
#[derive(Clone)]
pub struct Apps(Arc<Mutex<App>>);

impl Apps {
    /// Has an app.
    pub fn new(app: App) -> Self {
        Self(Arc::new(Mutex::new(app)))
    }

    /// The app.
    pub fn app(&self) -> App {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another in its place.
    pub fn put(&self, app: App) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = app;
    }
}

impl Calls for Apps {
    async fn make(&self, call: Call) -> Result<Reply> {
        if call.method != APP || call.space != SPACE {
            return Err(Error::new(codes::INVALID_METHOD, format!("only {APP} is called, and in the space of the login")));
        }
        let which: Which = call.decode()?;
        let app = self.app();
        if which.platform != app.platform || ![app.app_id.as_str(), ""].contains(&which.app_id.as_str()) {
            return Err(Error::new(APP_NOT_FOUND, "there is no such app"));
        }
        Reply::json(&app)
    }
}
