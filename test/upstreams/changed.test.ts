import { describe, expect, test } from 'vitest';
import { collectBody } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/exchange.ts';
import { changedAnswer } from '../../src/upstreams/changed.ts';
import { HandSource, pieces } from '../metering/flow.ts';
import { chatCall } from '../telemetry/calls.ts';

const call = chatCall();
const upper = (body: Buffer): Buffer => Buffer.from(`${body.toString().toUpperCase()}!`);
const change = (answer: Partial<Answer>) =>
  changedAnswer(
    {
      call,
      answer: Promise.resolve({
        status: 200,
        headers: { 'content-type': 'application/json', 'content-length': '4' },
        body: Buffer.from('"ab"'),
        ...answer,
      }),
    },
    upper,
  );

describe('an answer that has to be changed', () => {
  test('is whole, changed, and as long as it says, whether it rested or flowed', async () => {
    const changed = {
      status: 200,
      headers: { 'content-type': 'application/json', 'content-length': '5' },
      body: Buffer.from('"AB"!'),
    };
    expect(await change({})).toEqual(changed);
    expect(await change({ body: pieces(Buffer.from('"a'), Buffer.from('b"')) })).toEqual(changed);
  });

  test('passes as it is where it is a refusal', async () => {
    const { status, body } = await change({ status: 404 });
    expect([status, (await collectBody(body, 9, () => new GatewayError('upstream.broken', 'x'))).toString()]).toEqual([
      404,
      '"ab"',
    ]);
  });

  test.each([
    [{ 'content-type': 'text/html' }],
    [{}],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ])('does not pass at all with %j, and its body is left', async (headers) => {
    const body = new HandSource();
    await expect(change({ headers, body })).rejects.toMatchObject({
      code: 'upstream.broken',
      message: expect.stringContaining('nothing of it was passed on'),
    });
    expect(body.calls).toEqual(['cancel']);
  });

  test('does not pass where it is too large to be held', async () => {
    const large = pieces(Buffer.alloc(8_388_609));
    await expect(change({ body: large })).rejects.toMatchObject({ code: 'upstream.broken' });
  });
});
