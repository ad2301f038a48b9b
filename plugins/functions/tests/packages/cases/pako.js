// Deflate, gzip and raw streams in JavaScript, against the builtin zlib.
const pako = require('pako');
const zlib = require('zlib');

module.exports = async (ctx) => {
  const text = '小程序云 '.repeat(50);
  const bytes = new TextEncoder().encode(text);
  const packed = pako.deflate(bytes, { level: 9 });
  const zipped = pako.gzip(text, { level: 6 });
  const stream = new pako.Inflate();
  for (let at = 0; at < packed.length; at += 7) stream.push(packed.subarray(at, at + 7), at + 7 >= packed.length);
  const bad = (call) => { try { return call(); } catch (error) { return String(error.message || error); } };
  const toText = (data) => Buffer.from(data).toString();
  return {
    packed: Buffer.from(packed).toString('hex'), smaller: packed.length < bytes.length, inflated: toText(pako.inflate(packed)) === text,
    gunzipped: toText(pako.ungzip(zipped)) === text, raw: toText(pako.inflateRaw(pako.deflateRaw(bytes))) === text,
    streamed: [stream.err, toText(stream.result) === text], byZlib: zlib.gunzipSync(Buffer.from(zipped)).toString() === text,
    fromZlib: toText(pako.inflate(zlib.deflateSync(text))) === text,
    same: Buffer.from(packed).equals(zlib.deflateSync(Buffer.from(bytes), { level: 9 })),
    bad: bad(() => pako.inflate(new Uint8Array([1, 2, 3]))), magic: Array.from(zipped.slice(0, 3)),
  };
};
