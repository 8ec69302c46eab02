import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeEvent, changeEvents, endOfEvent } from '../../src/protocols/sse.ts';

const shout = (data: string): string => data.toUpperCase();

describe('changeEvent', () => {
  test.each([
    ['data: a\n\n', 'data: A\n\n'],
    ['data:a\n\n', 'data:A\n\n'],
    ['data: a\r\n\r\n', 'data: A\r\n\r\n'],
    ['data: a\r\r', 'data: A\r\r'],
    ['data: data\n\n', 'data: DATA\n\n'],
    ['data: a', 'data: A'],
    ['event: x\nid: 1\ndata: a\nretry: 5\n\n', 'event: x\nid: 1\ndata: A\nretry: 5\n\n'],
    ['data: a\ndata: b\n\n', 'data: A\ndata: B\n\n'],
    ['event: x\r\ndata: a\r\ndata\r\ndata: c\r\n\r\n', 'event: x\r\ndata: A\r\ndata: \r\ndata: C\r\n\r\n'],
    [': comment\n\n', ': comment\n\n'],
    ['datax: a\n\n', 'datax: a\n\n'],
    ['\n', '\n'],
  ])('makes %j into %j', (event, changed) => {
    expect(changeEvent(event, shout)).toBe(changed);
  });

  test.each(['data: A\n\n', 'data:\n\n', 'event: x\ndata: A\n: c\n\n', 'data: A\ndata:  B\n\n'])(
    'leaves every byte of %j, whose data stays',
    (event) => {
      expect(changeEvent(event, shout)).toBe(event);
    },
  );

  test.each(['data: a\n\n', 'event: x\ndata: a\n\n'])('drops %j with data that goes', (event) => {
    expect(changeEvent(event, () => undefined)).toBeUndefined();
  });
});

test('events end at blank lines of any kind', () => {
  expect(endOfEvent('data: a\n\ndata', 0)).toBe(9);
  expect(endOfEvent('data: a\r\n\r\ndata', 0)).toBe(11);
  expect(endOfEvent('data: a\r\rdata', 0)).toBe(9);
  expect(endOfEvent('data: a\r\ndata: b\n', 0)).toBe(-1);
});

test('a body in which nothing changes keeps every byte', () => {
  const text = fc.string({ unit: fc.constantFrom('data: x', ':c', '\n', '\r', '\r\n', '\n\n', 'event: e') });
  fc.assert(fc.property(text, (body) => changeEvents(body, (data) => data) === body));
});

test('a body changes event by event', () => {
  expect(changeEvents(':\n\ndata: a\n\ndata: b\n\ndata: c', (data) => (data === 'b' ? undefined : shout(data)))).toBe(
    ':\n\ndata: A\n\ndata: C',
  );
});
