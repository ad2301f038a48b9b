// What urllib uses of npm `iconv-lite`, by the encodings that are native.
const { native } = internal;

exports.encodingExists = (label) => {
  try {
    native['text.label'](`${label}`);
    return true;
  } catch {
    return false;
  }
};

exports.decode = (bytes, label) => native['text.decode'](`${label}`, bytes, false, false);
