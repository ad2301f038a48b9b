// Makes classes look as those of Web IDL do: their names and tags, and members that are enumerable.
'use strict';
module.exports = (classes, enumerable = true) => {
  for (const [name, type] of Object.entries(classes)) {
    // The bundler renames a class that mentions itself.
    Object.defineProperty(type, 'name', { value: name, configurable: true });
    Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, configurable: true });
    if (!enumerable) continue;
    for (const key of Object.getOwnPropertyNames(type.prototype)) if (key !== 'constructor') Object.defineProperty(type.prototype, key, { enumerable: true });
  }
};
