import analyse = require('./index.js');

export * from './index.js';
declare const MPAnalyse: typeof analyse.default;
export default MPAnalyse;
