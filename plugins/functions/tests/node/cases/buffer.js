'use strict';
const { Buffer, Blob, File, constants, transcode, isUtf8, isAscii, kMaxLength } = require('buffer');
const util = require('util');
const fails = (run) => { try { return { gave: run() }; } catch (error) { return [error.name, error.code, error.message]; } };
const text = 'héllo 小明 😀';

module.exports = {
  encodings() {
    const result = {};
    for (const name of ['utf8', 'utf-8', 'UTF8', 'hex', 'base64', 'base64url', 'latin1', 'binary', 'ascii', 'ucs2', 'utf16le', 'UTF-16LE']) {
      const bytes = Buffer.from(text, 'utf8');
      const shown = bytes.toString(name);
      result[name] = [shown, [...Buffer.from(shown, name)].join(), Buffer.byteLength(shown, name), Buffer.isEncoding(name)];
    }
    return result;
  },
  long() {
    const long = text.repeat(10000);
    const bytes = Buffer.from(long);
    const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256));
    return [bytes.length, bytes.toString() === long, ['hex', 'base64', 'base64url', 'latin1', 'utf16le'].map((name) => Buffer.from(bytes.toString(name), name).equals(bytes)), noise.toString('utf8').length, noise.toString('base64').slice(-20), noise.toString('latin1').length, noise.toString('ascii').charCodeAt(4999)];
  },
  lenient: () => ['aGVsbG8', 'aGVs\nbG8=', 'aGVsbG8=aGVs', '-_-_', '====', 'a', 'YWE', '=YQ=='].map((b) => Buffer.from(b, 'base64').toString('hex')).concat(['abxx', 'abc', 'zz', '0G12'].map((h) => Buffer.from(h, 'hex').toString('hex'))),
  surrogates: () => [Buffer.from('\ud800a\udc00').toString('hex'), Buffer.from('x'.repeat(300) + '\ud800').subarray(300).toString('hex'), Buffer.from([0xe5, 0xb0, 0xff, 0xf0, 0x9f]).toString(), Buffer.from('\ud83d\ude00', 'latin1').toString('hex'), Buffer.from('\ud800', 'utf16le').toString('hex')],
  from() {
    const array = new Uint16Array([1, 2, 258]);
    return [
      Buffer.from(array).toJSON(), Buffer.from(array.buffer).toString('hex'), Buffer.from(array.buffer, 2, 3).toString('hex'), Buffer.from([1.7, '3', -1, 300, null]).toString('hex'),
      Buffer.from({ type: 'Buffer', data: [1, 2] }).toString('hex'), Buffer.from(new String('abc')).toString(), Buffer.from({ length: 3, 0: 5, 2: 7 }).toString('hex'), Buffer.from({ [Symbol.toPrimitive]: () => 'prim' }).toString(),
      Buffer.of(1, 2, 3).toString('hex'), Buffer.from(Buffer.from('copy')).toString(), Buffer('old').toString(), new Buffer(3).toString('hex'), Buffer.copyBytesFrom(array, 1, 1).toString('hex'),
    ];
  },
  fromErrors: () => [undefined, null, 5, true, Symbol('a'), () => 1, {}, 1n].map((value) => fails(() => Buffer.from(value).toString('hex'))),
  otherErrors: () => [
    fails(() => Buffer.alloc(-1)), fails(() => Buffer.alloc('5')), fails(() => Buffer.alloc(NaN)), fails(() => Buffer.from('a', 'nope')), fails(() => Buffer.from('a').toString('nope')), fails(() => Buffer.alloc(2).write(5)),
    fails(() => Buffer.concat('x')), fails(() => Buffer.concat([1])), fails(() => Buffer.alloc(4).readUInt32LE(1)), fails(() => Buffer.alloc(4).readUInt16BE(1.5)), fails(() => Buffer.alloc(4).readInt8('0')),
    fails(() => Buffer.alloc(1).readUInt32LE(0)), fails(() => Buffer.alloc(4).writeUInt8(256, 0)), fails(() => Buffer.alloc(4).writeInt16LE(40000, 0)), fails(() => Buffer.alloc(8).writeUInt32BE(2 ** 32, 0)), fails(() => Buffer.alloc(8).writeUIntBE(2 ** 40, 0, 5)),
    fails(() => Buffer.alloc(8).readUIntLE(0, 7)), fails(() => Buffer.alloc(8).writeBigInt64LE(2n ** 63n)), fails(() => Buffer.alloc(3).swap16()), fails(() => Buffer.alloc(3).fill('zz', 'hex')), fails(() => Buffer.alloc(3).compare('a')), fails(() => Buffer.alloc(3).equals('a')),
    fails(() => Buffer.alloc(3).copy('a')), fails(() => Buffer.byteLength(5)), fails(() => Buffer.alloc(3).indexOf({})), fails(() => Buffer.alloc(8).writeBigInt64LE(5)), fails(() => Buffer.compare(1, 2)),
  ],
  numbers() {
    const b = Buffer.alloc(48);
    const at = [b.writeUInt8(200, 0), b.writeInt8(-5, 1), b.writeUInt16LE(65000, 2), b.writeUInt16BE(65000, 4), b.writeInt16LE(-3, 6), b.writeUInt32LE(4e9, 8), b.writeUInt32BE(4e9, 12), b.writeInt32BE(-7, 16), b.writeFloatLE(1.5, 20), b.writeDoubleBE(Math.PI, 24), b.writeBigInt64LE(-5n, 32), b.writeBigUInt64BE(2n ** 63n, 40)];
    return [b.toString('hex'), at, b.readUInt8(0), b.readInt8(1), b.readUint16LE(2), b.readUInt16BE(4), b.readInt16LE(6), b.readUInt32LE(8), b.readUInt32BE(12), b.readInt32BE(16), b.readFloatLE(20), b.readDoubleBE(24), String(b.readBigInt64LE(32)), String(b.readBigUInt64BE(40)),
      b.readUIntLE(8, 6), b.readIntBE(16, 3), b.readUIntBE(9, 5), b.writeUIntLE(0x123456789a, 0, 6), b.writeIntBE(-123456, 10, 5), b.toString('hex')];
  },
  searching() {
    const b = Buffer.from('this is a buffer, this is');
    return [b.indexOf('is'), b.indexOf('is', 3), b.lastIndexOf('is'), b.lastIndexOf('is', 20), b.indexOf(Buffer.from('a b')), b.indexOf(97), b.indexOf('zz'), b.includes('buffer'), b.indexOf(''), b.indexOf('', 5), b.lastIndexOf('this', -10), b.indexOf('is', -3), b.indexOf('s', -500), b.lastIndexOf('t', -500), b.indexOf(99.99 + 256),
      Buffer.from('\u039a\u0391\u03a3', 'utf16le').indexOf('\u0391', 0, 'utf16le'), b.indexOf('6973', 'hex'), b.lastIndexOf('is', undefined), b.indexOf('is', null)];
  },
  editing() {
    const b = Buffer.alloc(10, 'ab');
    const c = Buffer.alloc(8);
    b.copy(c, 2, 1, 5);
    const d = Buffer.from('abcdef');
    d.copy(d, 2, 0, 4);
    return [b.toString(), c.toString('hex'), d.toString(), Buffer.alloc(5).fill('é').toString('hex'), Buffer.alloc(5, 1).fill(0x1ff, 1, 3).toString('hex'), Buffer.alloc(4, 'YQ==', 'base64').toString(), Buffer.from('abcd').swap16().toString(), Buffer.from('abcdefgh').swap64().toString(),
      Buffer.concat([Buffer.from('a'), Buffer.from('bc')]).toString(), Buffer.concat([Buffer.from('abc')], 2).toString(), Buffer.concat([Buffer.from('abc')], 5).toString('hex'), Buffer.compare(Buffer.from('a'), Buffer.from('b')), Buffer.from('abc').compare(Buffer.from('xabc'), 1), Buffer.from('a').equals(Buffer.from('a'))];
  },
  writing() {
    const b = Buffer.alloc(8);
    return [b.write('abc'), b.write('é', 3), b.write('ffee', 5, 'hex'), b.write('xyz', 6), b.write('小', 6), b.toString('hex'), b.write('abc', 1, 2), b.write('abc', 0, 3, 'latin1'), b.toString('hex'), b.utf8Write('zz', 1), b.latin1Slice(0, 3), b.hexSlice(), b.write('aé', 0, 2)];
  },
  slicing() {
    const b = Buffer.from('hello');
    const s = b.slice(1, -1);
    s[0] = 0x45;
    return [b.toString(), s.toString(), s instanceof Buffer, Buffer.isBuffer(s), b.subarray(-2).toString(), b.toString('utf8', 1, 3), b.toString('utf8', -3, 99), b.toString('utf8', 3, 1), b.toString(undefined, 1), b.map((x) => x + 1).toString(), b.map((x) => x) instanceof Buffer, b.filter((x) => x > 105).constructor.name, [...b.entries()].length, b.at(-1), b.readUInt8(), b.parent === b.buffer, b.slice(3, 2).length];
  },
  inspecting: () => [util.inspect(Buffer.from('abc')), util.inspect(Buffer.alloc(60)), util.inspect(Object.assign(Buffer.from('a'), { x: 1 })), util.inspect(new Blob(['abc'], { type: 'Text/Plain' })), JSON.stringify(Buffer.from('a')), String(Buffer.from('a')), Object.prototype.toString.call(Buffer.from('a')), Buffer.name, Buffer.from('a').constructor === Buffer, Object.keys(Buffer.from('ab'))],
  constants: () => [constants.MAX_STRING_LENGTH, typeof kMaxLength, Buffer.poolSize],
  others: () => [transcode(Buffer.from('€'), 'utf8', 'latin1').toString('hex'), transcode(Buffer.from('é'), 'utf8', 'utf16le').toString('hex'), fails(() => transcode(Buffer.from('a'), 'b', 'hex')), isUtf8(Buffer.from([0xff])), isUtf8(Buffer.from('é')), isAscii(Buffer.from('é')), isAscii(Buffer.from('e')), atob('aGk='), atob(' aGk '), btoa('hé'), fails(() => atob('a')), fails(() => btoa('小')), fails(() => atob('*'))],
  async blobs() {
    const blob = new Blob(['ab', Buffer.from('cd'), new Uint8Array([101]).buffer, new Blob(['f'])], { type: 'Text/Plain' });
    const file = new File(['x'], 'a.txt', { type: 'text/plain', lastModified: 5 });
    const chunks = [];
    for await (const chunk of blob.stream()) chunks.push(Buffer.from(chunk).toString());
    return [blob.size, blob.type, await blob.text(), Buffer.from(await blob.slice(1, -1).arrayBuffer()).toString(), chunks.join(''), file.name, file.lastModified, file instanceof Blob, String(blob), await new Blob([5, null]).text(), fails(() => new Blob(5))];
  },
};
