//! What the function service asks of a runtime, and the pool of instances that the built-in V8
//! runtime is made of.

mod calls;
mod guard;
mod instance;
mod lines;
mod pool;
mod pressure;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, CallerKind, Error, Reply, Result};
use serde_json::json;
use tokio::sync::oneshot;

use crate::package::Package;

pub use calls::{Claim, Ending};
pub use guard::{Guard, Interrupt, Loss, StopCause};
pub use instance::{Answer, Instance, MAX_OPEN_CALLS, MAX_OPEN_OF_CALL, Message};
pub use lines::{Line, Lines, now};
pub use pool::{Choice, Lease, Pool, PoolLimits};
pub use pressure::{limit as memory_limit, resident};

/// One version of a function with its settings: what instances are made for.
#[derive(Debug)]
pub struct Target {
    /// Names this version and these settings; instances are shared by calls with the same key.
    pub key: Arc<str>,
    /// The space the function belongs to.
    pub space: String,
    /// The function's name.
    pub name: String,
    /// The heap limit of an instance, in bytes.
    pub memory: usize,
    /// How many calls an instance runs at once.
    pub concurrency: usize,
}

/// What a call holds until it has ended, such as its place among those of its space.
pub type Held = Box<dyn Send>;

/// One call of a function.
pub struct Invocation {
    /// The call that it answers. Its deadline is that of the function's own calls, too.
    pub call: Call,
    /// `ctx.args` as JSON text.
    pub args: String,
    /// How long its JavaScript may run, waiting not counted.
    pub cpu: Duration,
    /// What the function logs.
    pub lines: Arc<Lines>,
}

/// What became of an invocation.
#[derive(Debug)]
pub struct Outcome {
    /// The return value as JSON text, or the error for the caller.
    pub result: Result<String>,
    /// The heap in use when it ended, in bytes; as last measured.
    pub memory: usize,
}

/// How a running function calls services: in this process, unsigned, as itself.
pub trait Upstream: Send + Sync + 'static {
    /// Makes a call.
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;
}

/// [`Upstream`] over whatever can make calls.
pub struct Through<C>(pub C);

impl<C: Calls> Upstream for Through<C> {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<Reply>> + Send>> {
        let calls = self.0.clone();
        Box::pin(async move { calls.make(call).await })
    }
}

/// A package that is read when an instance is made of it.
pub trait Packed: Sync {
    /// The package.
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Arc<Package>>> + Send + '_>>;
}

/// A runtime: it runs packages.
pub trait Runtime: Send + Sync + 'static {
    /// Finds an instance for a call, or makes one of its package.
    fn lease(&self, target: &Arc<Target>, package: &dyn Packed) -> impl Future<Output = Result<Lease>> + Send;

    /// Has the instances of a function end once their calls have; of a whole space, without a name.
    fn retire(&self, space: &str, name: Option<&str>);

    /// Has all instances end.
    fn shut_down(&self);
}

/// To how many instances a call is given at most, when they end before they begin it.
const TRIES: usize = 3;

/// Runs a call to its end or its deadline, whichever is first. Its code runs once at most: a call is
/// given to another instance only when the first one ended before it began.
///
/// The outcome's error is `FunctionBizError` when the function throws, `FunctionResourceExhausted` when
/// it runs out of time or memory, `FunctionServerError` when its instance is lost.
///
/// # Errors
/// When there is no instance for it, as [`Runtime::lease`] says.
pub async fn run<R: Runtime>(
    runtime: &R,
    target: &Arc<Target>,
    package: &dyn Packed,
    invocation: Invocation,
    held: Held,
) -> Result<Outcome> {
    let deadline = invocation.call.deadline;
    let (mut invocation, mut held) = (Box::new(invocation), held);
    for _ in 0..TRIES {
        let lease = runtime.lease(target, package).await?;
        let (reply, ending) = oneshot::channel();
        let allowed = invocation.call.remaining();
        let instance = lease.send(invocation, Claim { held, reply });
        match tokio::time::timeout_at(deadline.into(), ending).await {
            Ok(Ok(Ending::Outcome(outcome))) => return Ok(outcome),
            Ok(Ok(Ending::Unbegun(unbegun, place))) => (invocation, held) = (unbegun, place),
            Ok(Err(_)) => break,
            Err(_) => return Ok(Outcome { result: Err(out_of_time(allowed)), memory: instance.memory() }),
        }
    }
    Ok(Outcome { result: Err(ended()), memory: 0 })
}

/// The error of a call whose instance ended before the call did.
pub fn ended() -> Error {
    Error::new(sdk_plugin::codes::FUNCTION_SERVER, "the function's instance ended unexpectedly").retryable()
}

/// The error of a call that took longer than it may.
pub fn out_of_time(allowed: Duration) -> Error {
    let seconds = allowed.as_secs_f64();
    Error::new(sdk_plugin::codes::FUNCTION_RESOURCE, format!("the function did not end within {seconds:.1} seconds"))
}

/// The error of a call that went on when it was stopped.
pub fn unstoppable() -> Error {
    Error::new(sdk_plugin::codes::FUNCTION_RESOURCE, "the function did not end in its time and could not be stopped")
}

/// The error of a call that computed for longer than it may.
pub fn out_of_cpu(allowed: Duration) -> Error {
    let seconds = allowed.as_secs_f64();
    Error::new(sdk_plugin::codes::FUNCTION_RESOURCE, format!("the function computed for more than {seconds:.1} seconds"))
}

/// The error of a call that took more memory than the function may.
pub fn out_of_memory(memory: usize) -> Error {
    Error::new(sdk_plugin::codes::FUNCTION_RESOURCE, format!("the function took more than its {} MB of memory", memory / (1024 * 1024)))
}

/// What a function learns of its call: `ctx.env` and the request id, as JSON text.
pub fn facts(call: &Call) -> String {
    let caller = &call.caller;
    let source = match caller.kind {
        CallerKind::Client => "client",
        CallerKind::Function => "function",
        CallerKind::Timer => "timing",
        CallerKind::Http => "http",
        CallerKind::Server | CallerKind::Admin | CallerKind::System => "server",
    };
    let mut env = json!({"MP_SPACE_ID": call.space, "MP_SOURCE": source});
    if caller.kind == CallerKind::Client {
        for (key, value) in [("MP_USER_AGENT", &caller.user_agent), ("MP_CLIENT_IP", &caller.ip), ("MP_APP_ID", &caller.app)] {
            if !value.is_empty() {
                env[key] = value.as_str().into();
            }
        }
    }
    json!({"env": env, "requestId": call.request_id}).to_string()
}

/// How much earlier than its caller gives up a function is ended, so that the caller hears why.
const MARGIN: Duration = Duration::from_millis(50);

/// A deadline that is not later than `seconds` from now, and a little before `deadline`.
pub fn within(deadline: Instant, seconds: u64) -> Instant {
    deadline.checked_sub(MARGIN).unwrap_or(deadline).min(Instant::now() + Duration::from_secs(seconds))
}
