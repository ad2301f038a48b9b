// Chinese text to pinyin: tones, initials, surnames, several readings, matching, conversion (a large dictionary).
const { pinyin, match, customPinyin, html, convert, polyphonic, segment } = require('pinyin-pro');

module.exports = async (ctx) => {
  const before = pinyin('能够');
  customPinyin({ 能好: 'nài hǎo' });
  return {
    text: pinyin('汉语拼音'), heteronym: pinyin('银行行长重新长大'), numbers: pinyin('绿色', { toneType: 'num' }),
    none: pinyin('小程序云', { toneType: 'none', type: 'array' }), initials: pinyin('赵钱孙李', { pattern: 'initial' }),
    first: pinyin('小明', { pattern: 'first', toneType: 'none', separator: '' }), surname: pinyin('曾乐', { mode: 'surname' }),
    all: pinyin('好', { multiple: true, type: 'array' }), mixed: pinyin('abc中文123', { nonZh: 'consecutive' }),
    removed: pinyin('a中b', { nonZh: 'removed' }), matched: [match('中文拼音', 'zwpy'), match('中文拼音', 'xyz')], before, custom: pinyin('能好'),
    html: html('字'), convert: convert('pin1 yin1'), polyphonic: polyphonic('好').length, variant: pinyin('女', { v: true, toneType: 'none' }),
    segment: typeof segment,
  };
};
