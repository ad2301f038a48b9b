//! What a call may take, and what becomes of one that takes more.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use sdk_plugin::codes;
use serde_json::json;

use super::tests::{Function, MB};

#[tokio::test]
async fn what_calls_leave_behind_is_let_go() {
    let f = Function::alone(
        "module.exports = (ctx) => {
            globalThis.held ??= [];
            setTimeout(() => globalThis.fired = true, 1);
            setTimeout(() => {}, 1e6);
            setInterval(() => globalThis.fired = true, 1);
            const big = new Uint8Array(1e6);
            ctx.mpserverless.network.forward('test.never', {}).then(() => big);
            held.push(new WeakRef(big));
            return [globalThis.fired === true, held.filter((ref) => ref.deref()).length];
        }",
    );
    // More timers and requests than an isolate may have, and more memory than the function.
    let mut last = json!(null);
    for _ in 0..1500 {
        last = f.ok(json!(0)).await;
    }
    assert_eq!(last[0], json!(false), "a timer of an ended call ran");
    assert!(last[1].as_u64().unwrap() < 300, "{last}");
}

#[tokio::test]
async fn computing_has_a_limit_of_its_own() {
    let mut f = Function::alone(
        "module.exports = async (ctx) => {
            const until = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
            for (let i = 0; i < ctx.args; i++) { until(20); await new Promise((done) => setTimeout(done, 1)); }
            return 'done';
        }",
    );
    f.cpu = Duration::from_millis(300);
    let (code, message) = f.error(json!(1000)).await;
    assert_eq!((code.as_str(), message.as_str()), (codes::FUNCTION_RESOURCE, "the function computed for more than 0.3 seconds"));
    assert_eq!(f.ok(json!(3)).await, json!("done"));
}

#[tokio::test]
async fn a_call_has_so_many_requests_at_once() {
    let f = Function::alone(
        "module.exports = async (ctx) => {
            const all = Array.from({ length: ctx.args }, () => ctx.mpserverless.network.forward('test.slow', {}));
            const settled = await Promise.allSettled(all);
            return [settled.filter((one) => one.status === 'fulfilled').length, settled.at(-1).reason?.code];
        }",
    );
    assert_eq!(f.ok(json!(256)).await, json!([256, null]));
    assert_eq!(f.ok(json!(300)).await, json!([256, codes::THROTTLED_CONCURRENCY]));
}

#[tokio::test]
async fn arguments_of_ops_are_bounded() {
    let f = Function::alone(
        "const { createPublicKey } = require('crypto');
         module.exports = (ctx) => {
            let a = [];
            if (ctx.args === 'long') a = new Array(2e7);
            else for (let i = 0; i < 31; i++) a = [a, a];
            try { createPublicKey({ key: { kty: 'RSA', n: 'AQAB', e: 'AQAB', a }, format: 'jwk' }); return 'made' } catch (error) { return error.code }
         }",
    );
    for kind in ["long", "wide"] {
        let began = Instant::now();
        assert_eq!(f.ok(json!(kind)).await, json!("ERR_OUT_OF_RANGE"), "{kind}");
        assert!(began.elapsed() < Duration::from_secs(2), "{kind}");
    }
}

#[tokio::test]
async fn what_async_ops_were_given_counts_against_the_memory() {
    let f = Function::with(
        &[(
            "index.js",
            "const { scrypt } = require('crypto');
             module.exports = async () => {
                const input = Buffer.alloc(20e6);
                const run = () => new Promise((resolve) => { try { scrypt(input, 'salt', 16, { N: 2 }, (error) => resolve(error ? error.code : 'done')) } catch (error) { resolve(error.code) } });
                const all = await Promise.all(Array.from({ length: 60 }, run));
                return [all.includes('done'), all.includes('ERR_MEMORY_ALLOCATION_FAILED')];
             }",
        )],
        128 * MB,
        1,
    );
    assert_eq!(f.ok(json!(0)).await, json!([true, true]));
}

#[cfg(feature = "v8")]
#[tokio::test]
async fn files_and_compression_streams_count_against_the_memory() {
    for fill in [
        "for (let i = 0; i < 60; i++) require('fs').writeFileSync('/tmp/' + i, Buffer.alloc(1 << 20))",
        "for (let i = 0; i < 500; i++) (globalThis.kept ??= []).push(require('zlib').createBrotliCompress())",
    ] {
        let f = Function::with(
            &[("index.js", &format!("module.exports = (ctx) => {{ if (ctx.args) {{ {fill} }} return 'fine' }}"))],
            32 * MB,
            1,
        );
        let (code, message) = f.error(json!(true)).await;
        assert_eq!(
            (code.as_str(), message.as_str()),
            (codes::FUNCTION_RESOURCE, "the function took more than its 32 MB of memory"),
            "{fill}"
        );
        assert_eq!(f.ok(json!(false)).await, json!("fine"));
    }
}

#[tokio::test]
async fn buffers_do_not_grow_past_the_limit() {
    let f = Function::js(
        "module.exports = () => {
            const tries = [
                () => new ArrayBuffer(8, { maxByteLength: 1e9 }),
                () => new ArrayBuffer.prototype.constructor(8, { maxByteLength: 1e9 }),
                () => new (class extends ArrayBuffer {})(8, { maxByteLength: 1e9 }),
                () => new SharedArrayBuffer(8, { maxByteLength: 1e9 }),
            ];
            const codes = tries.map((run) => { try { run(); return 'made' } catch (error) { return error.code } });
            class Own extends ArrayBuffer {}
            return [codes, new ArrayBuffer(8).byteLength, new Own(4) instanceof Own, new Uint8Array(3).buffer instanceof ArrayBuffer, ArrayBuffer.isView(new Uint8Array(1)), new ArrayBuffer(8).slice(2).byteLength];
        }",
    );
    let refused = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
    assert_eq!(f.ok(json!(0)).await, json!([[refused, refused, refused, refused], 8, true, true, true, 6]));
}

#[tokio::test]
async fn a_heap_that_stays_full_ends_all_calls_of_its_instance() {
    let f = Function::with(
        &[(
            "index.js",
            "globalThis.kept = [];
             module.exports = (ctx) => {
                if (ctx.args === 'wait') return new Promise(() => {});
                for (;;) kept.push(new Array(1000).fill(kept.length));
             }",
        )],
        64 * MB,
        1,
    );
    let (waiting, full) = tokio::join!(f.error(json!("wait")), f.error(json!("fill")));
    assert_eq!(full.0, codes::FUNCTION_RESOURCE);
    assert!(waiting.1.contains("64 MB"), "{waiting:?}");
    let began = Instant::now();
    while f.engine().instances() > 0 && began.elapsed() < Duration::from_secs(5) {
        tokio::task::yield_now().await;
    }
    assert_eq!(f.engine().instances(), 0);
}

#[tokio::test]
async fn odd_delays_of_timers_are_no_delay() {
    let f = Function::js(
        "module.exports = () => new Promise((resolve) => {
            const timer = setTimeout(() => resolve('fired'), 1);
            timer._idleTimeout = NaN;
            timer.refresh();
        })",
    );
    assert_eq!(f.ok(json!(0)).await, json!("fired"));
}

#[tokio::test]
async fn what_was_cut_off_while_loading_is_loaded_anew() {
    let mut f = Function::alone(
        "exports.main = () => 'loaded';
         if (Date.now() % 1000 >= 0 && globalThis.tries === undefined) { globalThis.tries = 1; const end = Date.now() + 300; while (Date.now() < end); }",
    );
    f.cpu = Duration::from_millis(100);
    assert_eq!(f.error(json!(0)).await.0, codes::FUNCTION_RESOURCE);
    f.cpu = Duration::from_secs(5);
    assert_eq!(f.ok(json!(0)).await, json!("loaded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn microtasks_without_end_are_dropped_with_their_call() {
    for chain in [
        "const f = () => Promise.resolve().then(f, f); f();",
        "for (let i = 0; i < 1000; i++) { const f = () => void Promise.resolve().then(f, f); f(); }",
        "const f = () => { queueMicrotask(f); queueMicrotask(() => {}); }; f();",
        "const f = async () => { for (;;) try { await null } catch {} finally { continue } }; f(); f();",
    ] {
        let code = format!("module.exports = (ctx) => {{ if (ctx.args) return 'fine'; {chain} return new Promise(() => {{}}) }}");
        let f = Function::with(&[("index.js", &code)], 64 * MB, 1);
        let (outcome, _) = f.invoke(json!(0), Duration::from_millis(300)).await;
        assert_eq!(outcome.result.unwrap_err().code(), codes::FUNCTION_RESOURCE, "{chain}");
        let began = Instant::now();
        // A call that was sent before the instance gave up is told to try again.
        let next = loop {
            match f.call(json!(1)).await {
                Err(error) if error.is_retryable() => {}
                next => break next,
            }
        };
        assert_eq!(next.unwrap(), json!("fine"), "{chain}");
        assert!(began.elapsed() < Duration::from_secs(3), "{chain}: {:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_catches_what_a_full_heap_throws_is_ended_all_the_same() {
    for bomb in ["keep.push(new Array(1e5).fill(1))", "keep.push('x'.repeat(1e7) + keep.length)"] {
        let code = format!(
            "module.exports = (ctx) => {{ if (ctx.args) return 'fine'; const keep = []; for (;;) {{ try {{ for (;;) {bomb} }} catch {{}} }} }}"
        );
        let f = Function::with(&[("index.js", &code)], 64 * MB, 1);
        let began = Instant::now();
        let (code, message) = f.error(json!(0)).await;
        assert_eq!(code, codes::FUNCTION_RESOURCE, "{bomb}: {message}");
        assert!(began.elapsed() < Duration::from_secs(20), "{bomb}: {:?}", began.elapsed());
        assert_eq!(f.ok(json!(1)).await, json!("fine"), "{bomb}");
    }
}

#[tokio::test]
async fn nothing_blocks_the_thread() {
    let f = Function::js(
        "module.exports = () => { try { return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000) } catch (error) { return error.name } }",
    );
    assert_eq!(f.ok(json!(0)).await, json!("TypeError"));
}

/// What README lists as missing, because nothing would bound it.
#[cfg(not(feature = "v8"))]
#[tokio::test]
async fn what_quickjs_brings_along_and_nothing_bounds_is_not_there() {
    let f = Function::js(
        "module.exports = () => [typeof WebAssembly, typeof Atomics.waitAsync, Atomics.notify(new Int32Array(4), 0),
            Object.getOwnPropertyNames(globalThis).filter((name) => /Atomics.|ForegroundTask/.test(name)).length]",
    );
    assert_eq!(f.ok(json!(0)).await, json!(["undefined", "undefined", 0, 0]));
}

#[cfg(not(feature = "v8"))]
#[tokio::test(flavor = "multi_thread")]
async fn another_instance_takes_the_place_of_one_that_cannot_be_stopped() {
    // QuickJS looks for no stop in here, and this takes years.
    let f = Function::with(
        &[("index.js", "module.exports = (ctx) => ctx.args ? 'fine' : Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)")],
        64 * MB,
        1,
    );
    let began = Instant::now();
    let (outcome, _) = f.invoke(json!(0), Duration::from_millis(200)).await;
    assert_eq!(outcome.result.unwrap_err().code(), codes::FUNCTION_RESOURCE);
    while f.invoke(json!(1), Duration::from_millis(500)).await.0.result.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "no other instance takes its place");
    }
}

#[tokio::test]
async fn there_is_no_way_to_the_host() {
    let f = Function::js(
        "module.exports = async (ctx) => {
            const seen = [];
            // What is formatted needs the prototypes as they were.
            require('util').inspect(1);
            for (const type of [Promise, Array, Object, Function, Map, String, RegExp]) {
                for (const name of Object.getOwnPropertyNames(type.prototype)) {
                    const own = Object.getOwnPropertyDescriptor(type.prototype, name);
                    if (typeof own.value !== 'function' || name === 'constructor' || name === 'then') continue;
                    try {
                        type.prototype[name] = function (...args) {
                            for (const value of [this, ...args]) if (value && typeof value === 'object' && Reflect.has(value, 'settle')) seen.push(name);
                            return Reflect.apply(own.value, this, args);
                        };
                    } catch {}
                }
            }
            ctx.logger.info('%j', {});
            await ctx.mpserverless.db.collection('c').find({});
            await ctx.mpserverless.user.getInfo();
            setTimeout(() => {}, 1);
            process.nextTick(() => {});
            require('fs').writeFileSync('/tmp/a', require('util').inspect({ a: new Map([[1, new URL('http://a/')]]) }));
            const refused = (run) => { try { return run(); } catch (error) { return error.code; } };
            return [
                seen, typeof Deno, typeof ops, typeof internal, Object.keys(ctx), typeof ctx.__proto__.call,
                refused(() => process.binding('fs')), refused(() => process.dlopen({}, 'x')), typeof process.mainModule,
                refused(() => require('internal/errors')), refused(() => require('node:internal/errors')), refused(() => require('fs').readFileSync('/etc/passwd')),
                refused(() => require('child_process').execSync('id')), refused(() => new (require('worker_threads').Worker)('x')),
                Object.values(process.env).some((value) => value.includes('cargo')), require('os').hostname(),
            ];
        }",
    );
    let unavailable = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
    let expected = json!([
        [],
        "undefined",
        "undefined",
        "undefined",
        ["args"],
        "undefined",
        unavailable,
        unavailable,
        "undefined",
        "MODULE_NOT_FOUND",
        "ERR_UNKNOWN_BUILTIN_MODULE",
        "ENOENT",
        unavailable,
        unavailable,
        false,
        "localhost",
    ]);
    assert_eq!(f.ok(json!(0)).await, expected);
}
