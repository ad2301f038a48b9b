//! The methods that the core provides itself: sessions of users, and questions about the server.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sdk_plugin::contract::cloudcall::{METHODS, Names, Prefix};
use sdk_plugin::contract::domains::{self, Endpoint};
use sdk_plugin::contract::{Calls, files, login};
use sdk_plugin::{Call, CallerKind, Error, Event, Reply, Result, codes, events};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::host::PluginHost;
use crate::identity::sessions::Sessions;
use crate::identity::spaces::Spaces;
use crate::identity::users::{User, Users};
use crate::router::{Core, CoreListener, CoreMethod, Router};
use crate::telemetry::metrics::Metrics;

/// What the methods work on.
pub struct CoreMethods {
    pub router: Router,
    pub users: Users,
    pub sessions: Arc<Sessions>,
    pub spaces: Arc<Spaces>,
    pub metrics: Arc<Metrics>,
    /// The host exists only after the router does, and lives as long as the server.
    pub host: std::sync::OnceLock<Weak<PluginHost>>,
    /// Where the server is reached.
    pub endpoint: Endpoint,
}

/// Methods that are called without a token, as they give one.
pub const ANONYMOUS_AUTHORIZE: &str = "serverless.auth.user.anonymousAuthorize";
pub const AUTHORIZE: &str = "serverless.auth.user.authorize";
const GET_PROFILE: &str = "serverless.auth.user.getProfileInfo";
const BILLING_REPORT: &str = "inner.method.billing.report";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorize {
    #[serde(default)]
    client_identifier: String,
    #[serde(default)]
    auth_provider: String,
    #[serde(default)]
    auth_code: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Authorized {
    access_token: String,
    expires_in_second: u64,
}

type Done = BoxFuture<'static, Result<Reply>>;

impl CoreMethods {
    /// The table for the router.
    pub fn table(self: &Arc<Self>) -> Core {
        let on = |handler: fn(Arc<Self>, Call) -> Done| -> CoreMethod {
            let this = self.clone();
            Arc::new(move |call| handler(this.clone(), call))
        };
        let methods = [
            (ANONYMOUS_AUTHORIZE, on(|this, call| async move { this.anonymous(call).await }.boxed())),
            (AUTHORIZE, on(|this, call| async move { this.authorize(call).await }.boxed())),
            (GET_PROFILE, on(|this, call| async move { this.profile(call).await }.boxed())),
            (BILLING_REPORT, on(|_, _| async { Ok(Reply::raw("null")) }.boxed())),
            (domains::ENDPOINT, on(|this, _| async move { Reply::json(&this.endpoint) }.boxed())),
            (METHODS, on(|this, call| async move { this.list_methods(call) }.boxed())),
            (login::SESSION, on(|this, call| async move { this.session(call).await }.boxed())),
            ("core.spaces", on(|this, call| async move { this.list_spaces(call).await }.boxed())),
            ("core.checkSpace", on(|this, call| async move { this.spaces.active(&call.space).await.map(|_| Reply::raw("null")) }.boxed())),
            (files::ALLOWS, on(|this, call| async move { this.files_allow(call).await }.boxed())),
            ("core.plugins", on(|this, _| async move { this.plugins() }.boxed())),
            ("core.reloadPlugin", on(|this, call| async move { this.reload(call).await }.boxed())),
        ];
        let this = self.clone();
        let listener: CoreListener = Arc::new(move |event| {
            let this = this.clone();
            async move { this.on_event(event).await }.boxed()
        });
        Core { methods: methods.into_iter().collect(), listeners: vec![listener] }
    }

    async fn anonymous(&self, call: Call) -> Result<Reply> {
        let params: Authorize = call.decode()?;
        let user = self.users.anonymous(&call.space, &params.client_identifier).await?;
        self.begin(&call, &user).await
    }

    async fn authorize(&self, call: Call) -> Result<Reply> {
        let params: Authorize = call.decode()?;
        let method = format!("{}{}", login::PREFIX, params.auth_provider);
        if params.auth_provider.is_empty() {
            return Err(Error::invalid_params("authProvider is missing"));
        }
        if !self.router.provides(&method) {
            let message =
                format!("no plugin provides `{method}`: add the one that does to the server's TOML file, or authorize anonymously");
            return Err(Error::invalid_params(message));
        }
        // The provider reads what was read here, and nothing else.
        let login = login::Login { client_identifier: params.client_identifier, auth_code: params.auth_code };
        let mut asked = call.follow(method, serde_json::to_vec(&login).map_err(Error::internal)?);
        asked.caller.kind = CallerKind::System;
        let identity = identity(&self.router.make(asked).await?)?;
        let user = self.users.of_platform(&call.space, &login.client_identifier, &params.auth_provider, &identity).await?;
        self.begin(&call, &user).await
    }

    /// What is kept of a user's last login. The router lets plugins ask alone.
    async fn session(&self, call: Call) -> Result<Reply> {
        let asked: login::SessionOf = call.decode()?;
        Reply::json(&self.users.secrets(&call.space, &asked.user_id).await?)
    }

    fn list_methods(&self, call: Call) -> Result<Reply> {
        let asked: Prefix = call.decode()?;
        Reply::json(&Names { methods: self.router.methods(&asked.prefix) })
    }

    async fn begin(&self, call: &Call, user: &User) -> Result<Reply> {
        // No platform has confirmed which app an anonymous client is, so calls do not carry it.
        let app = if user.o_auth_user_id.is_empty() { "" } else { user.app.as_str() };
        let issued = self.sessions.issue(&call.space, &user.id, app).await?;
        self.metrics.sessions.inc();
        Reply::json(&Authorized { access_token: issued.token, expires_in_second: issued.expires_in })
    }

    async fn profile(&self, call: Call) -> Result<Reply> {
        let id = &call.caller.user;
        let user = if id.is_empty() { None } else { self.users.get(&call.space, id).await? };
        // The server SDK may speak for a user that only the team's own system knows.
        let (created, seen) = (user.as_ref().map(|user| user.created_at), user.as_ref().map(|user| user.last_seen_at));
        let (oauth, ids) = user.map(|user| (user.o_auth_user_id, user.ids)).unwrap_or_default();
        Reply::json(&json!({
            "userId": id,
            "user": {
                "userId": id, "oAuthUserId": oauth, "ids": ids, "spaceId": call.space, "createdAt": created, "lastSeenAt": seen,
            },
        }))
    }

    /// The ids of spaces that were not deleted, in their order: a page of those after `after`. The
    /// last page is empty.
    async fn list_spaces(&self, call: Call) -> Result<Reply> {
        #[derive(Deserialize)]
        struct Params {
            #[serde(default)]
            after: String,
        }
        let params: Params = call.decode()?;
        Reply::json(&json!({"spaces": self.spaces.ids(&params.after).await?}))
    }

    /// Whether the rules for files allow something.
    async fn files_allow(&self, call: Call) -> Result<Reply> {
        let allowed = self.router.policy().files().allows(&self.router, &call.space, &call.decode()?).await?;
        Reply::json(&files::Verdict { allowed })
    }

    fn host(&self) -> Result<Arc<PluginHost>> {
        let host = self.host.get().and_then(Weak::upgrade);
        host.ok_or_else(|| Error::new(codes::UNAVAILABLE, "the server is starting or stopping").retryable())
    }

    fn plugins(&self) -> Result<Reply> {
        Reply::json(&json!({"plugins": self.host()?.describe()}))
    }

    async fn reload(&self, call: Call) -> Result<Reply> {
        #[derive(Deserialize)]
        struct Params {
            id: String,
        }
        let params: Params = call.decode()?;
        self.host()?.reload(&params.id).await?;
        Ok(Reply::raw("null"))
    }

    async fn on_event(&self, event: Event) -> Result<()> {
        self.router.policy().on_event(&self.router, &event).await?;
        if event.name == events::SPACE_DELETED {
            self.sessions.forget_space(&event.space).await?;
            self.users.forget_space(&event.space).await?;
        }
        Ok(())
    }
}

/// What a login provider answered. An error tells nothing of it, as it has secrets.
fn identity(reply: &Reply) -> Result<login::Identity> {
    serde_json::from_slice(&reply.data).map_err(|e| {
        let place = format!("line {}, column {}", e.line(), e.column());
        Error::internal("a login provider answers no identity").with_operation("read an identity").with_context("place", place)
    })
}
