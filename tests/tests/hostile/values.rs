//! Functions that throw and return what no program expects, and that change the language they run in.

use serde_json::{Value, json};

use crate::stage::{Stage, Tenant};
use crate::{EXHAUSTED, THREW};

#[test]
fn whatever_is_thrown_is_an_error_that_can_be_read() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    for thrown in [
        "null",
        "undefined",
        "0",
        "-0",
        "NaN",
        "''",
        "' '",
        "10n",
        "Symbol('s')",
        "Object.create(null)",
        "() => {}",
        "[]",
        "[[[]]]",
        "new Error()",
        "new Error('', { cause: new Error('c') })",
        "'x'.repeat(5e6)",
        "new Error('x'.repeat(5e6))",
        "new Proxy({}, { get() { throw 1 } })",
        "new Proxy({}, { has() { throw 1 }, getPrototypeOf() { throw 2 } })",
        "new Proxy(new Error('e'), { get() { return new Proxy(() => {}, this) } })",
        "(() => { const r = Proxy.revocable({}, {}); r.revoke(); return r.proxy })()",
        "{ get message() { throw new Error('no') } }",
        "{ message: { toString() { throw this } } }",
        "{ message: { toString() { return {} } } }",
        "{ toString() { return {} } }",
        "Object.defineProperty(new Error('e'), 'stack', { get() { throw 1 } })",
        "Object.defineProperty(new Error('e'), 'name', { get() { throw 1 } })",
        "Object.defineProperty(new Error('e'), 'code', { get() { throw 1 } })",
        "Object.assign(new Error('e'), { stack: { toString: 1 } })",
        "Object.assign(new Error('e'), { message: Symbol('m'), code: 5, name: [] })",
        "(() => { const e = new Error('e'); e.cause = e; e.errors = [e]; return e })()",
        "new AggregateError([null, new Error('a')], 'many')",
        "globalThis",
        "'\\ud800'",
        "new Error('\\ud800\\u0000')",
    ] {
        for code in
            [format!("throw {thrown}"), format!("Promise.reject({thrown})"), format!("new Promise((_, no) => setTimeout(no, 1, {thrown}))")]
        {
            assert_eq!(stage.hostile.run(&code).code(), THREW, "{code}");
        }
    }
    for thrown in ["{ get message() { for (;;); } }", "{ message: { toString() { for (;;); } } }", "new Proxy({}, { get() { for (;;); } })"]
    {
        assert_eq!(stage.hostile.run(&format!("throw {thrown}")).code(), EXHAUSTED, "{thrown}");
    }
    assert_eq!(stage.hostile.run("'fine'").data(), "fine");
    stage.end("odd errors");
}

#[test]
fn whatever_is_returned_is_json_or_an_error() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    for (code, expected) in [
        ("undefined", json!(null)),
        ("(() => {})", json!(null)),
        ("Symbol('s')", json!(null)),
        ("NaN", json!(null)),
        ("-0", json!(0)),
        ("({ toJSON: () => undefined })", json!(null)),
        ("({ toJSON: () => ({ a: 1 }) })", json!({"a": 1})),
        ("[undefined, () => {}, Symbol.iterator]", json!([null, null, null])),
        ("({ then: 5 })", json!({"then": 5})),
        ("({ then(yes) { yes('first'); yes('second'); throw 1 } })", json!("first")),
        ("new Proxy([1, 2], {})", json!([1, 2])),
        ("JSON.parse('{\"__proto__\": {\"a\": 1}}')", json!({"__proto__": {"a": 1}})),
        ("({ success: false, error: { code: 'x' }, data: 1 })", json!({"success": false, "error": {"code": "x"}, "data": 1})),
        ("'\\u2028\\u0000'", json!("\u{2028}\u{0}")),
    ] {
        assert_eq!(stage.hostile.run(code).data(), expected, "{code}");
    }
    for code in [
        "10n",
        "({ toJSON() { throw new Error('no') } })",
        "({ get a() { throw 1 } })",
        "(() => { const a = {}; a.a = a; return a })()",
        "new Proxy({}, { ownKeys() { throw 1 } })",
        "({ get then() { throw 1 } })",
        "({ then(_, no) { no(null) } })",
        "({ then() { throw null } })",
        "(() => { const a = { toJSON: () => [a] }; return a })()",
    ] {
        let code_of = stage.hostile.run(code).code();
        assert!([THREW, EXHAUSTED].contains(&code_of.as_str()), "{code}: {code_of}");
    }
    for code in [
        "({ toJSON() { for (;;); } })",
        "({ get a() { for (;;); } })",
        "({ get then() { for (;;); } })",
        "({ then() {} })",
        "({ then(yes) { yes(this) } })",
        "new Proxy({}, { ownKeys() { for (;;); } })",
    ] {
        assert_eq!(stage.hostile.run(code).code(), EXHAUSTED, "{code}");
    }
    assert_eq!(stage.hostile.run("'fine'").data(), "fine");
    stage.end("odd results");
}

#[test]
fn a_function_cannot_end_the_server() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    for code in [
        "process.exit()",
        "process.exit(1)",
        "process.abort()",
        "process.kill(process.pid, 'SIGKILL')",
        "process.kill(0)",
        "process.reallyExit(3)",
        "process.binding('fs')",
        "process.dlopen({}, '/lib/x86_64-linux-gnu/libc.so.6')",
        "process.chdir('/etc')",
        "process.setuid(0)",
        "try { process.exit() } catch { for (;;); }",
        "try { process.exit() } finally { for (;;); }",
        "require('child_process').execSync('true')",
        "require('child_process').spawn('true')",
        "new (require('worker_threads').Worker)('1', { eval: true })",
        "require('cluster').fork()",
        "require('vm').runInNewContext('this.constructor.constructor(\"return process\")().exit()')",
        "require('inspector').open()",
        "require('/etc/passwd')",
        "import('/etc/passwd')",
        "import('data:text/javascript,export default 1')",
        "import('http://127.0.0.1/')",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    ] {
        let code_of = stage.hostile.run(code).code();
        assert!([THREW, EXHAUSTED].contains(&code_of.as_str()), "{code}: {code_of}");
        assert_eq!(stage.hostile.run("'fine'").data(), "fine", "after {code}");
    }
    stage.end("functions that end the process");
}

/// What a function does to the objects that everything is made of.
const POLLUTION: &str = "
  for (const name of ['space', 'spaceId', 'collection', 'method', 'transactionId', 'caller', 'userId', 'success', 'code', 'settle', 'error', 'args', 'default', 'message', 'then', 'options'])
    Object.prototype[name] = ctx.args.foreign;
  const real = { stringify: JSON.stringify, parse: JSON.parse };
  JSON.stringify = () => '{\"collection\":\"secrets\",\"command\":\"find\"}';
  JSON.parse = (text) => ({ ...real.parse(text), foreign: true });
  for (const type of [Array, Function, Promise, String, RegExp, Map, Set, WeakMap])
    for (const name of Object.getOwnPropertyNames(type.prototype)) {
      const own = Object.getOwnPropertyDescriptor(type.prototype, name);
      if (name === 'constructor' || typeof own.value !== 'function' || !own.writable) continue;
      type.prototype[name] = function () { throw new Error(`the polluted ${name} was used`) };
    }
";

fn secrets_of(tenant: &Tenant) -> Value {
    tenant.client.db("secrets", "find", json!({"query": {}})).data()["result"].clone()
}

#[test]
fn pollution_of_prototypes_stays_where_it_is() {
    let stage = Stage::set("instances_per_function = 1");
    let other = Tenant::new(&stage.server, "other");
    let admin = stage.server.management();
    admin.db(&other.space, "secrets", "insertOne", json!({"doc": {"_id": "key", "n": 1}}));
    admin.db(&stage.hostile.space, "notes", "insertOne", json!({"doc": {"_id": "own", "n": 2}}));
    let services = "module.exports = async (ctx) => {
      if (ctx.args.pollute) new Function('ctx', ctx.args.pollute)(ctx);
      const notes = ctx.mpserverless.db.collection('notes');
      const found = await notes.find({});
      const secrets = await ctx.mpserverless.db.collection('secrets').count({});
      const said = await ctx.mpserverless.function.invoke('plain', { a: 1 });
      return { found: found.result, secrets: secrets.result, said: said.result, space: ctx.env.MP_SPACE_ID };
    }";
    let plain = "module.exports = async (ctx) => [ctx.args, ({}).spaceId ?? null, JSON.stringify([1].map((n) => n))]";
    for tenant in [&stage.hostile, &other] {
        tenant.deploy("services", services);
        tenant.deploy("plain", plain);
    }
    let ask = |tenant: &Tenant| tenant.client.invoke("services", json!({})).data();
    let (before, others) = (ask(&stage.hostile), ask(&other));
    assert_eq!(before["found"], json!([{"_id": "own", "n": 2}]));
    assert_eq!(before["secrets"], 0);
    let polluted = stage.hostile.client.invoke("services", json!({"pollute": POLLUTION, "foreign": other.space.id}));
    assert_eq!(polluted.data(), before, "services do not use what the function can change");
    for n in 0..5 {
        assert_eq!(ask(&stage.hostile), before, "call {n} in the isolate that was polluted");
        assert_eq!(ask(&other), others, "another space");
    }
    assert_eq!(secrets_of(&other), json!([{"_id": "key", "n": 1}]));

    // What JSON asks of every object is the function's own to break, but nothing of it goes elsewhere.
    let broken = "module.exports = async (ctx) => {
      for (const name of ['Promise', 'Object', 'Array', 'Error', 'Reflect', 'Map', 'queueMicrotask', 'setTimeout', 'String', 'Symbol'])
        if (name !== 'Promise' || ctx.args.all) globalThis[name] = undefined;
      Object.prototype.toJSON = () => ({ spaceId: ctx.args.foreign, collection: 'secrets', command: 'find', query: {}, functionTarget: 'plain' });
      const said = [];
      try { said.push(await ctx.mpserverless.db.collection('notes').find({})) } catch (error) { said.push(`${error}`) }
      try { said.push(await ctx.mpserverless.function.invoke('plain')) } catch (error) { said.push(`${error}`) }
      return said;
    }";
    stage.hostile.deploy("broken", broken);
    for all in [false, true] {
        let answer = stage.hostile.client.invoke("broken", json!({"foreign": other.space.id, "all": all})).envelope().to_string();
        assert!(!answer.contains("\"key\""), "{answer}");
    }
    assert_eq!(ask(&stage.hostile), before);
    assert_eq!(ask(&other), others);
    stage.end("polluted prototypes");
}
