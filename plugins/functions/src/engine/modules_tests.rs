//! ES modules, and how they and CommonJS modules see each other.

use std::time::{Duration, Instant};

use serde_json::json;

use super::tests::{Function, MB};
use crate::runtime::Runtime;

#[tokio::test]
async fn es_modules_import_each_other_and_commonjs() {
    let f = Function::of(&[
        ("package.json", r##"{"name": "me", "type": "module", "main": "index.js", "imports": {"#x": "./lib/x.js"}}"##),
        (
            "index.js",
            "import data from './data.json' with { type: 'json' };
             import { first, default as b } from './b.js';
             import common, { named } from './common.cjs';
             import * as m from 'm';
             import { join } from 'node:path';
             import x from '#x';
             export default async (ctx) => ({
                 data: data.n, first, b, common: common.named, named, m: m.default.kind, x, join: join('a', 'b'),
                 meta: [import.meta.url, import.meta.filename, import.meta.dirname],
                 later: (await import('./lib/later.mjs')).value,
                 gone: await import('./gone.js').catch((error) => error.code),
                 scope: [typeof require, typeof module, this === undefined],
             });",
        ),
        ("b.js", "import { later } from './cycle.js'; export const first = 1; export default () => later;"),
        ("cycle.js", "import { first } from './b.js'; export const later = () => first;"),
        ("common.cjs", "exports.named = typeof require('./plain.cjs'); exports.self = this === exports"),
        ("plain.cjs", "module.exports = function () {}"),
        ("data.json", r#"{"n": 7}"#),
        ("lib/x.js", "export default 'x'"),
        ("lib/later.mjs", "await null; export const value = await new Promise((done) => setTimeout(done, 1, 'later'))"),
        ("node_modules/m/package.json", r#"{"exports": {"require": "./m.cjs", "import": "./m.mjs"}}"#),
        ("node_modules/m/m.cjs", "exports.kind = 'cjs'"),
        ("node_modules/m/m.mjs", "export default { kind: 'esm' }"),
    ]);
    let expected = json!({
        "data": 7, "first": 1, "common": "function", "named": "function", "m": "esm", "x": "x", "join": "a/b",
        "meta": ["file:///code/index.js", "/code/index.js", "/code"], "later": "later", "gone": "ERR_MODULE_NOT_FOUND",
        "scope": ["undefined", "undefined", true],
    });
    assert_eq!(f.ok(json!(0)).await, expected);
    assert_eq!(f.ok(json!(0)).await, expected);
}

#[tokio::test]
async fn a_main_module_may_await_before_it_exports() {
    let f = Function::of(&[
        ("package.json", r#"{"main": "main.mjs"}"#),
        ("main.mjs", "const n = await Promise.resolve(3); export const main = () => n;"),
    ]);
    assert_eq!(f.ok(json!(0)).await, json!(3));
    let f = Function::of(&[("package.json", r#"{"main": "main.mjs"}"#), ("main.mjs", "await null; throw new Error('not ready');")]);
    assert_eq!(f.error(json!(0)).await.1, "not ready");
}

#[tokio::test]
async fn commonjs_requires_es_modules_that_do_not_await() {
    let f = Function::of(&[
        ("index.js", "module.exports = async (ctx) => ctx.args === 'import' ? (await import('./waits.mjs')).a : require(ctx.args).a"),
        ("plain.mjs", "export const a = 1"),
        ("waits.mjs", "await 0; export const a = 2"),
        ("timer.mjs", "await new Promise((done) => setTimeout(done, 1)); export const a = 3"),
        ("broken.mjs", "export const a = ;"),
        ("missing.mjs", "import { b } from './plain.mjs'"),
        ("gone.mjs", "import './nowhere.mjs'"),
    ]);
    assert_eq!(f.ok(json!("./plain.mjs")).await, json!(1));
    if cfg!(feature = "v8") {
        assert!(f.error(json!("./waits.mjs")).await.1.contains("top-level await"));
    } else {
        // QuickJS runs microtasks when it has run a module, so that this one has awaited by then.
        assert_eq!(f.ok(json!("./waits.mjs")).await, json!(2));
    }
    assert!(f.error(json!("./timer.mjs")).await.1.contains("top-level await"));
    assert_eq!(f.ok(json!("import")).await, json!(2));
    // What is wrong with a source is said in the engine's own words.
    assert!(f.error(json!("./broken.mjs")).await.1.to_lowercase().contains("unexpected token"));
    assert!(f.error(json!("./missing.mjs")).await.1.contains("does not provide an export named 'b'"));
    assert!(f.error(json!("./gone.mjs")).await.1.contains("Cannot find module './nowhere.mjs'"));
}

#[tokio::test]
async fn code_of_one_isolate_serves_the_next() {
    // Large enough to be kept.
    let filler: String = (0..200).map(|n| format!("exports.f{n} = (x) => x + {n};\n")).collect();
    let f = Function::with(&[("index.js", &format!("{filler}\nmodule.exports = () => exports.f7(1)"))], 64 * MB, 1);
    assert_eq!(f.ok(json!(0)).await, json!(8));
    // It is kept by the isolate that had the call, when it has nothing else to do.
    let deadline = Instant::now() + Duration::from_secs(10);
    while f.engine().codes().0 == 0 && Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    let (kept, used) = f.engine().codes();
    assert!(kept > 0, "nothing was kept within 10 seconds");
    f.engine().shut_down();
    assert_eq!(f.ok(json!(0)).await, json!(8));
    assert!(f.engine().codes().1 > used, "the next isolate compiled it once more");
}

#[tokio::test]
async fn cycles_of_both_kinds_are_errors_and_end_nothing() {
    let f = Function::of(&[
        (
            "index.js",
            "module.exports = async (ctx) => { try { return Object.keys(ctx.args.import ? await import(ctx.args.name) : require(ctx.args.name)) } catch (error) { return error.code } }",
        ),
        ("cyc.mjs", "import './cyc.cjs'; export const a = 1"),
        ("cyc.cjs", "require('./cyc.mjs')"),
        ("cyc2.mjs", "import './cyc2.cjs'; export const a = 1"),
        ("cyc2.cjs", "require('./cyc2.mjs')"),
        ("self.mjs", "export const later = import('./self.mjs'); export const a = 1"),
        (
            "own.mjs",
            "import { createRequire } from 'node:module'; export const code = (() => { try { createRequire(import.meta.url)('./own.mjs') } catch (error) { return error.code } })(); export default code",
        ),
    ]);
    assert_eq!(f.ok(json!({"name": "./cyc.mjs", "import": true})).await, json!("ERR_REQUIRE_CYCLE_MODULE"));
    assert_eq!(f.ok(json!({"name": "./cyc2.mjs"})).await, json!(["a"]));
    assert_eq!(f.ok(json!({"name": "./self.mjs", "import": true})).await, json!(["a", "later"]));
    assert_eq!(f.ok(json!({"name": "./own.mjs", "import": true})).await, json!(["code", "default"]));
    assert_eq!(f.ok(json!({"name": "./own.mjs"})).await, json!(["code", "default"]));
}
