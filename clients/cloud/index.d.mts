import cloud = require('./index.js');

export * from './index.js';
declare const all: typeof cloud.default;
export default all;
