// The encodings of Buffer: how long a text is, its bytes, and the text of bytes. What is long goes through native ops.
'use strict';
const { native } = internal;
const fromCharCode = String.fromCharCode;

// From here on a native op is faster than a loop.
const SHORT = 128;
const CHUNK = 8192;

function textOf(codes) {
  if (codes.length <= CHUNK) return fromCharCode.apply(null, codes);
  let text = '';
  for (let i = 0; i < codes.length; i += CHUNK) text += fromCharCode.apply(null, codes.subarray(i, i + CHUNK));
  return text;
}

function isAscii(bytes) {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] > 0x7f) return false;
  return true;
}

const utf8 = {
  name: 'utf8',
  length(text) {
    let length = text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x80) continue;
      if (code < 0x800) length += 1;
      else {
        length += 2;
        // A pair has four bytes, which were counted as one and three.
        if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++;
      }
    }
    return length;
  },
  bytes: (text) => native['binary.bytes'](text, 'utf8'),
  // Writes whole characters as long as there is room.
  write(text, target, start, end) {
    let at = start;
    for (let i = 0; i < text.length; i++) {
      let code = text.charCodeAt(i);
      if (code < 0x80) {
        if (at >= end) break;
        target[at++] = code;
        continue;
      }
      if (code >= 0xd800 && code < 0xe000) {
        const low = text.charCodeAt(i + 1);
        if (code < 0xdc00 && (low & 0xfc00) === 0xdc00) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          i++;
        } else {
          code = 0xfffd;
        }
      }
      const size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      if (at + size > end) break;
      if (size === 2) target[at++] = 0xc0 | (code >> 6);
      else {
        if (size === 3) target[at++] = 0xe0 | (code >> 12);
        else {
          target[at++] = 0xf0 | (code >> 18);
          target[at++] = 0x80 | ((code >> 12) & 0x3f);
        }
        target[at++] = 0x80 | ((code >> 6) & 0x3f);
      }
      target[at++] = 0x80 | (code & 0x3f);
    }
    return at - start;
  },
  text(bytes) {
    if (bytes.length === 0) return '';
    return bytes.length <= SHORT && isAscii(bytes) ? fromCharCode.apply(null, bytes) : ops.decode(bytes, false);
  },
};

function byCode(name, mask) {
  return {
    name,
    length: (text) => text.length,
    write(text, target, start, end) {
      const length = Math.min(text.length, end - start);
      for (let i = 0; i < length; i++) target[start + i] = text.charCodeAt(i);
      return length;
    },
    text: (bytes) => textOf(mask === 0xff ? bytes : Uint8Array.from(bytes, (byte) => byte & mask)),
  };
}

const utf16le = {
  name: 'utf16le',
  length: (text) => text.length * 2,
  write(text, target, start, end) {
    const length = Math.min(text.length, (end - start) >> 1);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      target[start + 2 * i] = code;
      target[start + 2 * i + 1] = code >> 8;
    }
    return length * 2;
  },
  text(bytes) {
    const length = bytes.length >> 1;
    const codes = new Uint16Array(length);
    for (let i = 0; i < length; i++) codes[i] = bytes[2 * i] | (bytes[2 * i + 1] << 8);
    return textOf(codes);
  },
};

function byOp(name, length) {
  return {
    name,
    length,
    bytes: (text) => native['binary.bytes'](text, name),
    write(text, target, start, end) {
      const bytes = native['binary.bytes'](text, name);
      const length = Math.min(bytes.length, end - start);
      for (let i = 0; i < length; i++) target[start + i] = bytes[i];
      return length;
    },
    text: (bytes) => (bytes.length === 0 ? '' : native['binary.text'](bytes, name)),
  };
}

function base64Length(text) {
  let length = text.length;
  if (text.charCodeAt(length - 1) === 0x3d) length--;
  if (length > 1 && text.charCodeAt(length - 1) === 0x3d) length--;
  return (length * 3) >>> 2;
}

const hex = byOp('hex', (text) => text.length >>> 1);
const base64 = byOp('base64', base64Length);
const base64url = byOp('base64url', base64Length);
const latin1 = byCode('latin1', 0xff);
const ascii = byCode('ascii', 0x7f);

const names = {
  __proto__: null,
  utf8, 'utf-8': utf8, utf16le, 'utf-16le': utf16le, ucs2: utf16le, 'ucs-2': utf16le, latin1, binary: latin1, ascii, hex, base64, base64url,
};

// An encoding by one of its names, in any case; undefined when there is none.
function encodingOf(name) {
  return names[name] ?? names[`${name}`.toLowerCase()];
}

module.exports = { encodingOf, utf8, latin1, ascii, utf16le, hex, base64, base64url, isAscii, SHORT };
