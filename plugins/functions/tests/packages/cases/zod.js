// Objects, unions, transforms, refinements, coercion, dates, error maps and asynchronous checks.
const { z } = require('zod');

module.exports = async (ctx) => {
  const User = z.object({
    name: z.string().trim().min(2), email: z.string().email().optional(), age: z.coerce.number().int().positive(),
    role: z.enum(['user', 'admin']).default('user'), at: z.string().datetime().transform((text) => new Date(text)), tags: z.array(z.string()).nonempty(),
  }).strict();
  const Shape = z.discriminatedUnion('kind', [z.object({ kind: z.literal('circle'), r: z.number() }), z.object({ kind: z.literal('square'), side: z.number() })]);
  const passwords = z.object({ a: z.string(), b: z.string() }).refine((value) => value.a === value.b, { message: '两次密码不一致', path: ['b'] });
  const bad = User.safeParse({ name: ' x ', email: 'nope', age: '-1', at: 'today', tags: [], more: 1 });
  const later = z.string().refine(async (text) => text !== 'taken', 'taken');
  return {
    good: User.parse({ name: '小明', age: '20', at: '2024-01-01T00:00:00Z', tags: ['a'] }),
    bad: bad.error.issues.map(({ path, code, message }) => [path.join('.'), code, message]),
    flat: Object.keys(bad.error.flatten().fieldErrors), shape: Shape.parse({ kind: 'square', side: 2 }),
    union: z.union([z.string(), z.number()]).parse(5), passwords: passwords.safeParse({ a: '1', b: '2' }).error.format().b._errors,
    later: [(await later.safeParseAsync('taken')).success, await later.parseAsync('ok')],
    partial: User.partial().pick({ name: true, age: true }).parse({}), record: z.record(z.string(), z.number()).parse({ a: 1 }),
    map: [...z.map(z.string(), z.date()).parse(new Map([['k', new Date(0)]]))],
    pipe: z.string().transform(Number).pipe(z.number().max(5)).safeParse('9').success,
    lazy: z.lazy(() => z.array(z.bigint())).parse([1n]).map(String),
  };
};
