'use strict';
const stream = require('stream');
const { Readable, Writable, Transform, Duplex, PassThrough, pipeline, finished } = stream;
const { pipeline: pipelineAsync, finished: finishedAsync } = require('stream/promises');
const consumers = require('stream/consumers');
const web = require('stream/web');
const { StringDecoder } = require('string_decoder');
const readline = require('readline');
const fails = (run) => { try { return { gave: run() }; } catch (error) { return [error.name, error.code, error.message]; } };

module.exports = {
  async reading() {
    const r = new Readable({ read() {} });
    ['a', 'b', null].forEach((x) => r.push(x));
    const got = [];
    for await (const chunk of r) got.push(chunk.toString());
    return [got, await Readable.from([1, 2, 3]).map((x) => x * 2).toArray(), r.destroyed, r.readableEnded];
  },
  async piping() {
    const upper = new Transform({ transform(chunk, encoding, done) { done(null, chunk.toString().toUpperCase()); } });
    const chunks = [];
    await pipelineAsync(Readable.from(['ab', 'cd']), upper, new Writable({ write(chunk, encoding, done) { chunks.push(chunk.toString()); done(); } }));
    const failing = await pipelineAsync(Readable.from(['x']), new Transform({ transform(c, e, done) { done(new Error('stop')); } }), new PassThrough()).catch((e) => e.message);
    const callback = await new Promise((resolve) => pipeline(Readable.from(['q']), new PassThrough(), (error) => resolve(error ?? 'fine')).resume());
    return [chunks, failing, callback];
  },
  async order() {
    const seen = [];
    const w = new Writable({ highWaterMark: 3, write(chunk, encoding, done) { seen.push(chunk.toString()); setImmediate(done); }, final(done) { seen.push('final'); done(); } });
    w.on('finish', () => seen.push('finish')).on('close', () => seen.push('close')).on('drain', () => seen.push('drain'));
    seen.push(w.write('abc'), w.write('d'));
    w.end('e');
    await finishedAsync(w);
    await new Promise((resolve) => setImmediate(resolve));
    return seen;
  },
  errors: () => [fails(() => new Readable().setEncoding('nope')), fails(() => new Writable({ write() {} }).write(null)), fails(() => pipeline())],
  async premature() { const r = new Readable({ read() {} }); const p = finishedAsync(r).catch((e) => [e.code, e.message]); r.destroy(); return p; },
  async abort() { const c = new AbortController(); const r = new Readable({ read() {}, signal: c.signal }); const p = new Promise((resolve) => r.on('error', (e) => resolve([e.name, e.code]))); c.abort(); return p; },
  async duplex() { const d = new Duplex({ read() { this.push(null); }, write(c, e, done) { done(); } }); d.resume(); d.end('x'); await finishedAsync(d); return [d.destroyed, d.writableFinished, stream.isReadable(d), typeof stream.addAbortSignal, typeof stream.compose, stream.getDefaultHighWaterMark(false) > 1000, stream.Stream === stream, new PassThrough() instanceof stream]; },
  async consumers() { return [await consumers.text(Readable.from(['a', 'b'])), await consumers.json(Readable.from(['{"a":', '1}'])), (await consumers.buffer(Readable.from([Buffer.from('x')]))).toString(), (await consumers.arrayBuffer(Readable.from([Buffer.from('xy')]))).byteLength, (await consumers.blob(Readable.from(['abc']))).size]; },
  async webStreams() {
    const rs = new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close(); } });
    const [x, y] = rs.tee();
    const read = async (s) => { const r = s.getReader(); const got = []; for (;;) { const { value, done } = await r.read(); if (done) return got; got.push(value); } };
    const ts = new TransformStream({ transform(chunk, c) { c.enqueue(chunk.toUpperCase()); } });
    const written = [];
    await y.pipeThrough(ts).pipeTo(new WritableStream({ write(chunk) { written.push(chunk); } }));
    const decoded = await read(new ReadableStream({ start(c) { const b = Buffer.from('héé'); c.enqueue(b.subarray(0, 2)); c.enqueue(b.subarray(2)); c.close(); } }).pipeThrough(new TextDecoderStream()));
    const encoded = await read(new ReadableStream({ start(c) { c.enqueue('\ud83d'); c.enqueue('\ude00'); c.close(); } }).pipeThrough(new TextEncoderStream()));
    const iterated = [];
    for await (const chunk of new ReadableStream({ start(c) { c.enqueue(1); c.close(); } })) iterated.push(chunk);
    return [await read(x), written, decoded.join(''), Buffer.concat(encoded).toString(), iterated, web.ReadableStream === ReadableStream, new CountQueuingStrategy({ highWaterMark: 2 }).highWaterMark];
  },
  async bridges() {
    const fromWeb = await Readable.fromWeb(new ReadableStream({ start(c) { c.enqueue(Buffer.from('w')); c.close(); } })).toArray();
    const reader = Readable.toWeb(Readable.from([Buffer.from('n')], { objectMode: false })).getReader();
    const first = await reader.read();
    const done = await reader.read();
    const got = [];
    const w = Writable.fromWeb(new WritableStream({ write(chunk) { got.push(Buffer.from(chunk).toString()); } }));
    w.write('p'); w.end();
    await finishedAsync(w);
    const back = Writable.toWeb(new Writable({ write(chunk, e, d) { got.push(chunk.toString()); d(); } })).getWriter();
    await back.write(Buffer.from('z')); await back.close();
    return [fromWeb.map(String), Buffer.from(first.value).toString(), first.value.constructor.name, done.done, got];
  },
  decoder() {
    const euro = Buffer.from('€uro');
    const d = new StringDecoder('utf8');
    const out = [d.write(euro.subarray(0, 1)), d.write(euro.subarray(1, 2)), d.write(euro.subarray(2)), d.end(), d.write(Buffer.from([0xe2, 0x82])), d.end(), d.write(Buffer.from([0xff, 0x41])), d.end(Buffer.from([0xf0, 0x9f]))];
    const u = new StringDecoder('utf16le');
    const smile = Buffer.from('a😀', 'utf16le');
    out.push(u.write(smile.subarray(0, 3)) + u.write(smile.subarray(3, 4)) + u.end(smile.subarray(4)));
    const b = new StringDecoder('base64');
    out.push(b.write(Buffer.from('a')), b.write(Buffer.from('bcd')), b.end(), new StringDecoder('hex').write(Buffer.from('zz')), new StringDecoder('base64url').end(Buffer.from([255, 254])), new StringDecoder('latin1').write(Buffer.from([233])), fails(() => new StringDecoder('x')), fails(() => d.write(5)), new StringDecoder().encoding, new StringDecoder('UCS2').encoding);
    const parts = new StringDecoder('utf8');
    const bad = Buffer.from('e0a0c3a9f09f98c3', 'hex');
    out.push([...bad].map((byte) => parts.write(Buffer.from([byte]))).concat(parts.end()));
    return out;
  },
  async lines() {
    const got = [];
    for await (const line of readline.createInterface({ input: Readable.from(['a\nb', 'c\r\nd', '\n\ne']) })) got.push(line);
    const rl = readline.createInterface({ input: Readable.from(['one\ntwo\n']) });
    rl.on('line', (line) => got.push(line));
    await new Promise((resolve) => rl.on('close', resolve));
    return got;
  },
};
