//! Functions that take all the memory they can get.

use crate::stage::Stage;
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

#[test]
fn a_memory_of_webassembly_has_a_size() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    let before = stage.server.resident();
    // One memory has 64 MB at most; how many there are is no limit of the function (README, Limits).
    let code = stage.hostile.run("new WebAssembly.Memory({ initial: 1025 }).buffer.byteLength").code();
    assert_eq!(code, THREW);
    let several = "{ const keep = []; for (let i = 0; i < 8; i++) { const memory = new WebAssembly.Memory({ initial: 1 }); memory.grow(1000); new Uint8Array(memory.buffer).fill(1); keep.push(memory); } keep.length }";
    assert_eq!(stage.hostile.run(several).data(), 8);
    println!("WebAssembly: the server has grown by {} MB", stage.server.resident().saturating_sub(before) >> 20);
    assert_eq!(stage.hostile.run("'fine'").data(), "fine");
    stage.end("WebAssembly memory");
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
