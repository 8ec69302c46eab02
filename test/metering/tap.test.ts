import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import type { Call } from '../../src/core/call.ts';
import type { Body } from '../../src/core/body.ts';
import { configuredPrice } from '../../src/metering/price.ts';
import { meter } from '../../src/metering/tap.ts';
import { callOf } from './call.ts';
import { HandSource, pieces, Reader, readAll, reports } from './flow.ts';

const SSE = { 'content-type': 'text/event-stream', 'content-length': '99' };
const JSON_ = { 'content-type': 'application/json; charset=utf-8', 'content-length': '99' };
const price = configuredPrice({ input: 1, output: 10 });
const chunk = (content: string): string =>
  `data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
const STOP = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":8,"completion_tokens":4,"total_tokens":12}}\n\n';
const DONE = 'data: [DONE]\n\n';

function tap(
  call: Call,
  body: Body,
  { status = 200, headers = SSE }: { status?: number; headers?: Record<string, string> } = {},
) {
  let nowMs = 1_000;
  const { ends, done } = reports();
  const answer = meter(call, { status, headers, body }, { price, now: () => nowMs++, done });
  return { answer, ends };
}

function flowing(call: Call = callOf('openai-chat'), options: Parameters<typeof tap>[2] = {}) {
  const source = new HandSource();
  const { answer, ends } = tap(call, source, options);
  const reader = new Reader();
  const control = Buffer.isBuffer(answer.body) ? undefined : answer.body.start(reader);
  const cancel = (): void => control?.cancel();
  const end = (error: GatewayError): void => control?.cancel(error);
  return { source, reader, ends, answer, cancel, end, resume: () => control?.resume() };
}

const broken = new GatewayError('upstream.broken', 'gone');

describe('an answer at rest', () => {
  test('of a tool tells its failure', () => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[]}}');
    const { ends } = tap(callOf('mcp', { action: 'tool.call' }), body, { headers: JSON_ });
    expect(ends).toMatchObject([{ ending: 'complete', metered: { failure: 'tool_error', charge: { tokens: 0 } } }]);
  });

  test('is read before it leaves, and leaves as it is', () => {
    const body = Buffer.from('{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":4}}');
    const { answer, ends } = tap(callOf('openai-chat'), body, { headers: JSON_ });
    expect(answer.body).toBe(body);
    expect(answer.headers).toBe(JSON_);
    expect(ends).toEqual([
      {
        ending: 'complete',
        error: undefined,
        firstByteAtMs: 1_000,
        metered: {
          usage: { input: 8, cacheRead: 0, cacheWrite: 0, cacheWriteHour: 0, output: 4, reasoning: 0 },
          charge: { tokens: 12, money: 48 },
          estimated: false,
          model: 'm',
          responseId: 'c',
          finishReasons: [],
        },
      },
    ]);
  });

  test('that is a stream passes as one, and ends in an error where it is cut off', () => {
    const whole = tap(callOf('openai-chat'), Buffer.from(chunk('hi') + STOP + USAGE + DONE));
    expect(whole.ends).toEqual([]);
    const reader = readAll(whole.answer.body);
    expect(reader.text).toBe(chunk('hi') + STOP + USAGE + DONE);
    expect(whole.ends).toMatchObject([{ ending: 'complete', metered: { charge: { tokens: 12 } } }]);
    expect(whole.answer.headers).toEqual({ 'content-type': 'text/event-stream' });
    const cut = tap(callOf('openai-chat'), Buffer.from(chunk('hi')));
    expect(readAll(cut.answer.body).failure?.code).toBe('upstream.broken');
  });

  test('to a call without tokens costs nothing, whatever it says', () => {
    const body = Buffer.from('{"usage":{"prompt_tokens":8,"completion_tokens":4}}');
    const { ends } = tap(callOf('openai-models', { action: 'model.list' }), body, { headers: JSON_ });
    expect(ends).toMatchObject([
      { ending: 'complete', metered: { charge: { tokens: 0, money: 0 }, estimated: false } },
    ]);
  });
});

describe('a body that flows', () => {
  test('passes chunk by chunk, each before it is read, and is reported once at its end', () => {
    const { source, reader, ends, answer } = flowing();
    source.push(chunk('hel'));
    expect(reader.text).toBe(chunk('hel'));
    source.push(chunk('lo') + STOP + USAGE + DONE);
    expect(ends).toEqual([]);
    source.sink?.end();
    expect(reader.end_).toBe(1);
    expect(ends).toMatchObject([
      { ending: 'complete', firstByteAtMs: 1_000, metered: { charge: { tokens: 12, money: 48 } } },
    ]);
    expect(answer.status).toBe(200);
  });

  test('reports before its reader can ask again', () => {
    const { ends, done } = reports();
    const answer = meter(
      callOf('openai-chat'),
      { status: 200, headers: SSE, body: pieces(Buffer.from(DONE)) },
      { price, now: () => 0, done },
    );
    const reader = new Reader();
    let reported = -1;
    reader.end = () => {
      reported = ends.length;
    };
    if (!Buffer.isBuffer(answer.body)) answer.body.start(reader);
    expect(reported).toBe(1);
  });

  test('pauses and resumes with its reader', () => {
    const { source, reader, resume } = flowing();
    expect(source.push(chunk('a'))).toBe(true);
    reader.full = true;
    expect(source.push(chunk('b'))).toBe(false);
    resume();
    expect(source.calls).toEqual(['resume']);
  });

  test('is metered by what was seen where the provider says nothing', () => {
    const { source, ends } = flowing();
    source.push(chunk('x'.repeat(30)) + STOP + DONE);
    source.sink?.end();
    expect(ends).toMatchObject([
      {
        ending: 'complete',
        metered: { estimated: true, usage: { input: 500, output: 10 }, charge: { tokens: 510, money: 600 } },
      },
    ]);
  });

  test('is a failure where it ends before its terminal event', () => {
    const { source, reader, ends } = flowing();
    source.push(chunk('x'.repeat(30)));
    source.sink?.end();
    expect(reader.end_).toBe(0);
    expect(reader.failure).toMatchObject({ code: 'upstream.broken' });
    expect(ends).toMatchObject([
      { ending: 'broken', error: { code: 'upstream.broken' }, metered: { estimated: true } },
    ]);
  });

  test('may end without a DONE once a finish reason has come', () => {
    const { source, reader, ends } = flowing();
    source.push(chunk('hi') + STOP);
    source.sink?.end();
    expect(reader.end_).toBe(1);
    expect(ends).toMatchObject([{ ending: 'complete' }]);
  });

  test('fails with its upstream, charged for what was seen', () => {
    const { source, reader, ends } = flowing();
    source.push(chunk('x'.repeat(3)));
    source.sink?.fail(broken);
    expect(reader.failure).toBe(broken);
    expect(ends).toMatchObject([
      { ending: 'broken', error: broken, metered: { estimated: true, usage: { input: 500, output: 1 } } },
    ]);
  });

  test('has lost nothing where the connection breaks behind the last event', () => {
    const { source, reader, ends } = flowing();
    source.push(STOP + USAGE + DONE);
    source.sink?.fail(broken);
    expect(reader).toMatchObject({ end_: 1, failure: undefined });
    expect(ends).toMatchObject([{ ending: 'complete', metered: { charge: { tokens: 12 } } }]);
  });

  test('in JSON is read whole at its end', () => {
    const { source, ends, answer } = flowing(callOf('openai-chat'), { headers: JSON_ });
    source.push('{"choices":[],"usage":{"prompt_to');
    source.push('kens":8,"completion_tokens":4}}');
    source.sink?.end();
    expect(ends).toMatchObject([{ ending: 'complete', metered: { charge: { tokens: 12 } } }]);
    expect(answer.headers).toBe(JSON_);
  });

  test('that is neither JSON nor a stream counts as text, up to what was allowed', () => {
    const html = (bytes: number) => {
      const { source, ends } = flowing(callOf('openai-chat'), { headers: { 'content-type': 'text/html' } });
      source.push('x'.repeat(bytes));
      source.sink?.end();
      return ends[0]?.metered;
    };
    expect(html(300)).toMatchObject({ estimated: true, usage: { input: 500, output: 100 } });
    expect(html(30_000)).toMatchObject({ usage: { output: 1_000 } });
  });

  test('of an error costs nothing, in mid-stream what had come before it', () => {
    const refused = flowing(callOf('openai-chat'), { status: 503, headers: JSON_ });
    refused.source.push('{"error":{"message":"busy"}}');
    refused.source.sink?.end();
    expect(refused.ends).toMatchObject([{ ending: 'complete', metered: { estimated: false, charge: { tokens: 0 } } }]);
    const first = flowing();
    first.source.push('data: {"error":{"message":"busy"}}\n\n');
    first.source.sink?.end();
    expect(first.ends).toMatchObject([{ metered: { estimated: false, charge: { tokens: 0 } } }]);
    const later = flowing();
    later.source.push(chunk('abc') + 'data: {"error":{"message":"busy"}}\n\n');
    later.source.sink?.end();
    expect(later.ends).toMatchObject([{ metered: { estimated: true, charge: { tokens: 501 } } }]);
  });
});

describe('a client that leaves', () => {
  test('aborts its call at once, and pays for what was seen', () => {
    const { source, reader, ends, cancel } = flowing();
    source.push(chunk('x'.repeat(9)));
    cancel();
    expect(source.calls).toEqual(['cancel']);
    expect(ends).toMatchObject([
      { ending: 'aborted', error: undefined, metered: { estimated: true, usage: { input: 500, output: 3 } } },
    ]);
    source.push(chunk('more'));
    source.sink?.end();
    source.sink?.fail(broken);
    cancel();
    expect(ends).toHaveLength(1);
    expect(reader.text).toBe(chunk('x'.repeat(9)));
    expect(reader.end_).toBe(0);
  });

  test('before the first byte pays for its input', () => {
    const { ends, cancel } = flowing();
    cancel();
    expect(ends).toMatchObject([
      { ending: 'aborted', firstByteAtMs: undefined, metered: { usage: { input: 500, output: 0 } } },
    ]);
  });

  test('after the terminal event has not aborted', () => {
    const { source, ends, cancel } = flowing(callOf('openai-responses'));
    source.push(
      'event: response.completed\ndata: {"type":"response.completed","response":{"id":"r","status":"completed",' +
        '"usage":{"input_tokens":5,"output_tokens":2,"total_tokens":7}}}\n\n',
    );
    cancel();
    expect(source.calls).toEqual(['cancel']);
    expect(ends).toMatchObject([
      { ending: 'complete', metered: { estimated: false, charge: { tokens: 7, money: 25 } } },
    ]);
  });

  test('keeps what the provider had stated of the input', () => {
    const { source, ends, cancel } = flowing(callOf('anthropic'));
    source.push(
      'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"c","usage":' +
        '{"input_tokens":3,"cache_read_input_tokens":90,"output_tokens":7}}}\n\n',
    );
    cancel();
    expect(ends).toMatchObject([{ metered: { estimated: true, usage: { input: 3, cacheRead: 90, output: 7 } } }]);
  });

  test.each([true, false])('which the gateway itself ends is broken by its own word (abortable: %s)', (abortable) => {
    const draining = new GatewayError('gateway.draining', 'over');
    const { source, ends, end } = flowing(callOf('mcp', { action: 'tool.call', abortable }));
    end(draining);
    expect(source.calls).toEqual(['cancel']);
    expect(ends).toMatchObject([{ ending: 'broken', error: draining }]);
  });

  test('does not cancel what a session carries on upstream', () => {
    const session = callOf('mcp', { action: 'tool.call', abortable: false });
    const { source, reader, ends, cancel } = flowing(session);
    source.push('event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n');
    reader.full = true;
    cancel();
    expect(source.calls).toEqual(['resume']);
    expect(source.push('event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n')).toBe(true);
    expect(reader.chunks).toHaveLength(1);
    expect(ends).toEqual([]);
    source.sink?.end();
    expect(ends).toMatchObject([{ ending: 'aborted' }]);
    expect(reader.end_).toBe(0);
  });

  test('leaves a session whose upstream then fails as one that it left', () => {
    const { source, reader, ends, cancel } = flowing(callOf('mcp', { action: 'tool.call', abortable: false }));
    cancel();
    source.sink?.fail(broken);
    expect(ends).toMatchObject([{ ending: 'aborted', error: broken }]);
    expect(reader.failure).toBeUndefined();
  });

  test('of a tool call after its result has not aborted', () => {
    const { source, ends, cancel } = flowing(callOf('mcp', { action: 'tool.call', abortable: false }));
    source.push('event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{"method":1}}\n\n');
    cancel();
    expect(source.calls).toEqual(['cancel']);
    expect(ends).toMatchObject([
      { ending: 'complete', metered: { charge: { tokens: 0, money: 0 }, estimated: false } },
    ]);
  });
});

describe('usage that the client did not ask for', () => {
  test('is metered and does not reach it', () => {
    const { source, reader, ends } = flowing(callOf('openai-chat', { hideUsage: true }));
    source.push('data: {"choices":[{"index":0,"delta":{"content":"hi"}}],"usage":null}\n');
    expect(reader.chunks).toEqual([]);
    source.push('\n' + STOP + USAGE + DONE);
    source.sink?.end();
    expect(reader.text).toBe('data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n' + STOP + DONE);
    expect(ends).toMatchObject([{ ending: 'complete', metered: { charge: { tokens: 12 } } }]);
  });

  test('holds no event back, and pauses with its reader', () => {
    const { source, reader } = flowing(callOf('openai-chat', { hideUsage: true }));
    reader.full = true;
    expect(source.push('data: {"a"')).toBe(true);
    expect(source.push(':1}\n\n')).toBe(false);
    expect(reader.text).toBe('data: {"a":1}\n\n');
  });

  test('leaves an answer in JSON as it is', () => {
    const body = Buffer.from('{"choices":[],"usage":{"prompt_tokens":8,"completion_tokens":4}}');
    const { answer } = tap(callOf('openai-chat', { hideUsage: true }), body, { headers: JSON_ });
    expect(answer.body).toBe(body);
  });

  test('never makes the gateway hold more than an event may be: the stream ends in an error', () => {
    const { source, reader, ends } = flowing(callOf('openai-chat', { hideUsage: true }));
    for (let count = 0; count < 5; count++) source.push('x'.repeat(1_048_576));
    expect(reader.failure).toMatchObject({ code: 'upstream.too_large' });
    expect(source.calls).toEqual(['cancel']);
    expect(ends).toMatchObject([{ ending: 'broken' }]);
    source.push(DONE);
    expect(ends).toHaveLength(1);
  });

  test('ends so even where the source pushed all of it before it could be stopped', () => {
    const calls: string[] = [];
    const { answer, ends } = tap(callOf('openai-chat', { hideUsage: true }), {
      start(sink) {
        sink.data(Buffer.alloc(5_000_000, 0x78));
        return { resume() {}, cancel: () => calls.push('cancel') };
      },
    });
    expect(readAll(answer.body).failure).toMatchObject({ code: 'upstream.too_large' });
    expect(calls).toEqual(['cancel']);
    expect(ends).toHaveLength(1);
  });
});
