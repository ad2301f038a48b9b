//! Real JavaScript in the real engine; only the services that functions call are made up here.
#![allow(clippy::unwrap_used)]

use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Caller, CallerKind, Reply};
use serde_json::{Value, json};

use super::*;
use crate::package::Package;
use crate::runtime::{Invocation, Line, Lines, Outcome, Packed, Through, run};

/// Method, kind of caller, user and parameters of a call.
pub type Asked = (String, CallerKind, String, Value);

/// Answers calls of services, and keeps what it was asked.
#[derive(Clone, Default)]
struct Services {
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Calls for Services {
    async fn make(&self, call: Call) -> Result<Reply> {
        let params: Value = serde_json::from_slice(&call.params).unwrap();
        self.asked.lock().unwrap().push((call.method.clone(), call.caller.kind, call.caller.user.clone(), params.clone()));
        match call.method.as_str() {
            "test.echo" => Reply::json(&params),
            "test.slow" => {
                tokio::time::sleep(Duration::from_millis(30)).await;
                Reply::json(&"slow")
            }
            "test.never" => std::future::pending().await,
            "serverless.db.default.execute" if params["command"] == "startTransaction" => {
                Reply::json(&json!({"affectedDocs": 0, "transactionId": "t1"}))
            }
            "serverless.db.default.execute" => Reply::json(&json!({
                "affectedDocs": 1,
                "result": [{"_id": "1", "at": "2026-01-02T03:04:05.678Z", "text": "2026-01-02", "deep": {"list": ["1999-12-31T23:59:59.999Z"]}}]
            })),
            "serverless.auth.user.getProfileInfo" => Reply::json(&json!({"user": {"userId": call.caller.user}})),
            "serverless.function.runtime.invoke" => {
                Reply::json(&json!({"called": params["functionTarget"], "with": params["functionArgs"]}))
            }
            "serverless.cloudcall.invoke" if params["api"] == "payment.common.query" => {
                Reply::json(&json!({"requestId": call.request_id, "success": true, "result": {"tradeNo": "9"}, "tradeNo": "9"}))
            }
            "serverless.cloudcall.invoke" if params["api"] == "payment.common.refund" => {
                Err(Error::new("OUTCOME_UNKNOWN", "the platform's answer did not come"))
            }
            "serverless.file.resource.delete" | "serverless.file.resource.info" => Reply::json(&params),
            "serverless.file.resource.put" => {
                let bytes = call.body.unwrap().collect(usize::MAX).await?;
                Reply::json(&json!({"params": params, "text": String::from_utf8_lossy(&bytes)}))
            }
            method => Err(Error::new(codes::INVALID_METHOD, format!("no method `{method}`"))),
        }
    }
}

pub struct Function {
    engine: Engine,
    services: Services,
    target: Arc<Target>,
    package: Arc<Package>,
    limits: PoolLimits,
    pub cpu: Duration,
}

impl Packed for Function {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Arc<Package>>> + Send + '_>> {
        Box::pin(async { Ok(self.package.clone()) })
    }
}

pub const MB: usize = 1024 * 1024;

impl Function {
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self::with(files, 128 * MB, 2)
    }

    /// One whose network is as open as a policy says.
    pub fn within(self, network: Network) -> Self {
        let engine = Engine::new(self.limits, MB, Arc::new(Through(self.services.clone())), Arc::new(network));
        Self { engine, ..self }
    }

    pub fn with(files: &[(&str, &str)], memory: usize, per_function: usize) -> Self {
        let services = Services::default();
        let limits = PoolLimits { per_function, total: 16, idle: Duration::from_secs(60), memory: u64::MAX };
        let engine = Engine::new(limits, MB, Arc::new(Through(services.clone())), Arc::default());
        let target = Target { key: "v1".into(), space: "space".to_owned(), name: "hello".to_owned(), memory, concurrency: 100 };
        Self { engine, services, target: Arc::new(target), package: Arc::new(Package::of(files)), limits, cpu: Duration::from_secs(60) }
    }

    /// A function of a package that is at hand.
    pub fn of_package(package: Package, memory: usize) -> Self {
        Self { package: Arc::new(package), ..Self::with(&[("index.js", "")], memory, 1) }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The calls of services that it has made.
    pub fn asked(&self) -> Vec<Asked> {
        self.services.asked.lock().unwrap().clone()
    }

    pub fn js(code: &str) -> Self {
        Self::of(&[("index.js", code)])
    }

    /// A function whose calls all run in one isolate.
    pub fn alone(code: &str) -> Self {
        Self::with(&[("index.js", code)], 128 * MB, 1)
    }

    pub async fn invoke(&self, args: Value, allowed: Duration) -> (Outcome, Vec<Line>) {
        let mut call = Call::new("space", "serverless.function.runtime.invoke", Bytes::new());
        call.caller = Caller {
            kind: CallerKind::Client,
            user: "user-1".to_owned(),
            app: "app-1".to_owned(),
            ip: "1.2.3.4".to_owned(),
            user_agent: "agent".to_owned(),
        };
        call.request_id = "request-1".to_owned();
        call.deadline = Instant::now() + allowed;
        let lines = Arc::new(Lines::default());
        let invocation = Invocation { call, args: args.to_string(), cpu: self.cpu, lines: lines.clone() };
        let outcome = run(&self.engine, &self.target, self, invocation, Box::new(())).await.unwrap();
        (outcome, lines.take().0)
    }

    pub async fn call(&self, args: Value) -> Result<Value> {
        let (outcome, _) = self.invoke(args, Duration::from_secs(30)).await;
        outcome.result.map(|text| serde_json::from_str(&text).unwrap())
    }

    /// The result of a call that must succeed.
    pub async fn ok(&self, args: Value) -> Value {
        self.call(args).await.unwrap()
    }

    /// Code and message of a call that must fail.
    pub async fn error(&self, args: Value) -> (String, String) {
        let error = self.call(args).await.expect_err("must fail");
        (error.code().to_owned(), error.message().to_owned())
    }
}

#[tokio::test]
async fn results_are_json() {
    let f = Function::js("module.exports = (ctx) => eval('(' + ctx.args.code + ')')");
    for (code, result) in [
        ("1 + 1", json!(2)),
        ("'小明'", json!("小明")),
        ("undefined", Value::Null),
        ("null", Value::Null),
        ("() => 1", Value::Null),
        ("({a: [1, undefined, NaN], b: undefined, d: new Date(0)})", json!({"a": [1, null, null], "d": "1970-01-01T00:00:00.000Z"})),
        ("Promise.resolve({x: 1})", json!({"x": 1})),
        ("({then(resolve) { resolve('thenable') }})", json!("thenable")),
        ("(async () => { await null; return 'async' })()", json!("async")),
    ] {
        let (outcome, _) = f.invoke(json!({"code": code}), Duration::from_secs(30)).await;
        let value: Value = serde_json::from_str(&outcome.result.unwrap()).unwrap();
        assert_eq!(value, result, "{code}");
    }
}

#[tokio::test]
async fn what_a_function_throws_is_its_error() {
    let f = Function::js(
        "module.exports = (ctx) => { switch (ctx.args) {
            case 'sync': throw new Error('sync broke');
            case 'async': return Promise.reject(new TypeError('async broke'));
            case 'text': throw 'just text';
            case 'nothing': throw undefined;
            case 'object': throw { code: 'X', message: 'an object' };
            case 'circular': { const a = {}; a.a = a; return a; }
            case 'bigint': return 1n;
            case 'trap': throw { get message() { throw new Error('no') } };
        } }",
    );
    for (args, message) in [
        ("sync", "sync broke"),
        ("async", "async broke"),
        ("text", "just text"),
        ("nothing", "undefined"),
        ("object", "an object"),
        ("trap", "the function threw a value that cannot be shown"),
    ] {
        assert_eq!(f.error(json!(args)).await, (codes::FUNCTION.to_owned(), message.to_owned()));
    }
    for args in ["circular", "bigint"] {
        assert_eq!(f.error(json!(args)).await.0, codes::FUNCTION);
    }
    assert_eq!(f.ok(json!("fine")).await, Value::Null);
}

#[tokio::test]
async fn modules_are_found_loaded_once_and_their_errors_are_told() {
    let f = Function::of(&[
        (
            "index.js",
            "const data = require('./data.json'); const m = require('m'); const again = require('./node_modules/m/main');
             exports.main = (ctx) => { switch (ctx.args) {
               case 'data': return [data.n, m.name, m === again, __filename, __dirname, require('./lib').x, require.resolve('./lib'), this === module.exports];
               case 'broken': return require('./broken');
               case 'gone': return require('./gone');
               case 'cycle': return require('./a').done;
               default: return require(ctx.args);
             } }",
        ),
        ("data.json", r#"{"n": 7}"#),
        ("broken.js", "this is not JavaScript"),
        ("bad.json", "{"),
        ("a.js", "exports.first = 1; const b = require('./b'); exports.done = b.saw"),
        ("b.js", "exports.saw = require('./a').first"),
        ("lib/index.js", "#!/usr/bin/env node\nexports.x = require('../data').n + 1"),
        ("node_modules/m/package.json", r#"{"main": "main.js"}"#),
        ("node_modules/m/main.js", "module.exports = { name: 'm' }"),
    ]);
    assert_eq!(f.ok(json!("data")).await, json!([7, "m", true, "/code/index.js", "/code", 8, "/code/lib/index.js", true]));
    assert_eq!(f.ok(json!("cycle")).await, json!(1));
    let (code, message) = f.error(json!("broken")).await;
    assert_eq!(code, codes::FUNCTION);
    assert!(!message.is_empty());
    assert!(f.error(json!("gone")).await.1.contains("Cannot find module './gone'"));
    assert_eq!(f.error(json!("node:gone")).await.1, "No such built-in module: node:gone");
    assert!(f.error(json!("./bad.json")).await.1.starts_with("/code/bad.json"));
    assert_eq!(f.error(json!("../../etc/passwd")).await.0, codes::FUNCTION);
}

#[tokio::test]
async fn a_module_that_throws_is_tried_again() {
    let f = Function::alone("globalThis.n = (globalThis.n || 0) + 1; if (n < 2) throw new Error('not yet'); module.exports = () => n");
    assert_eq!(f.error(json!(0)).await.1, "not yet");
    assert_eq!(f.ok(json!(0)).await, json!(2));
    let f = Function::js("module.exports = { nothing: 1 }");
    assert!(f.error(json!(0)).await.1.contains("must export a function"));
}

#[tokio::test]
async fn timers_and_microtasks_run_in_order() {
    let f = Function::js(
        "module.exports = async () => {
            const order = [];
            const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
            setTimeout(() => order.push('30'), 30);
            setTimeout((a, b) => order.push(a + b), 10, 'te', 'n');
            const gone = setTimeout(() => order.push('never'), 5);
            clearTimeout(gone);
            setImmediate(() => order.push('immediate'));
            queueMicrotask(() => order.push('micro'));
            order.push('now');
            let ticks = 0;
            const every = setInterval(() => { if (++ticks === 3) clearInterval(every); }, 2).unref();
            await sleep(60);
            return { order, ticks };
        }",
    );
    assert_eq!(f.ok(json!(0)).await, json!({"order": ["now", "micro", "immediate", "ten", "30"], "ticks": 3}));
}

#[tokio::test]
async fn timers_end_with_their_call() {
    let f = Function::alone(
        "globalThis.late = 0;
         module.exports = async (ctx) => {
            if (ctx.args === 'leave') { setInterval(() => late++, 1); return; }
            await new Promise((resolve) => setTimeout(resolve, 30));
            return late;
         }",
    );
    f.ok(json!("leave")).await;
    assert_eq!(f.ok(json!("look")).await, json!(0));
}

#[tokio::test]
async fn the_context_tells_who_calls() {
    let f = Function::js("module.exports = (ctx) => { const { args, env } = ctx; return { args, env } }");
    assert_eq!(
        f.ok(json!({"a": 1})).await,
        json!({"args": {"a": 1}, "env": {
            "MP_SPACE_ID": "space", "MP_SOURCE": "client", "MP_USER_AGENT": "agent", "MP_CLIENT_IP": "1.2.3.4", "MP_APP_ID": "app-1"
        }})
    );
}

#[tokio::test]
async fn services_are_called_as_the_function_with_the_same_user() {
    let f = Function::js(
        "module.exports = async (ctx) => {
            const { db, function: other, user, network } = ctx.mpserverless;
            const found = await db.collection('c').find({ n: 1 }, { limit: 2 });
            const row = found.result[0];
            const called = await other.invoke('other', { x: 1 });
            const info = await user.getInfo();
            const echo = await network.forward('test.echo', { d: new Date(0) });
            let refused;
            try { await network.forward('no.such', {}); } catch (error) { refused = [error instanceof Error, error.code, error.message]; }
            return {
                found: [found.success, found.affectedDocs, row.at instanceof Date, row.at.getTime(), row.text, row.deep.list[0] instanceof Date],
                called, info, user: [info.result.user.userId, info.success], echo, refused,
            };
        }",
    );
    assert_eq!(
        f.ok(json!(0)).await,
        json!({
            "found": [true, 1, true, 1_767_323_045_678_u64, "2026-01-02", true],
            "called": {"success": true, "result": {"called": "other", "with": {"x": 1}}, "requestId": "request-1"},
            "info": {"user": {"userId": "user-1"}},
            "user": ["user-1", true],
            "echo": {"success": true, "result": {"d": "1970-01-01T00:00:00.000Z"}},
            "refused": [true, "InvalidMethod.Format", "no method `no.such`"],
        })
    );
    let asked = f.services.asked.lock().unwrap();
    let db = ("serverless.db.default.execute".to_owned(), CallerKind::Function, "user-1".to_owned());
    assert_eq!((asked[0].0.clone(), asked[0].1, asked[0].2.clone()), db);
    assert_eq!(asked[0].3, json!({"collection": "c", "command": "find", "query": {"n": 1}, "options": {"limit": 2}}));
}

#[tokio::test]
async fn every_database_command_has_the_parameters_of_the_sdk() {
    let f = Function::js(
        "module.exports = async (ctx) => {
            const c = ctx.mpserverless.db.collection('c');
            for (const [command, args] of ctx.args) await c[command](...args);
            const t = await ctx.mpserverless.db.startTransaction();
            await t.collection('d').insertOne({ a: 1 });
            await t.commit();
            try { await t.rollback(); } catch (error) { return error.code; }
        }",
    );
    let calls = json!([
        ["aggregate", [[{"$match": {}}], {"explain": true}]], ["count", [{}]], ["distinct", ["k", {}]], ["findOne", []], ["insertMany", [[{}]]],
        ["updateMany", [{}, {"$set": {"a": 1}}, {"upsert": true}]], ["replaceOne", [{}, {"a": 1}]], ["findOneAndUpdate", [{}, {}]],
        ["findOneAndReplace", [{}, {}]], ["findOneAndDelete", [{}]], ["deleteMany", [{}]]
    ]);
    assert_eq!(f.ok(calls).await, json!("TransactionError"));
    let asked: Vec<Value> = f.services.asked.lock().unwrap().iter().map(|(_, _, _, params)| params.clone()).collect();
    assert_eq!(asked[0], json!({"collection": "c", "command": "aggregate", "pipeline": [{"$match": {}}], "options": {"explain": true}}));
    assert_eq!(asked[2], json!({"collection": "c", "command": "distinct", "key": "k", "query": {}, "options": {}}));
    assert_eq!(asked[3], json!({"collection": "c", "command": "findOne", "options": {}}));
    assert_eq!(asked[4], json!({"collection": "c", "command": "insertMany", "docs": [{}], "options": {}}));
    assert_eq!(asked[5]["update"], json!({"$set": {"a": 1}}));
    assert_eq!(asked[8]["replacement"], json!({}));
    assert_eq!(asked[12], json!({"collection": "d", "command": "insertOne", "doc": {"a": 1}, "options": {}, "transactionId": "t1"}));
    assert_eq!(asked[13], json!({"command": "commitTransaction", "options": {}, "transactionId": "t1"}));
}

#[tokio::test]
async fn log_lines_have_levels_and_placeholders() {
    let f = Function::js(
        "module.exports = async (ctx) => {
            const { info } = ctx.logger;
            info('hello %s, %d of %i: %j%%', 'you', 1.5, '2.9', { a: [1] });
            ctx.logger.warn({ a: 1, b: ['x', { c: null }] }, 'and', 2n);
            await null;
            console.error(new RangeError('too far').message);
            console.log('%s');
            console.debug(new Map([['k', new Set([1])]]));
            setTimeout(() => { throw new Error('in a timer') }, 1);
            Promise.reject(new Error('nobody cares'));
            await new Promise((resolve) => setTimeout(resolve, 20));
            throw new Error('the end');
        }",
    );
    let (outcome, lines) = f.invoke(json!(0), Duration::from_secs(30)).await;
    assert_eq!(outcome.result.unwrap_err().message(), "the end");
    let lines: Vec<(&str, &str)> = lines.iter().map(|line| (line.level, line.text.as_str())).collect();
    assert_eq!(lines[0], ("info", "hello you, 1.5 of 2: {\"a\":[1]}%"));
    assert_eq!(lines[1], ("warn", "{ a: 1, b: [ 'x', { c: null } ] } and 2n"));
    assert_eq!(lines[2], ("error", "too far"));
    assert_eq!(lines[3], ("info", "%s"));
    assert_eq!(lines[4], ("debug", "Map(1) { 'k' => Set(1) { 1 } }"));
    assert!(lines.iter().any(|(level, text)| *level == "error" && text.contains("nobody cares")), "{lines:?}");
    assert!(lines.iter().any(|(level, text)| *level == "error" && text.contains("in a timer")), "{lines:?}");
    let last = lines.last().unwrap();
    assert!(last.1.contains("the end") && last.1.contains("index.js"), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_loop_ends_and_calls_beside_it_go_on() {
    let f = Function::with(
        &[(
            "index.js",
            "module.exports = async (ctx) => {
                if (ctx.args === 'loop') for (;;) {}
                if (ctx.args === 'async loop') { await null; for (;;) {} }
                if (ctx.args === 'promise loop') for (;;) await null;
                if (ctx.args === 'array loop') for (let list = [];; list.length > 1000 && (list = [])) list.push(new Array(1000));
                await ctx.mpserverless.network.forward('test.slow');
                return 'fine';
            }",
        )],
        128 * MB,
        1,
    );
    for spin in ["loop", "async loop", "promise loop", "array loop"] {
        let beside = f.invoke(json!("slow"), Duration::from_secs(30));
        let looping = async {
            let began = Instant::now();
            // Long enough for the engine to optimize the loop.
            let (outcome, _) = f.invoke(json!(spin), Duration::from_millis(500)).await;
            (outcome, began.elapsed())
        };
        let ((beside, _), (looped, took)) = tokio::join!(beside, looping);
        assert_eq!(beside.result.unwrap(), "\"fine\"", "{spin}");
        assert_eq!(looped.result.unwrap_err().code(), codes::FUNCTION_RESOURCE, "{spin}");
        assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(5), "{spin}: {took:?}");
        assert_eq!(f.ok(json!("slow")).await, json!("fine"), "{spin}");
    }
    assert_eq!(f.engine.instances(), 1, "all of it in one isolate");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_that_never_settles_is_answered_at_its_deadline() {
    let f = Function::js("module.exports = (ctx) => ctx.args ? ctx.mpserverless.network.forward('test.never') : new Promise(() => {})");
    for args in [json!(0), json!(1)] {
        let began = Instant::now();
        let (outcome, _) = f.invoke(args, Duration::from_millis(100)).await;
        assert_eq!(outcome.result.unwrap_err().code(), codes::FUNCTION_RESOURCE);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heap_limit_ends_one_call_and_the_isolate_after_the_others() {
    for bomb in [
        "const keep = []; for (;;) keep.push(new Array(1000).fill(keep.length));",
        "const keep = []; for (let i = 0;; i++) keep.push({ i, s: 'x' + i });",
        "return new Array(1e7).fill(0).length + new Array(1e8).fill(0).length;",
        "let s = 'abcdefgh'; const keep = []; for (let i = 0;; i++) { s = s + i; keep.push(s.split('').reverse()); }",
    ] {
        let code = format!(
            "module.exports = async (ctx) => {{
                if (ctx.args === 'bomb') {{ {bomb} }}
                await ctx.mpserverless.network.forward('test.slow');
                return 'fine';
            }}"
        );
        let f = Function::with(&[("index.js", &code)], 32 * MB, 1);
        let beside = f.invoke(json!("slow"), Duration::from_secs(60));
        let bombing = f.invoke(json!("bomb"), Duration::from_secs(60));
        let ((beside, _), (bombed, _)) = tokio::join!(beside, bombing);
        let error = bombed.result.unwrap_err();
        assert_eq!(error.code(), codes::FUNCTION_RESOURCE, "{bomb}: {error:?}");
        assert!(error.message().contains("32 MB of memory"), "{bomb}: {error:?}");
        assert_eq!(beside.result.unwrap(), "\"fine\"", "{bomb}");
        assert_eq!(f.engine.instances(), 0, "the isolate takes no new calls");
        assert_eq!(f.ok(json!("slow")).await, json!("fine"), "a new isolate");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn array_buffers_count_against_the_memory() {
    let f = Function::with(
        &[(
            "index.js",
            "module.exports = () => { const keep = []; for (let i = 0; i < 1000; i++) keep.push(new Uint8Array(1 << 20).fill(1)); return keep.length }",
        )],
        32 * MB,
        1,
    );
    let (code, message) = f.error(json!(0)).await;
    assert!(code == codes::FUNCTION || code == codes::FUNCTION_RESOURCE, "{code}: {message}");
}

#[tokio::test]
async fn a_stack_overflow_is_an_ordinary_error() {
    let f = Function::js(
        "const deep = (n) => 1 + deep(n + 1);
         module.exports = (ctx) => { if (ctx.args) return deep(0); try { deep(0) } catch (error) { return error.name } }",
    );
    assert_eq!(f.ok(json!(false)).await, json!("RangeError"));
    assert_eq!(f.error(json!(true)).await.0, codes::FUNCTION);
    assert_eq!(f.ok(json!(false)).await, json!("RangeError"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_are_in_flight_in_one_isolate() {
    let f = Arc::new(Function::with(
        &[("index.js", "module.exports = async (ctx) => (await ctx.mpserverless.network.forward('test.slow', {})).result + ctx.args")],
        128 * MB,
        1,
    ));
    f.ok(json!(0)).await;
    let began = Instant::now();
    let calls = (0..50).map(|n| {
        let f = f.clone();
        tokio::spawn(async move { f.ok(json!(n)).await == json!(format!("slow{n}")) })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert!(began.elapsed() < Duration::from_millis(30 * 50 / 2), "{:?}", began.elapsed());
    assert_eq!(f.engine.instances(), 1);
}

#[tokio::test]
async fn text_is_encoded_and_decoded() {
    let f = Function::js(
        "module.exports = () => {
            const bytes = new TextEncoder().encode('小é');
            let strict; try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff])) } catch (e) { strict = e.name }
            return [[...bytes], new TextDecoder().decode(bytes), new TextDecoder().decode(bytes.subarray(3).buffer), new TextDecoder().decode(new Uint8Array([0xff])), strict,
                new TextEncoder().encodeInto('小é', new Uint8Array(4))];
        }",
    );
    assert_eq!(f.ok(json!(0)).await, json!([[229, 176, 143, 195, 169], "小é", "小é", "\u{fffd}", "TypeError", {"read": 1, "written": 3}]));
}

#[tokio::test]
async fn results_have_a_limit() {
    let f = Function::js("module.exports = (ctx) => 'x'.repeat(ctx.args)");
    assert_eq!(f.error(json!(2 * MB)).await.0, codes::FUNCTION_RESOURCE);
    assert_eq!(f.ok(json!(3)).await, json!("xxx"));
}

#[tokio::test(flavor = "multi_thread")]
async fn warm_calls_are_fast() {
    // As the plugin does when it starts.
    start();
    let mut first = Vec::new();
    for _ in 0..5 {
        let f = Function::js("module.exports = (ctx) => ({ text: ctx.args.hello })");
        let began = Instant::now();
        f.ok(json!({"hello": "world"})).await;
        first.push(began.elapsed());
    }
    let f = Arc::new(Function::js("module.exports = (ctx) => ({ text: ctx.args.hello })"));
    f.ok(json!({"hello": "world"})).await;
    let rounds = 2000;
    let began = Instant::now();
    for _ in 0..rounds {
        f.ok(json!({"hello": "world"})).await;
    }
    let alone = began.elapsed() / rounds;
    let began = Instant::now();
    let callers = (0..64).map(|_| {
        let f = f.clone();
        tokio::spawn(async move {
            for _ in 0..rounds / 10 {
                f.ok(json!({"hello": "world"})).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let together = f64::from(64 * rounds / 10) / began.elapsed().as_secs_f64();
    println!("first calls {first:?}, warm call {alone:?}, 64 callers {together:.0} calls a second");
    assert!(alone < Duration::from_millis(5), "{alone:?}");
}
