import { describe, expect, test } from 'vitest';
import { bodyReader, formOf, KEPT_BYTES_MAX, readWhole } from '../../src/metering/read-body.ts';
import { PROTOCOLS } from '../../src/protocols/index.ts';

const usage = () => PROTOCOLS['openai-chat'].usage();
const STATED = '{"choices":[],"usage":{"prompt_tokens":8,"completion_tokens":4}}';

test.each([
  ['text/event-stream', 'events'],
  ['Text/Event-Stream; charset=utf-8', 'events'],
  ['text/event-stream-like', 'other'],
  ['application/json', 'json'],
  ['application/problem+json; charset=utf-8', 'json'],
  ['application/jsonl', 'other'],
  ['text/html', 'other'],
  ['', 'other'],
])('a body of type %j is read as %s', (type, form) => {
  expect(formOf(type)).toBe(form);
});

describe('memory', () => {
  test('is not filled by an event without an end; what follows counts as unread', () => {
    const counts = usage();
    const reader = bodyReader('events', counts);
    const piece = Buffer.from('data: ' + 'x'.repeat(1_048_570));
    for (let count = 0; count < 5; count++) reader.feed(piece);
    expect(reader.unreadBytes).toBeGreaterThan(0);
    const before = reader.unreadBytes;
    reader.feed(Buffer.from(`\n\ndata: ${STATED}\n\n`));
    reader.end();
    expect(reader.unreadBytes).toBe(before + STATED.length + 10);
    expect(counts.result.stated).toBe(false);
  });

  test('is not filled by a document without an end', () => {
    const counts = usage();
    const reader = bodyReader('json', counts);
    for (let count = 0; count < 5; count++) reader.feed(Buffer.alloc(1_048_576, 0x20));
    reader.end();
    expect(reader.unreadBytes).toBe(5 * 1_048_576);
    expect(counts.result.terminal).toBe(false);
  });

  test('holds a document of just the size that is kept', () => {
    const counts = usage();
    const reader = bodyReader('json', counts);
    reader.feed(Buffer.from(STATED.padEnd(KEPT_BYTES_MAX)));
    reader.end();
    expect(counts.result.stated).toBe(true);
    expect(reader.unreadBytes).toBe(0);
  });
});

test('the last event is read without its blank line', () => {
  const counts = usage();
  const reader = bodyReader('events', counts);
  reader.feed(Buffer.from(`data: ${STATED}`));
  reader.end();
  expect(counts.result.stated).toBe(true);
});

test('comments and unknown fields are nothing', () => {
  const counts = usage();
  const reader = bodyReader('events', counts);
  reader.feed(Buffer.from(': ping\n\nfoo: bar\nretry: soon\n\n'));
  reader.end();
  expect(reader.unreadBytes).toBe(0);
  expect(counts.result.outputBytes).toBe(0);
});

describe('a body that is whole', () => {
  test.each([
    ['tells its usage, and nothing of it is unread', 'json', STATED, { unread: 0, stated: true }],
    ['that is not the dialect’s is unread', 'other', STATED, { unread: STATED.length, stated: false }],
    [
      'that is too large is unread',
      'json',
      STATED.padEnd(KEPT_BYTES_MAX + 1),
      { unread: KEPT_BYTES_MAX + 1, stated: false },
    ],
  ] as const)('%s', (_, form, body, { unread, stated }) => {
    const counts = usage();
    expect(readWhole(form, counts, Buffer.from(body))).toBe(unread);
    expect(counts.result.stated).toBe(stated);
  });
});
