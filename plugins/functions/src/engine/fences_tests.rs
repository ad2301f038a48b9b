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
