// Rich text made safe: allowed tags and attributes, scripts, styles, schemes, transformations.
const sanitize = require('sanitize-html');

module.exports = async (ctx) => ({
  script: sanitize('<p onclick="x()">好<script>alert(1)</script><b>b</b></p><img src=x onerror=y>'),
  link: sanitize('<a href="javascript:alert(1)">x</a><a href="https://a.cn" target=_blank>y</a><a href="JaVa\tScript:z">z</a>'),
  style: sanitize('<p style="color:red;position:fixed">x</p>', { allowedAttributes: { p: ['style'] }, allowedStyles: { p: { color: [/^red$/] } } }),
  image: sanitize('<img src="/a.png" alt="a"><img src="data:text/html,x">', { allowedTags: ['img'] }),
  text: sanitize('<b>only</b> text &amp; <', { allowedTags: [] }),
  renamed: sanitize('<h1 class="x y">t</h1>', { transformTags: { h1: sanitize.simpleTransform('p', { class: 'big' }) }, allowedClasses: { p: ['big'] } }),
  filtered: sanitize('<p></p><p>k</p>', { exclusiveFilter: (frame) => !frame.text.trim() }),
  escaped: sanitize('<x>y</x>', { disallowedTagsMode: 'escape' }),
  iframe: sanitize('<iframe src="https://v.cn/1"></iframe><iframe src="https://evil.cn"></iframe>', {
    allowedTags: ['iframe'], allowedAttributes: { iframe: ['src'] }, allowedIframeHostnames: ['v.cn'],
  }),
  nested: sanitize('<<b>b>x</b>', {}), defaults: sanitize.defaults.allowedTags.includes('table'),
});
