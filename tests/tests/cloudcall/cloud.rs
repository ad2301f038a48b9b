//! A server whose platforms are on loopback.

use std::thread;
use std::time::{Duration, Instant};

use e2e::gateways::alipay::{self, Alipay};
use e2e::gateways::dingtalk::Dingtalk;
use e2e::gateways::wechat::{self, Wechat};
use e2e::{Server, Space, Wire, function, wait_for};
use serde_json::{Value, json};

/// Makes cloud calls.
pub const INVOKE: &str = "serverless.cloudcall.invoke";
/// An id of a user of Alipay.
pub const BUYER: &str = "2088102146225135";

/// The platforms.
pub struct Platforms {
    pub alipay: Alipay,
    pub wechat: Wechat,
    pub dingtalk: Dingtalk,
    /// How long they may take to answer, in seconds.
    pub timeout: u64,
}

impl Platforms {
    pub fn start() -> Self {
        Self { alipay: Alipay::start(), wechat: Wechat::start(wechat::Mode::PublicKey), dingtalk: Dingtalk::start(), timeout: 2 }
    }

    /// The tables of a server that reaches them. WeChat Pay takes addresses of HTTPS alone for
    /// notifications, so the server is said to be behind a proxy.
    pub fn toml(&self) -> String {
        let (wechat, dingtalk, timeout) = (self.wechat.url(), self.dingtalk.url(), self.timeout);
        format!(
            "[plugins.platforms]\nlibrary = \"cloudcall_platforms\"\n\
             [plugins.cloudcall]\nlibrary = \"cloudcall_calls\"\nconfig = {{ public_url = \"https://pay.example.test\" }}\n\
             [plugins.alipay]\nlibrary = \"cloudcall_alipay\"\nconfig = {{ gateway = {:?}, timeout_seconds = {timeout} }}\n\
             [plugins.wechat]\nlibrary = \"cloudcall_wechatpay\"\nconfig = {{ gateway = {wechat:?}, login_gateway = {wechat:?}, timeout_seconds = {timeout} }}\n\
             [plugins.dingtalk]\nlibrary = \"login_dingtalk\"\nconfig = {{ gateway = {dingtalk:?}, api_gateway = {dingtalk:?}, timeout_seconds = {timeout} }}\n",
            self.alipay.url(),
        )
    }
}

/// A server with a space, whose functions make cloud calls and are told of orders.
pub struct Cloud {
    pub server: Server,
    pub space: Space,
    pub platforms: Platforms,
}

impl Cloud {
    /// One whose space has no app.
    pub fn start() -> Self {
        Self::with(Platforms::start(), "")
    }

    /// One whose space has no app, with more in its TOML file.
    pub fn with(platforms: Platforms, toml: &str) -> Self {
        let server = Server::with_config(&format!("{toml}{}", platforms.toml()));
        let space = server.space("cloud");
        let cloud = Self { server, space, platforms };
        cloud.prepare(&cloud.space);
        cloud
    }

    /// One with an app of Alipay.
    pub fn alipay(mode: alipay::Mode) -> Self {
        let cloud = Self::start();
        cloud.save("alipay", alipay::APP_ID, &mode.settings());
        cloud
    }

    /// One with an app of WeChat.
    pub fn wechat(mode: wechat::Mode) -> Self {
        let platforms = Platforms { wechat: Wechat::start(mode), ..Platforms::start() };
        let cloud = Self::with(platforms, "");
        cloud.save("wechat", wechat::APP_ID, &cloud.platforms.wechat.settings());
        cloud
    }

    fn prepare(&self, space: &Space) {
        for name in ["cloud", "told", "whoami"] {
            self.server.deploy(&function(name), space, name);
        }
        let bound = self.server.management().act("SaveCloudCallNotifyConfig", &[("SpaceId", &space.id), ("FunctionName", "told")]);
        assert_eq!(bound.status, 200, "{}", bound.json());
    }

    /// Runs a management action in the space.
    #[track_caller]
    pub fn act(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let parameters: Vec<(&str, &str)> =
            std::iter::once(("SpaceId", self.space.id.as_str())).chain(parameters.iter().copied()).collect();
        let answer = self.server.management().act(action, &parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.json());
        answer.json()
    }

    /// Adds an app of a platform, or changes it.
    #[track_caller]
    pub fn save(&self, platform: &str, app: &str, settings: &Value) {
        self.act("SavePlatformApp", &[("Platform", platform), ("AppId", app), ("Settings", &settings.to_string())]);
    }

    /// A client that nobody has signed in to.
    pub fn anonymous(&self) -> Wire {
        self.server.wire(&self.space).authorized()
    }

    /// Signs in with a code that a platform has given.
    #[track_caller]
    pub fn sign_in(&self, provider: &str, app: &str, code: &str) -> Wire {
        let wire = self.server.wire(&self.space);
        let data = wire.call("serverless.auth.user.authorize", login(provider, app, code)).data();
        wire.with_token(Some(data["accessToken"].as_str().unwrap_or_else(|| panic!("no token: {data}"))))
    }

    /// Makes a cloud call from a function: its result in `ok`, or its error in `error`.
    #[track_caller]
    pub fn call(&self, api: &str, args: Value) -> Value {
        called(&self.anonymous(), api, args)
    }

    /// The result of a cloud call from a function.
    ///
    /// # Panics
    /// When it fails, or the platform refuses it.
    #[track_caller]
    pub fn ok(&self, api: &str, args: Value) -> Value {
        ok(&self.call(api, args))
    }

    /// The code of the error of a cloud call from a function.
    #[track_caller]
    pub fn code(&self, api: &str, args: Value) -> String {
        let answer = self.call(api, args);
        answer["error"]["code"].as_str().unwrap_or_else(|| panic!("{api} was not refused: {answer}")).to_owned()
    }

    /// Makes an order at Alipay.
    #[track_caller]
    pub fn order(&self, number: &str, amount: &str) {
        self.ok("payment.common.create", json!([{"subject": "茶", "outTradeNo": number, "totalAmount": amount, "buyerId": BUYER}]));
    }

    /// What the function was told of an order, a refund or a transfer, in order.
    pub fn told(&self, number: &str) -> Vec<Value> {
        let params = json!({"query": {"number": number}, "options": {"sort": {"_id": 1}}});
        self.server.management().db(&self.space, "told", "find", params).1.as_array().cloned().unwrap_or_default()
    }

    /// The same, once there is something.
    #[track_caller]
    pub fn told_of(&self, number: &str) -> Vec<Value> {
        wait_for(&format!("a notice of {number}"), || Some(self.told(number)).filter(|told| !told.is_empty()))
    }

    /// What the order book has of a number.
    #[track_caller]
    pub fn booked(&self, subject: &str, number: &str) -> Value {
        let params = json!({"subject": subject, "number": number}).to_string();
        let listed = self.server.run_json(&["call", "cloudcall.orders", &params, "--space", &self.space.id]);
        listed["orders"][0].clone()
    }

    /// Asserts that platforms had nothing to complain of.
    #[track_caller]
    pub fn well(&self) {
        assert_eq!(self.platforms.alipay.complaints(), [""; 0]);
        assert_eq!(self.platforms.wechat.complaints(), [""; 0]);
        assert!(self.platforms.alipay.heard("").iter().all(|heard| heard.posted));
    }
}

/// The parameters of a sign-in.
pub fn login(provider: &str, app: &str, code: &str) -> Value {
    json!({"authProvider": provider, "clientIdentifier": app, "authCode": code})
}

/// Makes a cloud call from a function that a client invokes.
#[track_caller]
pub fn called(client: &Wire, api: &str, args: Value) -> Value {
    client.invoke("cloud", json!({"api": api, "args": args})).data()
}

/// The result of a cloud call that was done.
#[track_caller]
pub fn ok(answer: &Value) -> Value {
    let ok = &answer["ok"];
    assert_eq!((&ok["success"], &ok["subCode"]), (&json!(true), &json!("")), "{answer}");
    assert!(ok["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{answer}");
    ok.clone()
}

/// Makes a cloud call as a mini program does.
#[track_caller]
pub fn by_client(client: &Wire, api: &str, args: Value) -> e2e::Answer {
    client.call(INVOKE, json!({"api": api, "args": args}))
}

/// Looks until `done` gives a value, for what takes longer than most: a lease ends after a minute.
#[track_caller]
pub fn slowly<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(150);
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what} did not come within 150 s");
        thread::sleep(Duration::from_millis(200));
    }
}
