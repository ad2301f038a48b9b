//! Functions that take all the memory they can get.

use crate::stage::{Stage, message};
use crate::{EXHAUSTED, THREW};

/// Each takes far more than the function's 64 MB.
const BOMBS: [(&str, &str); 16] = [
    ("arrays", "{ const keep = []; for (;;) keep.push(new Array(10000).fill(keep.length)) }"),
    ("objects", "{ const keep = []; for (let i = 0;; i++) keep.push({ i, s: 'x' + i }) }"),
    ("one array", "{ const keep = []; for (;;) keep.push(1.5, {}) }"),
    ("strings", "{ const keep = []; for (let i = 0;; i++) keep.push(Array.from({ length: 65536 }, (_, n) => (n + i) % 10).join('')) }"),
    ("doubled string", "{ let s = 'x'; const keep = []; for (;;) { s += s; keep.push(s.split('')); } }"),
    ("map", "{ const map = new Map(); for (let i = 0;; i++) map.set(i, { i }) }"),
    ("set", "{ const set = new Set(); for (let i = 0;; i++) set.add('key' + i) }"),
    ("properties", "{ const o = {}; for (let i = 0;; i++) o['key' + i] = i }"),
    ("closures", "{ let f = () => 0; for (;;) { const g = f; f = () => g } }"),
    ("symbols", "{ const keep = []; for (let i = 0;; i++) keep.push(Symbol.for('s' + i)) }"),
    ("array buffers", "{ const keep = []; for (let i = 0; i < 3000; i++) keep.push(new Uint8Array(1 << 20).fill(1)); keep.length }"),
    ("large buffers", "{ const keep = []; for (let i = 0; i < 10; i++) keep.push(new Uint8Array(300 << 20).fill(1)); keep.length }"),
    (
        "promises",
        "(async () => { const keep = []; for (;;) { keep.push(new Promise(() => {}).then(() => keep)); if (keep.length % 1000 === 0) await null } })()",
    ),
    ("source", "{ let n = 0; for (;;) (globalThis.kept ??= []).push(new Function('return ' + '[1,2,3],'.repeat(1000) + n++)) }"),
    ("blobs", "{ const keep = []; for (let i = 0; i < 3000; i++) keep.push(new Blob([new Uint8Array(1 << 20).fill(i)])); keep.length }"),
    ("files", "{ const fs = require('fs'); for (let i = 0; i < 3000; i++) fs.writeFileSync('/tmp/' + i, Buffer.alloc(1 << 20, i)) }"),
];

/// How much the server may grow meanwhile: a few isolates' worth, and what the allocator keeps.
const GROWTH: u64 = 768 << 20;

#[test]
fn memory_bombs_end_their_call_only() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    // Filling memory is slow on a busy machine, and the reason shall be memory, not time.
    stage.hostile.allow_seconds("run", "10");
    let before = stage.server.resident();
    for (name, bomb) in BOMBS {
        let code = stage.hostile.run(bomb).code();
        println!("{name}: {code}, the server has {} MB", stage.server.resident() >> 20);
        assert!([THREW, EXHAUSTED].contains(&code.as_str()), "{name}: {code}");
        assert_eq!(stage.hostile.run("'fine'").data(), "fine", "after {name}");
        let grown = stage.server.resident().saturating_sub(before);
        assert!(grown < GROWTH, "{name}: the server has grown by {} MB", grown >> 20);
    }
    stage.end("memory bombs");
}

/// Makes a module with a memory `m` of one page, and with `grow(pages)` and `fill()`, which grows the
/// memory and writes to all of it until it grows no more.
const GROWER: &str = "const GROWER = (() => {
    const section = (id, ...items) => { const body = [items.length, ...items.flat()]; return [id, body.length, ...body] };
    const named = (text, ...what) => [text.length, ...Buffer.from(text), ...what];
    const body = (...bytes) => [bytes.length, ...bytes];
    return new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0,
        ...section(1, [0x60, 1, 0x7f, 1, 0x7f], [0x60, 0, 1, 0x7f]), ...section(3, [0], [1]), ...section(5, [0, 1]),
        ...section(7, named('m', 2, 0), named('grow', 0, 0), named('fill', 0, 1)),
        ...section(10, body(0, 0x20, 0, 0x40, 0, 0x0b),
            body(1, 1, 0x7f, 0x03, 0x40, 0x41, 16, 0x40, 0, 0x22, 0, 0x41, 0x7f, 0x47, 0x04, 0x40, 0x20, 0, 0x41, 16, 0x74, 0x41, 1,
                0x41, 0x80, 0x80, 0xc0, 0, 0xfc, 0x0b, 0, 0x0c, 1, 0x0b, 0x0b, 0x3f, 0, 0x0b))]);
})(); const keep = (globalThis.kept ??= []); const touch = (memory) => { new Uint8Array(memory.buffer).fill(1); keep.push(memory) };";

/// Each takes far more than the function's 64 MB; `plugins/functions/src/engine/wasm_tests.rs` has more.
const WEBASSEMBLY: [(&str, &str); 5] = [
    ("memories", "for (let i = 0; i < 1000; i++) touch(new WebAssembly.Memory({ initial: 1024 }))"),
    (
        "growth from JavaScript",
        "for (;;) { const m = new WebAssembly.Memory({ initial: 1 }); for (let i = 0; i < 20; i++) m.grow(50); touch(m) }",
    ),
    ("growth inside", "for (;;) { const i = new WebAssembly.Instance(new WebAssembly.Module(GROWER)); keep.push(i); i.exports.fill() }"),
    (
        "instantiated",
        "for (;;) { const { instance } = await WebAssembly.instantiate(GROWER); keep.push(instance); instance.exports.fill() }",
    ),
    ("shared", "for (;;) touch(new WebAssembly.Memory({ initial: 1024, maximum: 1024, shared: true }))"),
];

#[test]
fn memory_of_webassembly_is_the_functions() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    stage.hostile.allow_seconds("run", "10");
    let before = stage.server.resident();
    for (name, bomb) in WEBASSEMBLY {
        let answer = stage.hostile.run(&format!("(async () => {{ {GROWER} {bomb} }})()"));
        println!("WebAssembly, {name}: {}, the server has {} MB", answer.code(), stage.server.resident() >> 20);
        assert_eq!(answer.code(), EXHAUSTED, "{name}");
        assert!(message(&answer).contains("64 MB of memory"), "{name}: {}", message(&answer));
        assert_eq!(stage.hostile.run("'fine'").data(), "fine", "after {name}");
        let grown = stage.server.resident().saturating_sub(before);
        assert!(grown < GROWTH, "{name}: the server has grown by {} MB", grown >> 20);
    }
    let modest =
        format!("(async () => {{ {GROWER} const i = (await WebAssembly.instantiate(GROWER)).instance; return i.exports.grow(300) }})()");
    assert_eq!(stage.hostile.run(&modest).data(), 1);
    stage.end("memory of WebAssembly");
}

#[test]
fn compressed_bombs_meet_the_same_limit() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    stage.hostile.allow_seconds("run", "10");
    let before = stage.server.resident();
    // 16 MB in 16 KB, many times over: 4 GB.
    let bomb = "const zlib = require('zlib'); const one = zlib.gzipSync(Buffer.alloc(16 << 20)); const bomb = Buffer.concat(new Array(256).fill(one));";
    for (name, unpack) in [
        ("gunzipSync", "zlib.gunzipSync(bomb).length"),
        ("gunzip", "new Promise((resolve, reject) => zlib.gunzip(bomb, (error, all) => error ? reject(error) : resolve(all.length)))"),
        (
            "a stream",
            "new Promise((resolve, reject) => { const keep = []; zlib.createGunzip().on('data', (part) => keep.push(part)).on('end', () => resolve(keep.length)).on('error', reject).end(bomb) })",
        ),
    ] {
        let code = stage.hostile.run(&format!("{{ {bomb} {unpack} }}")).code();
        println!("{name}: {code}, the server has {} MB", stage.server.resident() >> 20);
        assert!([THREW, EXHAUSTED].contains(&code.as_str()), "{name}: {code}");
        assert_eq!(stage.hostile.run("'fine'").data(), "fine", "after {name}");
    }
    let grown = stage.server.resident().saturating_sub(before);
    assert!(grown < GROWTH, "the server has grown by {} MB", grown >> 20);
    stage.end("compressed bombs");
}
