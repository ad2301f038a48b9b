//! WebAssembly: that it works, and that its memory is the function's.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use sdk_plugin::codes;
use serde_json::json;

use super::tests::{Function, MB};
use crate::runtime::resident;

/// Makes modules. `GROWER` has a memory `m` of one page, `grow(pages)`, which grows it, and `fill()`,
/// which grows it and writes to all of it until it grows no more.
const ASSEMBLER: &str = "
    const uleb = (n) => { const out = []; do { out.push((n & 127) | (n > 127 ? 128 : 0)); n >>>= 7; } while (n); return out };
    const section = (id, ...items) => { const body = [...uleb(items.length), ...items.flat()]; return [id, ...uleb(body.length), ...body] };
    const assemble = (...sections) => new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, ...sections.flat()]);
    const named = (text, ...what) => [text.length, ...Buffer.from(text), ...what];
    const body = (...bytes) => [bytes.length, ...bytes];
    const GROWER = assemble(
        section(1, [0x60, 1, 0x7f, 1, 0x7f], [0x60, 0, 1, 0x7f]),
        section(3, [0], [1]),
        section(5, [0, 1]),
        section(7, named('m', 2, 0), named('grow', 0, 0), named('fill', 0, 1)),
        section(10,
            body(0, 0x20, 0, 0x40, 0, 0x0b),
            body(1, 1, 0x7f, 0x03, 0x40, 0x41, 16, 0x40, 0, 0x22, 0, 0x41, 0x7f, 0x47, 0x04, 0x40, 0x20, 0, 0x41, 16, 0x74, 0x41, 1,
                0x41, 0x80, 0x80, 0xc0, 0, 0xfc, 0x0b, 0, 0x0c, 1, 0x0b, 0x0b, 0x3f, 0, 0x0b)),
    );
    // A module with a megabyte that nobody needs, and that no other has.
    let made = 0;
    const large = (small = GROWER) => {
        const size = 1 << 20, bytes = new Uint8Array(small.length + 4 + size);
        bytes.set(small);
        bytes.set([0, ...uleb(size)], small.length);
        bytes.set([1, 120], small.length + 4);
        new DataView(bytes.buffer).setUint32(small.length + 100, ++made);
        return bytes;
    };
    const keep = (globalThis.kept ??= []);
    const touch = (memory) => { new Uint8Array(memory.buffer).fill(1); keep.push(memory); };
";

fn function(memory: usize) -> Function {
    let code = format!("{ASSEMBLER} module.exports = (ctx) => eval('(async () => {{' + ctx.args + '}})()')");
    Function::with(&[("index.js", &code)], memory, 1)
}

/// Each takes far more than the function's 64 MB.
const BOMBS: [(&str, &str); 19] = [
    ("memories", "for (let i = 0; i < 1000; i++) touch(new WebAssembly.Memory({ initial: 1024 }))"),
    ("small memories", "for (let i = 0; i < 100000; i++) touch(new WebAssembly.Memory({ initial: 1, maximum: 1 }))"),
    (
        "growth from JavaScript",
        "for (;;) { const m = new WebAssembly.Memory({ initial: 1 }); for (let i = 0; i < 20; i++) m.grow(50); touch(m) }",
    ),
    ("growth inside", "for (;;) { const i = new WebAssembly.Instance(new WebAssembly.Module(GROWER)); keep.push(i); i.exports.fill() }"),
    (
        "one that grows",
        "new WebAssembly.Instance(new WebAssembly.Module(GROWER)).exports.fill(); for (;;) touch(new WebAssembly.Memory({ initial: 64 }))",
    ),
    (
        "instantiated",
        "for (;;) { const { instance } = await WebAssembly.instantiate(GROWER); keep.push(instance); instance.exports.fill() }",
    ),
    (
        "of a module",
        "const m = await WebAssembly.compile(GROWER); for (;;) { const i = await WebAssembly.instantiate(m); keep.push(i); i.exports.fill() }",
    ),
    ("shared", "for (;;) touch(new WebAssembly.Memory({ initial: 1024, maximum: 1024, shared: true }))"),
    ("shared, grown", "for (;;) { const m = new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true }); m.grow(1000); touch(m) }"),
    ("64 bits", "for (;;) touch(new WebAssembly.Memory({ initial: 512n, address: 'i64' }))"),
    (
        "many in a module",
        "keep.push(new WebAssembly.Instance(new WebAssembly.Module(assemble(section(5, ...Array(200).fill([0, ...uleb(1024)]))))))",
    ),
    (
        // No loop, and so nothing that would look whether to stop.
        "one after the other",
        "const memories = Array.from({ length: 40 }, () => new WebAssembly.Memory({ initial: 1 }));
         const code = memories.flatMap((_, index) => [0x41, 0xff, 0x1f, 0x40, index, 0x1a, 0x41, 0, 0x41, 1, 0x41, 0x80, 0x80, 0x80, 0x80, 0x01, 0xfc, 0x0b, index]);
         const body = [0, ...code, 0x0b];
         const bytes = assemble(section(1, [0x60, 0, 0]), section(2, ...memories.map((_, index) => [...named('a'), ...named(String(index)), 2, 0, 1])),
             section(3, [0]), section(7, named('run', 0, 0)), section(10, [...uleb(body.length), ...body]));
         new WebAssembly.Instance(new WebAssembly.Module(bytes), { a: { ...memories } }).exports.run()",
    ),
    ("tables", "for (;;) keep.push(new WebAssembly.Table({ initial: 1e6, element: 'anyfunc' }))"),
    ("modules", "for (let i = 0; i < 3000; i++) keep.push(new WebAssembly.Module(large()))"),
    ("modules of a subclass", "for (let i = 0; i < 3000; i++) keep.push(new (class extends WebAssembly.Module.prototype.constructor {})(large()))"),
    ("modules, compiled", "for (let i = 0; i < 3000; i++) keep.push(await WebAssembly.compile(large()))"),
    ("functions of modules", "for (let i = 0; i < 3000; i++) keep.push((await WebAssembly.instantiate(large())).instance.exports.grow)"),
    ("memories and an array", "keep.push(new Uint8Array(40 << 20).fill(1)); for (;;) touch(new WebAssembly.Memory({ initial: 16 }))"),
    (
        "prototypes that lie",
        "WebAssembly.Instance.prototype.module = {}; WebAssembly.Instance.prototype.instance = {}; WeakMap.prototype.set = () => {};
         const m = new WebAssembly.Module(large()); for (let i = 0; i < 3000; i++) keep.push(new WebAssembly.Instance(new WebAssembly.Module(large())))",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn memory_of_webassembly_is_the_functions() {
    super::start();
    for (name, bomb) in BOMBS {
        let f = function(64 * MB);
        f.ok(json!("return 1")).await;
        let before = resident();
        let (outcome, _) = f.invoke(json!(bomb), Duration::from_secs(60)).await;
        let grown = resident().saturating_sub(before) >> 20;
        let error = outcome.result.expect_err(name);
        println!("{name}: {}, {} MB more", error.message(), grown);
        assert!(error.code() == codes::FUNCTION_RESOURCE || error.message().contains("memory"), "{name}: {error:?}");
        assert!(!error.message().contains("seconds"), "{name}: {error:?}");
        assert!(grown < 1000, "{name}: {grown} MB");
        assert_eq!(f.ok(json!("return 'fine'")).await, json!("fine"), "after {name}");
    }
}

#[tokio::test]
async fn loops_of_webassembly_end_at_their_time() {
    let f = function(64 * MB);
    for code in ["const body = [0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b]", "const body = [0, 0x03, 0x40, 0x10, 0, 0x0c, 0, 0x0b, 0x0b]"] {
        let endless = format!(
            "{code}; const bytes = assemble(section(1, [0x60, 0, 0]), section(3, [0]), section(7, named('run', 0, 0)), section(10, [body.length, ...body]));
             for (;;) try {{ new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.run() }} catch (error) {{ if (!(error instanceof RangeError)) throw error }}"
        );
        let (outcome, _) = f.invoke(json!(endless), Duration::from_secs(1)).await;
        let error = outcome.result.unwrap_err();
        // Less than a second of it may be left where the machine is busy.
        assert!(error.message().contains("the function did not end within"), "{error:?}");
    }
    assert_eq!(f.ok(json!("return 'fine'")).await, json!("fine"));
}

#[tokio::test]
async fn memory_that_is_dropped_is_given_back() {
    let f = function(64 * MB);
    let loops = "for (let i = 0; i < 300; i++) { new Uint8Array(new WebAssembly.Memory({ initial: 256 }).buffer)[0] = 1 }
                 return 'done'";
    assert_eq!(f.ok(json!(loops)).await, json!("done"));
    for _ in 0..50 {
        let modules = "for (let i = 0; i < 4; i++) (await WebAssembly.instantiate(large())).instance.exports.grow(10); return 'done'";
        assert_eq!(f.ok(json!(modules)).await, json!("done"));
        let grown = f.ok(json!("return new WebAssembly.Instance(new WebAssembly.Module(GROWER)).exports.grow(256)")).await;
        assert_eq!(grown, json!(1), "each call has a memory of its own");
    }
}

#[tokio::test]
async fn one_memory_has_a_size() {
    let f = function(512 * MB);
    let code = "const { exports } = new WebAssembly.Instance(new WebAssembly.Module(GROWER));
                const refused = [];
                for (const make of [() => new WebAssembly.Memory({ initial: 5000 }), () => exports.m.grow(5000)]) try { make() } catch (error) { refused.push(error.name) }
                return [exports.grow(5000), exports.grow(4095), exports.m.buffer.byteLength, refused]";
    assert_eq!(f.ok(json!(code)).await, json!([-1, 1, 256 << 20, ["RangeError", "RangeError"]]));
}

#[tokio::test]
async fn the_interface_is_that_of_node() {
    let f = function(64 * MB);
    let code = "
        const { Module, Instance } = WebAssembly;
        const module = new Module(GROWER);
        const of = (run) => { try { return run() } catch (error) { return error.name } };
        const { module: second, instance } = await WebAssembly.instantiate(GROWER, {});
        class Own extends Module {}
        return [
            [Module.name, Instance.name, WebAssembly.compile.name, WebAssembly.instantiate.length, Object.keys(Module).sort(), String(module)],
            [module instanceof Module, new Own(GROWER) instanceof Own, (await WebAssembly.compile(GROWER)) instanceof Module, second instanceof Module],
            [instance instanceof Instance, (await WebAssembly.instantiate(module)) instanceof Instance, new Instance(module) instanceof Instance],
            Module.exports(module).map(({ name }) => name), module.constructor === Module, WebAssembly.validate(GROWER),
            [of(() => Module(GROWER)), of(() => new Module(1)), of(() => new Module(new Uint8Array(9))), await WebAssembly.compile(new Uint8Array(9)).catch((error) => error.name)],
            await WebAssembly.instantiate(1).catch((error) => error.name),
            new Instance(new Module(GROWER.buffer)).exports.grow(2),
            ['promising', 'Suspending', 'compileStreaming', 'instantiateStreaming'].map((name) => typeof WebAssembly[name]),
            typeof WebAssembly.Memory.prototype.toResizableBuffer,
        ]";
    assert_eq!(
        f.ok(json!(code)).await,
        json!([
            ["Module", "Instance", "compile", 1, ["customSections", "exports", "imports"], "[object WebAssembly.Module]"],
            [true, true, true, true],
            [true, true, true],
            ["m", "grow", "fill"],
            true,
            true,
            ["TypeError", "TypeError", "CompileError", "CompileError"],
            "TypeError",
            1,
            ["undefined", "undefined", "undefined", "undefined"],
            "undefined",
        ])
    );
}
