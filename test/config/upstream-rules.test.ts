import { describe, expect, test } from 'vitest';
import { GOOD, problemsOf } from './bad.ts';

/** The good config with its upstreams replaced; they begin at line 5. */
const withUpstreams = (...lines: readonly string[]): string =>
  GOOD.replace(/upstreams:\n(?: .*\n)+/, `upstreams:\n${lines.map((line) => `  ${line}\n`).join('')}`);

describe('a plain HTTP API', () => {
  test.each(['free', '0.002 USD'])('costs what the config says: %s', async (price) => {
    await expect(
      problemsOf(withUpstreams(`t: { protocol: http, url: "http://a.test", price: ${price} }`)),
    ).resolves.toEqual([]);
  });

  test('is never free by omission', async () => {
    await expect(problemsOf(withUpstreams('t: { protocol: http, url: "http://a.test" }'))).resolves.toEqual([
      expect.stringContaining('`price` is missing: expected what a request costs, e.g. `0.002 USD`, or `free`'),
    ]);
    for (const price of ['0 USD', '1', 'none', '"-1 USD"', '0.0000001 USD']) {
      await expect(
        problemsOf(withUpstreams(`t: { protocol: http, url: "http://a.test", price: ${price} }`)),
      ).resolves.toHaveLength(1);
    }
  });

  test('has no prices of models and no models', async () => {
    const text = withUpstreams('t: { protocol: http, url: "http://a.test", price: free, prices: { "*": free } }');
    await expect(problemsOf(`${text}aliases: { a: t/x }\n`)).resolves.toEqual([
      expect.stringContaining('`prices` are for models'),
      expect.stringContaining('the upstream `t` speaks HTTP and has no models'),
    ]);
  });

  test('has each operation once, in the form of one', async () => {
    const operations = (list: string): string =>
      withUpstreams(`t: { protocol: http, url: "http://a.test", price: free, operations: [${list}] }`);
    await expect(problemsOf(operations('"GET /a/{x}", "POST /a/{x}", "GET /a/b"'))).resolves.toEqual([]);
    await expect(problemsOf(operations('"GET /a/{x}", "GET /a/{y}"'))).resolves.toEqual([
      expect.stringContaining('this is the operation `GET /a/{x}` once more'),
    ]);
    await expect(problemsOf(operations('"GET a"'))).resolves.toEqual([
      expect.stringContaining('expected a method and a path'),
    ]);
  });

  test('alone has operations, lists and a price', async () => {
    const fields = { operations: '["GET /a"]', lists: '[a]', price: 'free' };
    for (const [field, value] of Object.entries(fields)) {
      const text = withUpstreams(`m: { protocol: mcp, url: "http://a.test", ${field}: ${value} }`);
      await expect(problemsOf(text)).resolves.toEqual([
        expect.stringContaining(`\`${field}\` is for upstreams that speak \`http\``),
      ]);
    }
  });
});

describe('a preset', () => {
  test('whose models have no listed price needs one in the config', async () => {
    await expect(problemsOf(withUpstreams('v: { preset: vllm }'))).resolves.toEqual([
      expect.stringContaining('the catalogue has no prices for `vllm`: state them in `prices`'),
    ]);
    await expect(problemsOf(withUpstreams('v: { preset: vllm, prices: { "*": free } }'))).resolves.toEqual([]);
    const ceiling = 'ceiling: { input: 1, output: 1 }\n';
    await expect(problemsOf(`${withUpstreams('v: { preset: vllm }')}${ceiling}`)).resolves.toEqual([]);
  });

  test('is told what it lacks at its own line', async () => {
    await expect(problemsOf(withUpstreams('g:', '  preset: groq'))).resolves.toEqual([
      expect.stringMatching(/^5:3: `credential` is missing: the preset `groq` needs one/),
    ]);
    await expect(problemsOf(withUpstreams('g: { preset: grok, credential: env:K }'))).resolves.toEqual([
      expect.stringContaining('did you mean `groq`?'),
    ]);
  });
});
