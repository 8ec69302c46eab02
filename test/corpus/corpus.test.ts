// Requests and answers as real clients and providers write them, with what Waygate must read in them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Action } from '../../src/core/access.ts';
import { type Call, type Dialect, DIALECTS } from '../../src/core/call.ts';
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/exchange.ts';
import { configuredPrice } from '../../src/metering/price.ts';
import { meter } from '../../src/metering/tap.ts';
import { PROTOCOLS } from '../../src/protocols/index.ts';
import type { Reading } from '../../src/protocols/protocol.ts';
import { callOf } from '../metering/call.ts';
import { pieces, readAll, reports } from '../metering/flow.ts';
import { request } from '../protocols/request.ts';

interface Expected {
  readonly given?: {
    readonly path?: string;
    readonly headers?: Record<string, string>;
    /** The upstream's name of the model. */
    readonly model?: string;
    readonly status?: number;
    /** Where there is no request to read it from, and it is not `model.generate`. */
    readonly action?: Action;
  };
  readonly reading?: Reading;
  readonly sent?: { readonly splices: readonly string[]; readonly hideUsage: boolean; readonly body?: string };
  readonly refused?: { readonly code: ErrorCode; readonly message: string };
  readonly metered?: object;
  readonly ending?: string;
}

const ROOT = fileURLToPath(new URL('./', import.meta.url));
const PRICE = configuredPrice({ input: 1, output: 10, cacheRead: 0.1, cacheWrite: 1.25 });

const cases = DIALECTS.flatMap((dialect) =>
  [...new Set(readdirSync(ROOT + dialect).map((file) => file.slice(0, file.indexOf('.'))))].map((name) => ({
    dialect,
    name,
    at: `${ROOT}${dialect}/${name}`,
  })),
);
const file = (path: string): Buffer => readFileSync(path);
const expectedOf = (at: string): Expected => JSON.parse(file(`${at}.expected.json`).toString()) as Expected;
const callTo = (dialect: Dialect, { given, reading }: Expected): Call => {
  return callOf(dialect, { action: given?.action ?? reading?.action ?? 'model.generate' });
};
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

describe('requests', () => {
  test.each(cases.filter(({ at }) => existsSync(`${at}.request.json`)))('$dialect $name', ({ dialect, at }) => {
    const body = file(`${at}.request.json`);
    const { given, reading, sent, refused } = expectedOf(at);
    expect(readRequest(dialect, body, given)).toEqual({ reading, sent, refused });
  });
});

function readRequest(dialect: Dialect, body: Buffer, given: Expected['given']): Expected {
  const protocol = PROTOCOLS[dialect];
  try {
    const reading = protocol.read(request('POST', given?.headers ?? {}), given?.path ?? '', body);
    const model = given?.model ?? reading.resource.name;
    const sent = protocol.write(body, reading, { model, meter: reading.action === 'model.generate' });
    const { splices, hideUsage } = sent;
    const changed = sent.body === body ? {} : { body: sent.body.toString() };
    return plain({ reading, sent: { splices, hideUsage, ...changed } }) as Expected;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(GatewayError);
    const { code, message } = thrown as GatewayError;
    return { refused: { code, message } };
  }
}

/** Sends an answer through the tap, as that to `call`. */
function deliver(call: Call, answer: Answer) {
  const { ends, done } = reports();
  const reader = readAll(meter(call, answer, { price: PRICE, now: () => 1_000, done }).body);
  const [end] = ends;
  return { bytes: Buffer.concat(reader.chunks), ended: { metered: plain(end?.metered), ending: end?.ending }, ends };
}

const split = (body: Buffer, at: readonly number[]): Buffer[] => {
  const cuts = [0, ...at.map((cut) => cut % (body.length + 1)).sort((one, other) => one - other), body.length];
  return cuts.slice(1).map((cut, index) => body.subarray(cuts[index], cut));
};

describe('answers', () => {
  test.each(cases.filter(({ at }) => existsSync(`${at}.response.json`)))(
    '$dialect $name in JSON',
    ({ dialect, at }) => {
      const body = file(`${at}.response.json`);
      const expected = expectedOf(at);
      const { given, metered, ending } = expected;
      const call = callTo(dialect, expected);
      const answer = { status: given?.status ?? 200, headers: { 'content-type': 'application/json' } };
      const atRest = deliver(call, { ...answer, body });
      expect(atRest.ended).toEqual({ metered, ending });
      const flowing = deliver(call, { ...answer, body: pieces(...split(body, [7, 40])) });
      expect(flowing).toEqual({ ...atRest, ends: [expect.anything()] });
      expect(flowing.bytes).toEqual(body);
    },
  );

  const streams = cases.filter(({ at }) => existsSync(`${at}.response.sse`));
  const headers = { 'content-type': 'text/event-stream; charset=utf-8' };

  /** The same answer in two pieces cut anywhere, byte by byte, and in random pieces: always the same end and the same bytes. */
  function checkPieces(call: Call, body: Buffer, want: { readonly ended: object; readonly client: Buffer }): void {
    const check = (chunks: readonly Buffer[]): void => {
      const got = deliver(call, { status: 200, headers, body: pieces(...chunks) });
      expect({ ends: got.ends.length, same: got.bytes.equals(want.client) }).toEqual({ ends: 1, same: true });
      expect(got.ended).toEqual(want.ended);
    };
    expect(deliver(call, { status: 200, headers, body: pieces(body) }).bytes.toString()).toBe(want.client.toString());
    for (let cut = 0; cut <= body.length; cut++) check(split(body, [cut]));
    check([...body].map((byte) => Buffer.from([byte])));
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => check(split(body, cuts))),
      { numRuns: 50 },
    );
  }

  test.each(streams)('$dialect $name as a stream, whatever its pieces', ({ dialect, at }) => {
    const body = file(`${at}.response.sse`);
    const expected = expectedOf(at);
    const { metered, ending } = expected;
    const call = callTo(dialect, expected);
    checkPieces(call, body, { ended: { metered, ending }, client: body });
    expect(deliver(call, { status: 200, headers, body }).ended).toEqual({ metered, ending });
  });

  test.each(streams.filter(({ at }) => existsSync(`${at}.client.sse`)))(
    '$dialect $name without the usage that the client did not ask for',
    ({ dialect, at }) => {
      const { metered, ending } = expectedOf(at);
      const client = file(`${at}.client.sse`);
      checkPieces(callOf(dialect, { hideUsage: true }), file(`${at}.response.sse`), {
        ended: { metered, ending },
        client,
      });
    },
  );
});
