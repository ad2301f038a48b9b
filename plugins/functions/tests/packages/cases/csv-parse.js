// Rows and objects by the stream, callback and synchronous builds: quotes, types, comments, marks, errors.
const { parse } = require('csv-parse');
const { parse: parseSync } = require('csv-parse/sync');

module.exports = async (ctx) => {
  const text = '\ufeffid,姓名,note\n1,小明,"a ""quoted"", b"\n# skipped\n2,小红,"two\nlines"\n';
  const options = { columns: true, bom: true, comment: '#' };
  const parser = parse({ delimiter: ';', cast: true, cast_date: false, trim: true });
  const rows = [];
  parser.on('readable', () => { let row; while ((row = parser.read()) !== null) rows.push(row); });
  const ended = new Promise((resolve, reject) => parser.on('end', resolve).on('error', reject));
  for (const part of ['1; x', ';2.5\n', 'y;;3e2\n']) parser.write(part);
  parser.end();
  await ended;
  const bad = (input, extra) => { try { return parseSync(input, extra); } catch (error) { return error.code; } };
  const iterated = [];
  for await (const row of parse('a\nb\nc', { from_line: 2 })) iterated.push(row);
  return {
    objects: parseSync(text, options), rows, iterated,
    callback: await new Promise((resolve) => parse('a\tb', { delimiter: '\t' }, (error, value) => resolve(value))),
    info: parseSync('a,b\n1,2', { columns: true, info: true })[0].info.lines,
    cast: parseSync('1,true', { cast: (value, at) => (at.index ? value === 'true' : Number(value)) }),
    bad: [bad('a,b\n1', {}), bad('a,"b', {}), bad('a,b\n1,2,3', { columns: true })],
    relaxed: parseSync('a,b\n1', { relax_column_count: true }),
  };
};
