//! The functions that the prelude calls, and the state behind them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deno_v8 as v8;
use sdk_plugin::{Body, Call, CallerKind, Error, codes};
use serde_json::json;
use tokio::runtime::Handle;

use super::builtins::{self, builtin};
use super::code_cache::{CodeCache, Fresh};
use super::convert;
use super::introspect::{async_context, heap, kind, own_names, preview, promise_details, proxy_details, run_microtasks, set_async_context};
use super::isolate::text;
use super::memory::{Buffers, Held as BufferHeld};
use super::modules::{Modules, compile, import_module, is_es_module, outcome};
use super::natives;
use super::wasm::keep;
use super::worker::Setup;
use crate::native::{self, Env, Failure};
use crate::package::{Package, Wanted};
use crate::runtime::{Answer, Guard, Instance, Lines, MAX_OPEN_CALLS, MAX_OPEN_OF_CALL, Message, Upstream, facts};

/// The most timers that wait in one isolate.
const MAX_TIMERS: usize = 10_000;

/// The call of what belongs to none any more.
pub const NOBODY: u32 = 0;

/// How much longer than the function its calls of services may take, so that a function which waits
/// for one too long is ended by its own deadline, and not told of the service's.
const GRACE: Duration = Duration::from_millis(50);

/// How long a stretch may take whose call has ended already.
pub const LEFTOVER: Duration = Duration::from_millis(200);

/// A call of the function that has not ended.
pub struct Running {
    pub call: Call,
    pub lines: Arc<Lines>,
    pub began: Instant,
    /// How long its JavaScript may run.
    pub cpu: Duration,
    /// How long it may still run.
    pub cpu_left: Duration,
    /// How many of its calls of services and native ops are open.
    pub open: usize,
}

/// What an isolate's thread knows. JavaScript names calls by their keys in `running`.
pub struct State {
    pub running: HashMap<u32, Running>,
    /// The call that the current stretch belongs to; it need not be running any more.
    pub current: u32,
    /// Timers by the time they are due: number and call.
    pub timers: BTreeSet<(Instant, u32, u32)>,
    due: HashMap<u32, (Instant, u32)>,
    /// Calls of services and native ops that have not been answered, with the call of the function
    /// they belong to; 0 when that has ended.
    pub open: HashMap<u32, u32>,
    /// What calls left behind when they ended, timers included.
    pub abandoned: Vec<u32>,
    /// What native ops know of this isolate.
    pub env: Env,
    pub buffers: Buffers,
    /// How much of what native ops keep the engine has counted, in bytes.
    pub counted: i64,
    pub rejected: Vec<v8::Global<v8::Promise>>,
    pub modules: Modules,
    pub code_cache: Arc<CodeCache>,
    /// Functions whose bytecode is not in the cache.
    pub fresh: Vec<Fresh>,
    pub instance: Arc<Instance>,
    guard: Arc<Guard>,
    pub package: Arc<Package>,
    upstream: Arc<dyn Upstream>,
    tasks: Handle,
    max_reply: usize,
}

impl State {
    pub fn new(setup: &Setup, guard: Arc<Guard>) -> Self {
        Self {
            running: HashMap::new(),
            current: 0,
            timers: BTreeSet::new(),
            due: HashMap::new(),
            open: HashMap::new(),
            abandoned: Vec::new(),
            env: Env::new(&setup.instance.target.space, setup.package.clone(), setup.network.clone()),
            buffers: Buffers::new(setup.instance.target.memory),
            counted: 0,
            rejected: Vec::new(),
            modules: Modules::default(),
            code_cache: setup.code_cache.clone(),
            fresh: Vec::new(),
            instance: setup.instance.clone(),
            guard,
            package: setup.package.clone(),
            upstream: setup.upstream.clone(),
            tasks: setup.tasks.clone(),
            max_reply: setup.max_reply,
        }
    }

    /// Ends a call.
    pub fn end(&mut self, call: u32, result: Result<String, Error>) {
        if let Some(running) = self.running.remove(&call) {
            self.abandon(call, running.open);
            if call == self.current {
                // Its code may go on, as it does when it catches what `process.exit` throws, and others wait.
                self.guard.hasten(Instant::now() + LEFTOVER);
            }
            self.instance.end(call, result);
        }
    }

    /// Lets go of what a call waits for. What it asked of services is done all the same.
    fn abandon(&mut self, call: u32, open: usize) {
        if open > 0 {
            for (id, of) in self.open.iter_mut().filter(|(_, of)| **of == call) {
                *of = NOBODY;
                self.abandoned.push(*id);
            }
        }
        if self.timers.iter().any(|(_, _, of)| *of == call) {
            let (abandoned, due) = (&mut self.abandoned, &mut self.due);
            self.timers.retain(|(_, id, of)| {
                let stays = *of != call;
                if !stays {
                    due.remove(id);
                    abandoned.push(*id);
                }
                stays
            });
        }
    }

    /// An answer has come: the call that it is for, unless that has ended.
    pub fn answered(&mut self, id: u32) -> Option<u32> {
        let call = self.open.remove(&id)?;
        let running = self.running.get_mut(&call)?;
        running.open -= 1;
        Some(call)
    }

    /// Ends a call whose code threw.
    pub fn fail(&mut self, call: u32, message: String, stack: &str) {
        if !stack.is_empty() {
            self.log(call, "error", stack.to_owned());
        }
        self.end(call, Err(Error::new(codes::FUNCTION, message)));
    }

    /// Adds a log line to a call; 0 stands for the one whose stretch this is.
    pub fn log(&self, call: u32, level: &'static str, text: String) {
        let call = if call == 0 { self.current } else { call };
        if let Some(running) = self.running.get(&call) {
            running.lines.push(level, text);
        }
    }

    fn settle(&mut self, call: u32, result: String) {
        let result = if result.len() > self.max_reply {
            let message = format!("the result has {} bytes; {} are allowed", result.len(), self.max_reply);
            Err(Error::new(codes::FUNCTION_RESOURCE, message))
        } else {
            Ok(result)
        };
        self.end(call, result);
    }

    /// The timer that is due, if any: its number and its call.
    pub fn due(&mut self, now: Instant) -> Option<(u32, u32)> {
        let first = *self.timers.first().filter(|(at, ..)| *at <= now)?;
        self.timers.remove(&first);
        self.due.remove(&first.1);
        Some((first.1, first.2))
    }

    fn set_timer(&mut self, id: u32, delay: f64) -> bool {
        if self.timers.len() >= MAX_TIMERS {
            return false;
        }
        // NaN compares with nothing.
        let seconds = if delay > 0.0 { (delay / 1000.0).min(3e6) } else { 0.0 };
        let at = Instant::now() + Duration::from_secs_f64(seconds);
        self.timers.insert((at, id, self.current));
        self.due.insert(id, (at, self.current));
        true
    }

    fn clear_timer(&mut self, id: u32) {
        if let Some((at, call)) = self.due.remove(&id) {
            self.timers.remove(&(at, id, call));
        }
    }

    /// Begins a call of a service on behalf of a call of the function, perhaps with a stream of bytes
    /// that count as the function's memory for as long.
    fn call(&mut self, call: u32, id: u32, method: String, params: String, body: Option<(Vec<u8>, BufferHeld)>) -> Result<(), Error> {
        let full = self.open.len() >= MAX_OPEN_CALLS;
        let running = self
            .running
            .get_mut(&call)
            .ok_or_else(|| Error::new(codes::FUNCTION_SERVER, "the call of the function that this belongs to has ended"))?;
        if full || running.open >= MAX_OPEN_OF_CALL {
            return Err(Error::new(codes::THROTTLED_CONCURRENCY, too_many(full)));
        }
        running.open += 1;
        let deadline = running.call.deadline + GRACE;
        let mut request = running.call.follow(method, params);
        request.deadline = deadline;
        request.caller.kind = CallerKind::Function;
        let held = body.map(|(bytes, held)| {
            request.body = Some(Body::full(bytes));
            held
        });
        self.open.insert(id, call);
        let work = self.upstream.call(request);
        let instance = self.instance.clone();
        self.tasks.spawn(async move {
            let result = match tokio::time::timeout_at(deadline.into(), work).await {
                Ok(result) => result.map(|reply| reply.data),
                Err(_) => Err(Error::new(codes::TIMEOUT, "the call did not end before the function's deadline")),
            };
            drop(held);
            instance.send(Message::Completed { id, answer: Answer::Service(result) });
        });
        Ok(())
    }

    /// Begins a native op on behalf of the call whose stretch this is.
    pub fn begin(
        &mut self,
        id: u32,
        op: fn(&mut Env, &native::Args) -> native::Result<native::Work>,
        args: &native::Args,
    ) -> native::Result<()> {
        let full = self.open.len() >= MAX_OPEN_CALLS;
        let Some(running) = self.running.get_mut(&self.current) else {
            return Err(Failure::error("ERR_CALL_ENDED", "the call of the function that this belongs to has ended"));
        };
        if full || running.open >= MAX_OPEN_OF_CALL {
            return Err(Failure::error("ERR_TOO_MANY_OPERATIONS", too_many(full)));
        }
        let deadline = running.call.deadline + GRACE;
        self.env.deadline = running.call.deadline;
        // The work may hold what it was given for as long as it takes.
        let Some(held) = self.buffers.hold(args.size()) else {
            return Err(Failure::range_error("ERR_MEMORY_ALLOCATION_FAILED", "the arguments do not fit into the function's memory"));
        };
        let work = {
            let _entered = self.tasks.enter();
            op(&mut self.env, args)?
        };
        running.open += 1;
        self.open.insert(id, self.current);
        let instance = self.instance.clone();
        self.tasks.spawn(async move {
            let result = match tokio::time::timeout_at(deadline.into(), work).await {
                Ok(result) => result,
                Err(_) => Err(Failure::error("ETIMEDOUT", "the operation did not end before the function's deadline")),
            };
            drop(held);
            instance.send(Message::Completed { id, answer: Answer::Native(result) });
        });
        Ok(())
    }
}

fn too_many(of_instance: bool) -> String {
    if of_instance {
        format!("the calls of this function have {MAX_OPEN_CALLS} requests open together; no more are allowed")
    } else {
        format!("this call has {MAX_OPEN_OF_CALL} requests open; no more are allowed at once")
    }
}

/// How an error reaches JavaScript: without its causes.
pub fn error_text(error: &Error) -> String {
    json!({"code": error.code(), "message": error.message()}).to_string()
}

pub type Shared = Rc<RefCell<State>>;
pub type Scope<'s, 'i> = v8::PinScope<'s, 'i>;
pub type Args<'s> = v8::FunctionCallbackArguments<'s>;
pub type Return<'s> = v8::ReturnValue<'s, v8::Value>;

pub fn state(scope: &Scope) -> Option<Shared> {
    scope.get_slot::<Shared>().cloned()
}

fn number(scope: &mut Scope, args: &Args, index: i32) -> u32 {
    args.get(index).uint32_value(scope).unwrap_or(0)
}

pub fn string(scope: &mut Scope, args: &Args, index: i32) -> String {
    args.get(index).to_string(scope).map_or_else(String::new, |string| convert::string_of(scope, string))
}

fn answer(scope: &mut Scope, mut rv: Return, utf8: &[u8]) {
    if let Some(value) = text(scope, utf8) {
        rv.set(value.into());
    }
}

/// Names the functions that the prelude gets, for what is done with each.
macro_rules! each_function {
    ($done:ident) => {
        $done!(
            settle,
            fail,
            facts_of,
            log,
            call,
            timer,
            clear,
            resolve,
            main,
            source,
            decode,
            exit,
            compile,
            is_es_module,
            import_module,
            outcome,
            builtin,
            kind,
            promise_details,
            proxy_details,
            preview,
            own_names,
            async_context,
            set_async_context,
            run_microtasks,
            heap,
            keep
        )
    };
}

/// Ends the current call with a message, whatever its code does next.
fn exit(scope: &mut Scope, args: Args, _: Return) {
    let message = string(scope, &args, 0);
    if let Some(state) = state(scope) {
        let call = state.borrow().current;
        state.borrow_mut().fail(call, message, "");
    }
}

/// The functions as an object that only the prelude sees.
pub fn table<'s>(scope: &mut Scope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
    let table = v8::Object::new(scope);
    macro_rules! add {
        ($($name:ident),*) => {$(
            let key = v8::String::new(scope, stringify!($name))?;
            let function = v8::Function::new(scope, $name)?;
            table.set(scope, key.into(), function.into())?;
        )*};
    }
    each_function!(add);
    for (name, value) in [("builtin_names", builtins::names(scope)?), ("natives", natives::table(scope)?)] {
        let name = v8::String::new(scope, name)?;
        table.set(scope, name.into(), value.into())?;
    }
    Some(table)
}

/// The functions as a snapshot names them.
#[cfg(feature = "v8")]
pub fn references() -> Vec<v8::ExternalReference> {
    use v8::MapFnTo;
    macro_rules! list {
        ($($name:ident),*) => { vec![$(v8::ExternalReference { function: $name.map_fn_to() }),*] };
    }
    let mut references = each_function!(list);
    references.extend(natives::references());
    references
}

fn settle(scope: &mut Scope, args: Args, _: Return) {
    let (call, result) = (number(scope, &args, 0), string(scope, &args, 1));
    if let Some(state) = state(scope) {
        state.borrow_mut().settle(call, result);
    }
}

fn fail(scope: &mut Scope, args: Args, _: Return) {
    let (call, message, stack) = (number(scope, &args, 0), string(scope, &args, 1), string(scope, &args, 2));
    if let Some(state) = state(scope) {
        state.borrow_mut().fail(call, message, &stack);
    }
}

fn facts_of(scope: &mut Scope, args: Args, rv: Return) {
    let call = number(scope, &args, 0);
    let facts = state(scope).and_then(|state| state.borrow().running.get(&call).map(|running| facts(&running.call)));
    answer(scope, rv, facts.as_deref().unwrap_or(r#"{"env":{}}"#).as_bytes());
}

fn log(scope: &mut Scope, args: Args, _: Return) {
    let (call, level, line) = (number(scope, &args, 0), string(scope, &args, 1), string(scope, &args, 2));
    let level = match level.as_str() {
        "debug" => "debug",
        "warn" => "warn",
        "error" => "error",
        _ => "info",
    };
    if let Some(state) = state(scope) {
        state.borrow().log(call, level, line);
    }
}

fn call(scope: &mut Scope, args: Args, rv: Return) {
    let (call, id) = (number(scope, &args, 0), number(scope, &args, 1));
    let (method, params) = (string(scope, &args, 2), string(scope, &args, 3));
    let Some(state) = state(scope) else { return };
    let body = match v8::Local::<v8::ArrayBufferView>::try_from(args.get(4)) {
        Ok(view) => match state.borrow().buffers.hold(view.byte_length()) {
            Some(held) => Ok(Some((bytes(view), held))),
            None => Err(Error::new(codes::FUNCTION_RESOURCE, "the file does not fit into the function's memory")),
        },
        Err(_) => Ok(None),
    };
    let begun = body.and_then(|body| state.borrow_mut().call(call, id, method, params, body));
    if let Err(error) = begun {
        answer(scope, rv, error_text(&error).as_bytes());
    }
}

fn timer(scope: &mut Scope, args: Args, mut rv: Return) {
    let id = number(scope, &args, 0);
    let delay = args.get(1).number_value(scope).unwrap_or(0.0);
    rv.set_bool(state(scope).is_some_and(|state| state.borrow_mut().set_timer(id, delay)));
}

fn clear(scope: &mut Scope, args: Args, _: Return) {
    let id = number(scope, &args, 0);
    if let Some(state) = state(scope) {
        state.borrow_mut().clear_timer(id);
    }
}

fn resolve(scope: &mut Scope, args: Args, rv: Return) {
    let (folder, request) = (string(scope, &args, 0), string(scope, &args, 1));
    let Some(state) = state(scope) else { return };
    let found = state.borrow().package.resolve(&folder, &request, Wanted::Require);
    if let Some(found) = found {
        answer(scope, rv, found.as_bytes());
    }
}

fn main(scope: &mut Scope, _: Args, rv: Return) {
    let Some(state) = state(scope) else { return };
    let package = state.borrow().package.clone();
    answer(scope, rv, package.main().as_bytes());
}

fn source(scope: &mut Scope, args: Args, rv: Return) {
    let path = string(scope, &args, 0);
    let Some(state) = state(scope) else { return };
    let package = state.borrow().package.clone();
    answer(scope, rv, package.source(&path));
}

/// A copy of the bytes of a view.
fn bytes(view: v8::Local<v8::ArrayBufferView>) -> Vec<u8> {
    let mut bytes = vec![0; view.byte_length()];
    let copied = view.copy_contents(&mut bytes);
    bytes.truncate(copied);
    bytes
}

/// The text of a `Uint8Array`; `undefined` when it is not UTF-8 and must be.
fn decode(scope: &mut Scope, args: Args, rv: Return) {
    let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(args.get(0)) else { return };
    let strict = args.get(1).boolean_value(scope);
    match String::from_utf8(bytes(view)) {
        Ok(valid) => answer(scope, rv, valid.as_bytes()),
        Err(_) if strict => {}
        Err(invalid) => {
            let repaired = String::from_utf8_lossy(invalid.as_bytes()).into_owned();
            answer(scope, rv, repaired.as_bytes());
        }
    }
}

/// Remembers promises that are rejected before anybody handles them.
pub unsafe extern "C" fn promise_rejected(message: v8::PromiseRejectMessage) {
    if message.get_event() != v8::PromiseRejectEvent::PromiseRejectWithNoHandler {
        return;
    }
    // SAFETY: the engine calls this with its isolate entered, and the scope ends with the function.
    v8::callback_scope!(unsafe scope, &message);
    let promise = v8::Global::new(scope, message.get_promise());
    if let Some(state) = scope.get_slot::<Shared>().cloned()
        && let Ok(mut state) = state.try_borrow_mut()
        && state.rejected.len() < 100
    {
        state.rejected.push(promise);
    }
}
