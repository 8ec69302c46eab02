import { describe, expect, test } from 'vitest';
import type { BodySource } from '../../src/core/body.ts';
import type { ToolUse } from '../../src/core/tool-traffic.ts';
import { meter } from '../../src/metering/tap.ts';
import { callOf } from './call.ts';
import { pieces, readAll, Reader, reports } from './flow.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

/** The digest of an answer that flows in the pieces given; of one piece, also of the same at rest. */
function digestOf(dialect: 'mcp' | 'http', parts: readonly string[], headers = JSON_TYPE, status = 200) {
  const { ends, done } = reports();
  const options = { price: undefined, now: () => 1, done, digestsResult: true };
  const call = callOf(dialect, { action: dialect === 'mcp' ? 'tool.call' : 'http.request' });
  readAll(meter(call, { status, headers, body: pieces(...parts.map((part) => Buffer.from(part))) }, options).body);
  if (parts.length === 1) meter(call, { status, headers, body: Buffer.from(parts[0] as string) }, options);
  const digests = new Set(ends.map(({ metered }) => metered.resultDigest));
  expect(digests.size).toBe(1);
  return [...digests][0];
}

describe('the digest of what a tool answers', () => {
  const answer = (id: number, said: string) => `{"jsonrpc":"2.0","id":${id},"result":{"content":"${said}"}}`;

  test('is the same for the same result under another id, and as an event', () => {
    const one = digestOf('mcp', [answer(1, 'é')]);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOf('mcp', [answer(2, 'é')])).toBe(one);
    const events = { 'content-type': 'text/event-stream' };
    const notified = 'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":7}}\n\n';
    expect(digestOf('mcp', [notified, `data: ${answer(3, 'é')}\n\n`], events)).toBe(one);
  });

  test('is another for another result', () => {
    expect(digestOf('mcp', [answer(1, 'a')])).not.toBe(digestOf('mcp', [answer(1, 'b')]));
  });

  test('of an API is that of its bytes and its status, however they come', () => {
    const text = { 'content-type': 'text/plain' };
    expect(digestOf('http', ['ab', 'c'], text)).toBe(digestOf('http', ['abc'], text));
    expect(digestOf('http', ['abc'], text, 404)).not.toBe(digestOf('http', ['abc'], text));
  });

  test('is not made of an answer that broke, nor where nobody asked for one', () => {
    const { ends, done } = reports();
    const call = callOf('http', { action: 'http.request' });
    const flowing = meter(
      call,
      { status: 200, headers: {}, body: pieces(Buffer.from('a')) },
      { price: undefined, now: () => 1, done },
    );
    readAll(flowing.body);
    const source = { start: () => ({ resume() {}, cancel() {} }) };
    const cut = meter(
      call,
      { status: 200, headers: {}, body: source },
      { price: undefined, now: () => 1, done, digestsResult: true },
    );
    (cut.body as BodySource).start(new Reader()).cancel();
    expect(ends.map(({ ending, metered }) => [ending, metered.resultDigest])).toEqual([
      ['complete', undefined],
      ['aborted', undefined],
    ]);
  });
});

test('the tools that a model asks for can be seen while they are told', () => {
  let seen: readonly ToolUse[] = [];
  const { done } = reports();
  const event = (data: object) => Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
  const use = { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} };
  const start = event({ type: 'content_block_start', index: 0, content_block: use });
  const source = {
    start(sink: { data(chunk: Buffer): boolean }) {
      sink.data(start);
      return { resume() {}, cancel() {} };
    },
  };
  const answer = { status: 200, headers: { 'content-type': 'text/event-stream' }, body: source };
  readAll(
    meter(callOf('anthropic'), answer, { price: undefined, now: () => 1, done, onToolUses: (uses) => (seen = uses) })
      .body,
  );
  expect(seen).toEqual([{ id: 'toolu_1', name: 'Bash', input: '' }]);
});
