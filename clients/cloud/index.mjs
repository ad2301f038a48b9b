import cloud from './index.js';

export default cloud;
