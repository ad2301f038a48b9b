// Parsing with headers, types and delimiters found, steps, errors; unparsing; a Node stream.
const Papa = require('papaparse');
const { Readable } = require('stream');

module.exports = async (ctx) => {
  const steps = [];
  Papa.parse('a,b\n1,2\n3,4', { step: (row, parser) => { steps.push(row.data); if (steps.length === 2) parser.abort(); } });
  const streamed = [];
  const stream = Readable.from(['x,y\n1,', '2\n3,4\n']).pipe(Papa.parse(Papa.NODE_STREAM_INPUT, { header: true, dynamicTyping: true }));
  for await (const row of stream) streamed.push(row);
  const typed = Papa.parse('name,n,ok\n"小明, ""A""",1.5,true\n\n小红,,false\n', { header: true, dynamicTyping: true, skipEmptyLines: true });
  return {
    typed: typed.data, meta: [typed.meta.delimiter, typed.meta.fields], guessed: Papa.parse('a;b\n1;2').meta.delimiter,
    errors: Papa.parse('a,b\n1,2,3\n"x', { header: true }).errors.map(({ type, code, row }) => [type, code, row ?? null]), steps, streamed,
    text: Papa.unparse([{ a: 1, b: 'x,"y"' }, { a: null, b: '=1+1' }], { escapeFormulae: true }),
    fields: Papa.unparse({ fields: ['p', 'q'], data: [[1, 2]] }, { delimiter: '\t', newline: '\n' }),
    preview: Papa.parse('1\n2\n3', { preview: 2 }).data.length,
  };
};
