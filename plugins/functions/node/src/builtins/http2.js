// http2: only its constants. Requests go over HTTP/1.1.
const { unavailable } = require('internal/errors');

const headers = {
  HTTP2_HEADER_STATUS: ':status', HTTP2_HEADER_METHOD: ':method', HTTP2_HEADER_AUTHORITY: ':authority', HTTP2_HEADER_SCHEME: ':scheme', HTTP2_HEADER_PATH: ':path', HTTP2_HEADER_PROTOCOL: ':protocol',
};
for (const name of [
  'accept', 'accept-charset', 'accept-encoding', 'accept-language', 'accept-ranges', 'age', 'allow', 'authorization', 'cache-control', 'connection', 'content-disposition', 'content-encoding', 'content-language',
  'content-length', 'content-location', 'content-range', 'content-type', 'cookie', 'date', 'etag', 'expect', 'expires', 'from', 'host', 'if-match', 'if-modified-since', 'if-none-match', 'if-range',
  'if-unmodified-since', 'keep-alive', 'last-modified', 'link', 'location', 'max-forwards', 'origin', 'proxy-authorization', 'range', 'referer', 'retry-after', 'server', 'set-cookie', 'te', 'trailer',
  'transfer-encoding', 'upgrade', 'user-agent', 'vary', 'via', 'www-authenticate',
]) headers[`HTTP2_HEADER_${name.toUpperCase().replaceAll('-', '_')}`] = name;
const methods = Object.fromEntries(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'].map((name) => [`HTTP2_METHOD_${name}`, name]));
const codes = Object.fromEntries(['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT', 'STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR', 'CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'].map((name, index) => [`NGHTTP2_${name}`, index]));
const statuses = { HTTP_STATUS_CONTINUE: 100, HTTP_STATUS_OK: 200, HTTP_STATUS_NO_CONTENT: 204, HTTP_STATUS_NOT_MODIFIED: 304, HTTP_STATUS_BAD_REQUEST: 400, HTTP_STATUS_NOT_FOUND: 404, HTTP_STATUS_INTERNAL_SERVER_ERROR: 500 };

const absent = (what) => () => {
  throw unavailable(what);
};

exports.constants = Object.freeze({ ...codes, ...headers, ...methods, ...statuses });
exports.connect = absent('HTTP/2');
exports.createServer = absent('an HTTP/2 server');
exports.createSecureServer = absent('an HTTP/2 server');
exports.getDefaultSettings = () => ({ headerTableSize: 4096, enablePush: true, initialWindowSize: 65535, maxFrameSize: 16384, maxConcurrentStreams: 4294967295, maxHeaderListSize: 65535, maxHeaderSize: 65535, enableConnectProtocol: false });
exports.sensitiveHeaders = Symbol('nodejs.http2.sensitiveHeaders');
exports.Http2ServerRequest = class Http2ServerRequest {};
exports.Http2ServerResponse = class Http2ServerResponse {};
