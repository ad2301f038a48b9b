import MPAnalyse from './index.js';

export default MPAnalyse;
export const init = MPAnalyse.init;
export const resume = MPAnalyse.resume;
export const pause = MPAnalyse.pause;
