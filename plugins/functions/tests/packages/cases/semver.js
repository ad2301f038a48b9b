// Comparison, ranges, increments, coercion, sorting.
const semver = require('semver');

module.exports = async (ctx) => ({
  valid: [semver.valid('1.2.3'), semver.valid('a.b.c'), semver.clean('  =v1.2.3-beta.1+b5 ')],
  satisfies: [
    ['1.2.9', '^1.2.3'], ['2.0.0', '^1.2.3'], ['1.2.3-rc.1', '>=1.2.0'], ['0.2.5', '~0.2.3 || >5'],
  ].map(([version, range]) => semver.satisfies(version, range)),
  sorted: semver.rsort(['1.10.0', '1.9.0', '1.10.0-rc.2', '1.10.0-rc.10']),
  increments: ['major', 'minor', 'patch', 'prerelease'].map((kind) => semver.inc('1.2.3', kind, 'beta')),
  compare: [semver.gt('1.2.3', '9.8.7'), semver.lt('1.2.3-a', '1.2.3'), semver.eq('v1.0.0', '1.0.0+x')],
  coerced: semver.coerce('v2.3 (lts)').version, range: new semver.Range('1.x || >=2.5.0 <3').range,
  max: semver.maxSatisfying(['1.2.3', '1.4.0', '2.0.0'], '1'), minimum: semver.minVersion('>1.2').version,
  diff: semver.diff('1.2.3', '1.3.0'), parts: semver.parse('1.2.3-rc.4').prerelease, intersects: semver.intersects('^1.2', '<1.3'),
  subset: semver.subset('~1.2.3', '^1.2'), client: semver.gte(semver.coerce('8.0.16'), '8.0.2'),
});
