//! The provider, as a case uses it.

use std::time::{Duration, Instant};

use super::apps::SPACE;
use super::fixture::{Fixture, Verdict};
use crate::conformance::secrecy::Secrets;
use crate::contract::login::{Identity, Login, PREFIX};
use crate::contract::platforms::App;
use crate::{Call, Error, Result};

/// How long a login may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A provider with its platform.
pub(super) struct Desk<F> {
    pub(super) fixture: F,
    secrets: Secrets,
}

impl<F: Fixture> Desk<F> {
    pub(super) fn open(fixture: F) -> Self {
        let mut secrets = Secrets::default();
        let known = [fixture.apps().app(), fixture.stranger()];
        known.iter().flat_map(|app| app.settings.values()).for_each(|value| secrets.add(value));
        fixture.secrets().iter().for_each(|secret| secrets.add(secret));
        Self { fixture, secrets }
    }

    /// Signs in to the app with a code of which the platform says so.
    pub(super) async fn login(&self, verdict: Verdict) -> Result<Identity> {
        let app = self.fixture.apps().app().app_id;
        self.login_to(&app, &self.fixture.code(verdict)).await
    }

    /// Signs in, and looks for secrets in what comes of it.
    pub(super) async fn login_to(&self, app: &str, code: &str) -> Result<Identity> {
        let method = format!("{PREFIX}{}", self.fixture.provider());
        let login = Login { client_identifier: app.to_owned(), auth_code: code.to_owned() };
        let mut call = Call::json(SPACE, &*method, &login)?;
        call.deadline = Instant::now() + PATIENCE;
        let outcome: Result<Identity> = self.fixture.make(call).await.and_then(|reply| reply.decode());
        match &outcome {
            Ok(identity) => {
                self.secrets.are_not_in(&identity.o_auth_user_id, "the user's id");
                self.secrets.are_not_in(&format!("{:?}", identity.ids), "an id of the user");
                for (name, secret) in &identity.secrets {
                    let elsewhere = identity.o_auth_user_id == *secret || identity.ids.values().any(|id| id == secret);
                    assert!(!elsewhere && !secret.is_empty(), "{name} is a secret, and no id");
                }
            }
            Err(error) => self.secrets.are_not_in(&format!("{error} {error:?}"), "an error"),
        }
        outcome
    }

    /// Signs in to an app with a setting that was taken away.
    pub(super) fn without(&self, name: &str) -> App {
        let mut app = self.fixture.apps().app();
        app.settings.remove(name);
        app
    }
}

/// The code that something was refused with.
#[track_caller]
pub(super) fn code(outcome: Result<Identity, Error>) -> String {
    match outcome {
        // Identities have secrets, which no failure may show.
        Ok(identity) => panic!("it should have been an error, and was {}", identity.o_auth_user_id),
        Err(error) => error.code().to_owned(),
    }
}
