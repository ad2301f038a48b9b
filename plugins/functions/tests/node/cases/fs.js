'use strict';
const fs = require('fs');
const fsp = require('fs/promises');
const path = require('path');
const { promisify } = require('util');
const fails = (run) => { try { return { gave: run() }; } catch (error) { return [error.name, error.code, error.errno, error.syscall, error.message.replaceAll(base, 'BASE'), error.path?.replaceAll(base, 'BASE')]; } };
let base = '';
const inside = (...names) => path.join(base, ...names);
const fresh = () => { base = fs.mkdtempSync('/tmp/case-'); return base; };

module.exports = {
  sync() {
    fresh();
    fs.writeFileSync(inside('a.txt'), 'hello');
    fs.appendFileSync(inside('a.txt'), Buffer.from(' world'));
    fs.mkdirSync(inside('d/e/f'), { recursive: true });
    fs.copyFileSync(inside('a.txt'), inside('d/b.txt'));
    fs.renameSync(inside('d/b.txt'), inside('d/c.txt'));
    fs.writeFileSync(inside('d/e/x'), 'ff', 'hex');
    const stat = fs.statSync(inside('a.txt'));
    const out = [fs.readFileSync(inside('a.txt'), 'utf8'), fs.readFileSync(inside('d/e/x')).toString('hex'), fs.readdirSync(base), fs.readdirSync(base, { withFileTypes: true }).map((d) => [d.name, d.isDirectory(), d.isFile(), d.isSymbolicLink()]), fs.readdirSync(base, { recursive: true }).sort(), fs.existsSync(inside('a.txt')), fs.existsSync(inside('nope')), stat.size, stat.isFile(), stat.isDirectory(), stat.mtime instanceof Date, typeof stat.ino, fs.statSync(inside('nope'), { throwIfNoEntry: false }) === undefined, typeof fs.statSync(base, { bigint: true }).size, fs.realpathSync(inside('d/../a.txt')) === inside('a.txt'), fs.accessSync(inside('a.txt')) === undefined];
    fs.truncateSync(inside('a.txt'), 3);
    out.push(fs.readFileSync(inside('a.txt'), { encoding: 'base64' }));
    fs.unlinkSync(inside('a.txt'));
    fs.rmSync(inside('d'), { recursive: true });
    fs.rmSync(inside('gone'), { force: true });
    out.push(fs.readdirSync(base));
    fs.rmdirSync(base);
    return [...out, fs.existsSync(base)];
  },
  descriptors() {
    fresh();
    const fd = fs.openSync(inside('f'), 'w+');
    const out = [fs.writeSync(fd, 'abcdef'), fs.writeSync(fd, Buffer.from('XY'), 0, 1, 2), fs.fstatSync(fd).size];
    const buffer = Buffer.alloc(4);
    out.push(fs.readSync(fd, buffer, 0, 4, 1), buffer.toString(), fs.readSync(fd, buffer), fs.readSync(fd, buffer, { position: 0, length: 2 }), buffer.toString());
    fs.ftruncateSync(fd, 2);
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    const appended = fs.openSync(inside('f'), 'a');
    fs.writeSync(appended, 'zz');
    fs.closeSync(appended);
    const numbered = fs.openSync(inside('g'), fs.constants.O_CREAT | fs.constants.O_RDWR | fs.constants.O_EXCL);
    fs.writeSync(numbered, 'n');
    fs.closeSync(numbered);
    out.push(fs.readFileSync(inside('f'), 'utf8'), fs.readFileSync(inside('g'), 'utf8'), fails(() => fs.closeSync(numbered)), fails(() => fs.readSync(numbered, buffer)), fails(() => fs.openSync(inside('g'), 'wx')), fails(() => fs.openSync(inside('g'), 'q')));
    const read = fs.openSync(inside('f'), 'r');
    out.push(fails(() => fs.writeSync(read, 'x')), fs.readFileSync(read, 'latin1'));
    fs.closeSync(read);
    fs.rmSync(base, { recursive: true });
    return out;
  },
  errors() {
    fresh();
    fs.writeFileSync(inside('f'), '');
    fs.mkdirSync(inside('d/x'), { recursive: true });
    const out = [() => fs.readFileSync(inside('no')), () => fs.readFileSync(base), () => fs.readdirSync(inside('f')), () => fs.readdirSync(inside('no')), () => fs.mkdirSync(base), () => fs.mkdirSync(inside('a/b')), () => fs.rmdirSync(inside('d')), () => fs.rmdirSync(inside('f')), () => fs.unlinkSync(inside('no')), () => fs.statSync(inside('f/x')), () => fs.openSync(inside('no')), () => fs.writeFileSync(inside('no/x'), ''), () => fs.writeFileSync(base, ''), () => fs.renameSync(inside('no'), inside('b')), () => fs.copyFileSync(inside('no'), inside('b')), () => fs.rmSync(inside('no')), () => fs.rmSync(inside('d')), () => fs.accessSync(inside('no')), () => fs.readFileSync(5.5), () => fs.readFileSync({}), () => fs.writeFileSync(inside('f'), {}), () => fs.readFileSync(inside('f'), 'nope'), () => fs.readFileSync('a\0b'), () => fs.readFile(inside('f')), () => fs.lstatSync(inside('no')), () => fs.chmodSync(inside('no'), 0o600), () => fs.realpathSync(inside('no')), () => fs.mkdirSync(inside('f/x'), { recursive: true }), () => fs.copyFileSync(inside('f'), inside('f'), fs.constants.COPYFILE_EXCL), () => fs.readlinkSync(inside('f')), () => fs.closeSync('x'), () => fs.readFileSync('')].map(fails);
    fs.rmSync(base, { recursive: true });
    return out;
  },
  async callbacks() {
    fresh();
    const call = (name, ...args) => new Promise((resolve) => fs[name](...args, (error, ...values) => resolve([error && error.code, ...values.map((v) => (Buffer.isBuffer(v) ? `buffer ${v}` : v))])));
    const out = [await call('writeFile', inside('a'), 'text'), await call('readFile', inside('a')), await call('readFile', inside('a'), 'utf8'), await call('readFile', inside('b'), {}), await call('readdir', base), await call('unlink', inside('a')), await call('mkdir', inside('x'), { recursive: true }).then(([e]) => e), await new Promise((resolve) => fs.exists(base, resolve)), await call('access', inside('zz')), await promisify(fs.writeFile)(inside('p'), 'pp'), await promisify(fs.readFile)(inside('p'), 'utf8'), await promisify(fs.exists)(inside('p'))];
    const [, fd] = await call('open', inside('p'), 'r+');
    out.push(await call('read', fd, Buffer.alloc(2), 0, 2, 0), await call('write', fd, 'qq', 0), await call('fstat', fd).then(([, s]) => s.size), await call('close', fd), Object.keys(await promisify(fs.read)(fs.openSync(inside('p')), Buffer.alloc(1), 0, 1, 0)));
    fs.rmSync(base, { recursive: true });
    return out;
  },
  async promises() {
    fresh();
    await fsp.writeFile(inside('a'), ['x', 'y']);
    await fsp.appendFile(inside('a'), 'z');
    const handle = await fsp.open(inside('a'), 'r+');
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(3), 0, 3, 0);
    const out = [await fsp.readFile(inside('a'), 'utf8'), bytesRead, buffer.toString(), (await handle.stat()).size, (await handle.write('Q', 0)).bytesWritten, await handle.readFile('utf8'), typeof handle.fd];
    await handle.close();
    await fsp.mkdir(inside('m/n'), { recursive: true });
    await fsp.cp(inside('m'), inside('o'), { recursive: true });
    out.push(await fsp.readdir(base), (await fsp.stat(inside('o/n'))).isDirectory(), await fsp.readFile(inside('no')).catch((e) => [e.code, e.syscall]), await fsp.rm(inside('m'), { recursive: true }) === undefined, await fsp.access(inside('a')) === undefined, fs.promises === fsp, (await fsp.mkdtemp(inside('t-'))).length - base.length);
    const dir = await fsp.opendir(base);
    const names = [];
    for await (const entry of dir) names.push(entry.name.slice(0, 2));
    out.push(names.sort());
    await fsp.rm(base, { recursive: true });
    return out;
  },
  async streams() {
    fresh();
    const { pipeline } = require('stream/promises');
    const w = fs.createWriteStream(inside('s'));
    const events = [];
    for (const name of ['open', 'ready', 'finish', 'close']) w.on(name, () => events.push(name));
    w.write('line one\n');
    w.end('x'.repeat(200000));
    await new Promise((resolve) => w.on('close', resolve));
    let size = 0;
    let chunks = 0;
    for await (const chunk of fs.createReadStream(inside('s'))) { size += chunk.length; chunks++; }
    const part = await fs.createReadStream(inside('s'), { start: 5, end: 7, encoding: 'utf8' }).toArray();
    await pipeline(fs.createReadStream(inside('s')), fs.createWriteStream(inside('t')));
    const missing = await new Promise((resolve) => fs.createReadStream(inside('no')).on('error', (e) => resolve([e.code, e.syscall])));
    await new Promise((resolve) => fs.createWriteStream(inside('s'), { flags: 'a' }).end('END', resolve));
    const out = [events, w.bytesWritten, size, chunks, part, fs.statSync(inside('t')).size, missing, fs.readFileSync(inside('s'), 'utf8').slice(-4), w instanceof require('stream').Writable, w instanceof fs.WriteStream];
    fs.rmSync(base, { recursive: true });
    return out;
  },
  // What a hundred calls in a row do, for some seeds.
  random() {
    return Array.from({ length: 12 }, (_, index) => {
      let seed = (index + 1) * 7919;
      const below = (n) => {
        seed = (seed * 1103515245 + 12345) & 0x7fffffff;
        return (seed >>> 8) % n;
      };
      fresh();
      const names = ['a', 'b', 'c', 'a.x', 'a0'];
      const any = () => inside(...Array.from({ length: 1 + below(3) }, () => names[below(names.length)]));
      const open = [fs.openSync(inside('first'), 'w+')];
      const some = () => open[below(open.length)];
      const calls = [
        () => fs.writeFileSync(any(), 'x'.repeat(below(20))), () => fs.appendFileSync(any(), 'yy'), () => fs.readFileSync(any(), 'utf8').length, () => fs.mkdirSync(any()),
        () => fs.mkdirSync(any(), { recursive: true })?.slice(base.length), () => fs.rmdirSync(any()), () => fs.unlinkSync(any()), () => fs.renameSync(any(), any()), () => fs.readdirSync(any()).sort().join(),
        () => fs.readdirSync(any(), { recursive: true }).sort().join(), () => fs.statSync(any()).isFile(), () => fs.existsSync(any()), () => fs.rmSync(any(), { recursive: true, force: below(2) === 1 }), () => fs.truncateSync(any(), below(30)),
        () => void open.push(fs.openSync(any(), ['r', 'r+', 'w', 'w+', 'a', 'a+', 'wx', 'ax+'][below(8)])), () => fs.writeSync(some(), 'abc', below(2) ? below(10) : null),
        () => { const b = Buffer.alloc(5); return b.toString('latin1', 0, fs.readSync(some(), b, 0, 5, below(2) ? below(10) : null)); }, () => fs.fstatSync(some()).size, () => fs.ftruncateSync(some(), below(8)), () => fs.accessSync(any()),
      ];
      const log = [];
      for (let i = 0; i < 100; i++) {
        const call = below(calls.length);
        try { log.push(`${call}:${calls[call]() ?? ''}`); } catch (error) { log.push(`${call}:${error.code} ${error.syscall}`); }
      }
      for (const fd of open) fs.closeSync(fd);
      fs.rmSync(base, { recursive: true });
      return log.join(' ');
    });
  },
};
