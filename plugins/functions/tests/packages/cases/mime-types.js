// Types, extensions, charsets and content types (one large JSON table).
const mime = require('mime-types');

module.exports = async (ctx) => ({
  lookup: ['json', 'a/b.PNG', '.md', 'x.docx', 'noext.zzz', 'archive.tar.gz', '.js', 'mp4'].map((name) => mime.lookup(name)),
  type: [mime.contentType('index.html'), mime.contentType('application/json'), mime.contentType('x.zzz')],
  extension: [mime.extension('image/jpeg'), mime.extension('text/html; charset=utf-8'), mime.extension('nope')],
  charset: [mime.charset('text/plain'), mime.charset('image/png')], all: mime.extensions['image/jpeg'],
  count: Object.keys(mime.types).length > 900,
});
