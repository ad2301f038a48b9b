//! The plugin: which methods, addresses and events lead to the service.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::{Collection, EXECUTE};
use sdk_plugin::contract::domains::{Certificate, ENDPOINT};
use sdk_plugin::{Call, Event, Host, HttpRequest, HttpResponse, Manifest, Methods, Plugin, Result, events};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::acme::{Accounts, Budget, Client, PREFIX, Parts, Renewals, Seal, ServerNames, Settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::core::{SITE_STATUS, SPACES};
use crate::manage::{
    AttachHostParams, AttachParams, CorsParams, DomainParams, HostParams, HstsParams, ListParams, NoParams, RedirectParams, ServiceParams,
    VerifyParams,
};
use crate::service::{Described, ServerName, Service};

/// When certificates are looked at, besides when they are known to be due: each minute.
const CRON: &str = "0 * * * * *";
const SCHEDULE: &str = "certificates";
/// What the plugin of websites tells when a space has opened its own.
const SITE_OPENED: &str = "site.opened";

/// The plugin of domains.
pub struct Domains {
    service: Service<Host>,
    renewals: Arc<Renewals<Host, Client>>,
    stopping: CancellationToken,
}

impl Domains {
    async fn verification_content(self: Arc<Self>, call: Call, params: DomainParams) -> Result<Value> {
        self.service.verification_content(&call.space, params).await
    }

    async fn verify_owner(self: Arc<Self>, call: Call, params: VerifyParams) -> Result<Value> {
        self.service.verify_owner(&call.space, params).await
    }

    async fn bind(self: Arc<Self>, call: Call, params: DomainParams) -> Result<Value> {
        self.service.bind_domain(&call.space, params).await
    }

    async fn unbind(self: Arc<Self>, call: Call, params: DomainParams) -> Result<Value> {
        self.service.unbind_domain(&call.space, params).await
    }

    async fn list(self: Arc<Self>, call: Call, params: ListParams) -> Result<Value> {
        self.service.list_domains(&call.space, params).await
    }

    async fn save_redirect(self: Arc<Self>, call: Call, params: RedirectParams) -> Result<Value> {
        self.service.save_redirect(&call.space, params).await
    }

    async fn save_hsts(self: Arc<Self>, call: Call, params: HstsParams) -> Result<Value> {
        self.service.save_hsts(&call.space, params).await
    }

    async fn save_cors(self: Arc<Self>, call: Call, params: CorsParams) -> Result<Value> {
        self.service.save_cors(&call.space, params).await
    }

    async fn attach(self: Arc<Self>, call: Call, params: AttachParams) -> Result<Value> {
        self.service.attach_certificate(&call.space, params).await
    }

    async fn detach(self: Arc<Self>, call: Call, params: DomainParams) -> Result<Value> {
        self.service.delete_certificate(&call.space, params).await
    }

    async fn certificate(self: Arc<Self>, call: Call, params: DomainParams) -> Result<Value> {
        self.service.certificate_detail(&call.space, params).await
    }

    async fn renew(self: Arc<Self>, call: Call, params: DomainParams) -> Result<Value> {
        self.service.renew_certificate(&call.space, params).await
    }

    async fn describe_server(self: Arc<Self>, _: Call, _: NoParams) -> Result<Vec<ServerName>> {
        self.service.describe_server().await
    }

    async fn bind_host(self: Arc<Self>, call: Call, params: HostParams) -> Result<Described> {
        self.service.bind_host(&call.space, params).await
    }

    async fn unbind_host(self: Arc<Self>, call: Call, params: HostParams) -> Result<()> {
        self.service.unbind_host(&call.space, params).await
    }

    async fn describe_hosts(self: Arc<Self>, call: Call, params: ServiceParams) -> Result<Vec<Described>> {
        self.service.describe_hosts(&call.space, params).await
    }

    async fn attach_host(self: Arc<Self>, call: Call, params: AttachHostParams) -> Result<Certificate> {
        self.service.attach_host(&call.space, params).await
    }
}

impl Plugin for Domains {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default()
            .calls(EXECUTE)
            .calls("core.domains.*")
            .calls("core.certificates.*")
            .calls(ENDPOINT)
            .calls(SPACES)
            .calls(SITE_STATUS)
            .internal("admin.*")
            .internal("domains.*")
            .http(PREFIX)
            .secret("ownership")
            .secret("acme")
            .event(events::SPACE_DELETED)
            .event(SITE_OPENED)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let clock = Clock::default();
        let acme = config.authority()?.cloned();
        let settings = match &acme {
            None => None,
            Some(acme) => Some(Settings {
                authority: Client::new(acme, clock.clone())?,
                challenges: acme.challenges.clone(),
                retry: Duration::from_secs(acme.retry_seconds),
                names: ServerNames::from(acme),
            }),
        };
        let service = Service::new(config, host.clone(), clock.clone(), host.secret("ownership")?, settings.is_some());
        let records = |name| Collection::new(host.clone(), SYSTEM_SPACE, name);
        let acme = acme.unwrap_or_default();
        let renewals = Renewals::new(Parts {
            core: service.core.clone(),
            states: service.states.clone(),
            seal: Seal::new(&host.secret("acme")?)?,
            tokens: service.tokens.clone(),
            hook: acme.dns_hook,
            accounts: Accounts::new(records("acmeAccounts"), &acme.directory),
            budget: Budget::new(records("acmeBudget"), clock.clone(), acme.max_orders_per_hour),
            again: service.again(),
            settings,
            kick: service.kick.clone(),
            clock,
        });
        host.schedule(SCHEDULE, CRON).await?;
        let stopping = CancellationToken::new();
        tokio::spawn(renewals.clone().run(stopping.clone()));
        Ok(Self { service, renewals, stopping })
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on("admin.GetWebHostingDomainVerificationContent", Self::verification_content);
        methods.on("admin.VerifyWebHostingDomainOwner", Self::verify_owner);
        methods.on("admin.BindWebHostingCustomDomain", Self::bind);
        methods.on("admin.UnbindWebHostingCustomDomain", Self::unbind);
        methods.on("admin.ListWebHostingCustomDomains", Self::list);
        methods.on("admin.SaveWebHostingCustomDomainConfig", Self::save_redirect);
        methods.on("admin.SaveWebHostingCustomDomainHstsConfig", Self::save_hsts);
        methods.on("admin.SaveWebHostingCustomDomainCorsConfig", Self::save_cors);
        methods.on("admin.AttachWebHostingCertificate", Self::attach);
        methods.on("admin.DeleteWebHostingCertificate", Self::detach);
        methods.on("admin.GetWebHostingCertificateDetail", Self::certificate);
        methods.on("admin.RenewWebHostingCertificate", Self::renew);
        methods.on("domains.server", Self::describe_server);
        methods.on("domains.bind", Self::bind_host);
        methods.on("domains.unbind", Self::unbind_host);
        methods.on("domains.describe", Self::describe_hosts);
        methods.on("domains.attach", Self::attach_host);
    }

    async fn http(self: Arc<Self>, request: HttpRequest) -> Result<HttpResponse> {
        Ok(match self.service.tokens.answer(&request.host, request.path()).await? {
            Some(authorization) => HttpResponse::text(StatusCode::OK, authorization),
            None => HttpResponse::text(StatusCode::NOT_FOUND, "no such challenge\n"),
        })
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        match event.name.as_str() {
            events::SPACE_DELETED => self.service.remove_space(&event.space).await,
            SITE_OPENED => self.renewals.site_opened(&event.space).await,
            events::SCHEDULE_DUE => {
                self.service.kick.notify_one();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn drain(self: Arc<Self>) -> Result<()> {
        self.stopping.cancel();
        Ok(())
    }
}
