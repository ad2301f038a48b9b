//! zlib: what is packed and unpacked, in every way that Node.js has.

use std::time::Duration;

use serde_json::json;

use super::super::tests::Function;

#[tokio::test]
async fn all_ways_give_the_same() {
    let f = Function::js(
        "const zlib = require('zlib');
         const { promisify } = require('util');
         const { Readable } = require('stream');
         const collect = async (stream) => { const parts = []; for await (const part of stream) parts.push(part); return Buffer.concat(parts); };
         module.exports = async () => {
           const data = Buffer.from('小程序云 '.repeat(30000));
           const wrong = [];
           for (const [pack, unpack] of [['deflate', 'inflate'], ['gzip', 'gunzip'], ['gzip', 'unzip'], ['deflate', 'unzip'], ['deflateRaw', 'inflateRaw'], ['brotliCompress', 'brotliDecompress']]) {
             const packed = zlib[pack + 'Sync'](data);
             const Name = (name) => 'create' + name[0].toUpperCase() + name.slice(1);
             const results = {
               sync: zlib[unpack + 'Sync'](packed),
               callback: await new Promise((resolve, reject) => zlib[unpack](packed, (error, result) => (error ? reject(error) : resolve(result)))),
               promise: await promisify(zlib[unpack])(await promisify(zlib[pack])(data)),
               stream: await collect(Readable.from([packed.subarray(0, 5), packed.subarray(5)]).pipe(zlib[Name(unpack)]())),
               both: await collect(Readable.from([data]).pipe(zlib[Name(pack)]()).pipe(zlib[Name(unpack)]())),
               bytes: await collect(Readable.from([...packed.subarray(0, 50)].map((byte) => Buffer.from([byte])).concat([packed.subarray(50)])).pipe(zlib[Name(unpack)]())),
               small: zlib[unpack + 'Sync'](packed, { chunkSize: 64 }),
             };
             for (const [way, result] of Object.entries(results)) if (!data.equals(result)) wrong.push([unpack, way, result.length]);
             if (packed.length > 5000) wrong.push([pack, packed.length]);
           }
           return wrong;
         };",
    );
    assert_eq!(f.ok(json!(null)).await, json!([]));
}

#[tokio::test]
async fn what_node_makes_is_read_and_errors_are_its() {
    let f = Function::js(
        "const zlib = require('zlib');
         const fails = (call) => { try { return String(call()) } catch (error) { return [error.code, error.message, error.errno ?? null] } };
         module.exports = async () => {
           const gzip = Buffer.from('H4sIAAAAAAAAA0vLz09KLFJIAgA3FaN1CAAAAA==', 'base64');
           const hello = Buffer.from('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==', 'base64');
           const dictionary = Buffer.from('hello world');
           const withDictionary = zlib.deflateSync('hello hello world', { dictionary });
           return {
             hello: zlib.gunzipSync(hello).toString(),
             members: zlib.gunzipSync(Buffer.concat([hello, zlib.gzipSync(' again')])).toString(),
             garbage: zlib.gunzipSync(Buffer.concat([hello, Buffer.from([0, 0, 7])])).toString(),
             brotli: zlib.brotliDecompressSync(Buffer.from('CwKAaGVsbG8D', 'base64')).toString(),
             dictionary: zlib.inflateSync(withDictionary, { dictionary }).toString(),
             partial: zlib.gunzipSync(hello.subarray(0, 15), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString(),
             crc: [zlib.crc32('hello'), zlib.crc32(' world', zlib.crc32('hello'))],
             info: zlib.deflateSync('a', { info: true }).engine.bytesWritten,
             errors: [
               fails(() => zlib.inflateSync(Buffer.from([1, 2, 3, 4]))), fails(() => zlib.gunzipSync('no')), fails(() => zlib.gunzipSync(hello.subarray(0, 12))), fails(() => zlib.inflateSync(withDictionary)),
               fails(() => zlib.inflateSync(withDictionary, { dictionary: Buffer.from('x') })), fails(() => zlib.inflateRawSync(Buffer.from([0xff]))), fails(() => zlib.brotliDecompressSync(Buffer.from([0xff, 1, 2, 3])))[1],
               fails(() => zlib.deflateSync('a', { level: 99 }))[0], fails(() => zlib.deflateSync('a', { windowBits: 99 }))[0], fails(() => zlib.deflateSync(5))[0], fails(() => zlib.gunzipSync(hello, { maxOutputLength: 3 }))[0],
             ],
             streamed: await new Promise((resolve) => { const stream = zlib.createGunzip(); stream.on('error', (error) => resolve([error.code, error.message])); stream.end('no gzip'); }),
           };
         };",
    );
    let result = f.ok(json!(null)).await;
    assert_eq!(result["hello"], "hello");
    assert_eq!(result["members"], "hello again");
    assert_eq!(result["garbage"], "hello");
    assert_eq!(result["brotli"], "hello");
    assert_eq!(result["dictionary"], "hello hello world");
    assert_eq!(result["crc"], json!([907_060_870, 222_957_957]));
    assert_eq!(result["info"], 1);
    assert_eq!(
        result["errors"],
        json!([
            ["Z_DATA_ERROR", "incorrect header check", -3],
            ["Z_DATA_ERROR", "incorrect header check", -3],
            ["Z_BUF_ERROR", "unexpected end of file", -5],
            ["Z_NEED_DICT", "Missing dictionary", 2],
            ["Z_DATA_ERROR", "Bad dictionary", -3],
            ["Z_DATA_ERROR", "invalid block type", -3],
            "Decompression failed",
            "ERR_OUT_OF_RANGE",
            "ERR_OUT_OF_RANGE",
            "ERR_INVALID_ARG_TYPE",
            "ERR_BUFFER_TOO_LARGE"
        ])
    );
    assert_eq!(result["streamed"], json!(["Z_DATA_ERROR", "incorrect header check"]));
}

#[tokio::test]
async fn a_stream_is_flushed_and_its_level_changed() {
    let f = Function::js(
        "const zlib = require('zlib');
         module.exports = async () => {
           const stream = zlib.createDeflate();
           const parts = [];
           stream.on('data', (part) => parts.push(part));
           const done = (begin) => new Promise((resolve) => begin(resolve));
           stream.write('first');
           await done((callback) => stream.flush(zlib.constants.Z_SYNC_FLUSH, callback));
           const early = zlib.inflateSync(Buffer.concat(parts), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString();
           await done((callback) => stream.params(1, zlib.constants.Z_DEFAULT_STRATEGY, callback));
           stream.end(' second');
           await done((callback) => stream.on('end', callback));
           const all = Buffer.concat(parts);
           return [early, zlib.inflateSync(all).toString(), stream.bytesWritten];
         };",
    );
    assert_eq!(f.ok(json!(null)).await, json!(["first", "first second", 12]));
}

#[tokio::test]
async fn bombs_meet_limits() {
    let f = Function::js(
        "const zlib = require('zlib');
         module.exports = ({ args }) => {
           let bomb = zlib.gzipSync(Buffer.alloc(1 << 20));
           if (args === 'streams') { const all = []; for (;;) all.push(zlib.createBrotliCompress()); }
           const all = Buffer.concat(Array.from({ length: 2000 }, () => bomb));
           if (args === 'sync') return zlib.gunzipSync(all).length;
           if (args === 'limited') { try { zlib.gunzipSync(all, { maxOutputLength: 5e6 }) } catch (error) { return error.code } }
           return new Promise((resolve, reject) => zlib.gunzip(all, (error, result) => error ? resolve(error.code) : resolve(result.length)));
         };",
    );
    assert_eq!(f.ok(json!("limited")).await, "ERR_BUFFER_TOO_LARGE");
    for kind in ["sync", "callback"] {
        let (outcome, _) = f.invoke(json!(kind), Duration::from_secs(60)).await;
        let result = outcome.result;
        assert!(result.is_err() || result.as_deref().is_ok_and(|text| text.contains("ERR_")), "{kind}: {result:?}");
    }
    assert_eq!(f.ok(json!("limited")).await, "ERR_BUFFER_TOO_LARGE");
    // They have a limit of their own, beside that of the function.
    let message = f.error(json!("streams")).await.1;
    assert!(message.contains("compression streams") || message.contains("128 MB of memory"), "{message}");
}
