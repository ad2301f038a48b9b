// Name-based identifiers against RFC 4122's examples; random ones by their form.
const { v1, v3, v4, v5, validate, version, parse, stringify, NIL } = require('uuid');

module.exports = async (ctx) => {
  const random = Array.from({ length: 100 }, () => v4());
  return {
    v3: v3('www.example.com', v3.DNS), v5: v5('www.example.com', v5.DNS), own: v5('小程序', '1b671a64-40d5-491e-99b0-da01ff1f3341'),
    v1: v1({ node: [1, 0x23, 0x45, 0x67, 0x89, 0xab], clockseq: 0x1234, msecs: Date.UTC(2024, 0, 1), nsecs: 5678 }),
    seeded: v4({ random: Buffer.from('109156bec4fbc1ea71b4efe1671c5836', 'hex') }),
    random: [new Set(random).size, random.every((id) => validate(id) && version(id) === 4)],
    bytes: Array.from(parse('6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b')).slice(0, 4), back: stringify(parse(NIL)), bad: validate('not-a-uuid'),
  };
};
