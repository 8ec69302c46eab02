import { describe, expect, test } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { ownResults } from '../../src/protocols/anthropic-results.ts';
import { callOf } from '../metering/call.ts';
import { bytes } from './request.ts';

function about(name: string): Call {
  const call = callOf('anthropic-objects', { action: 'object.read' });
  return { ...call, access: { ...call.access, resource: { kind: 'object', upstream: 'claude', name } } };
}
const change = (body: string): string | undefined => ownResults(about('messages/batches'))?.(bytes(body)).toString();

describe('the address of a batch’s results', () => {
  test('becomes a path of this gateway, and every other byte stays', () => {
    const own = '/v1/messages/batches/msgbatch_1/results';
    expect(change('{ "id" : "msgbatch_1",\n "results_url": "https://api.anthropic.com/x" , "y":1.0}')).toBe(
      `{ "id" : "msgbatch_1",\n "results_url": "${own}" , "y":1.0}`,
    );
    expect(
      change(
        '{"data":[{"id":"a","results_url":null},{"results_url":"https://evil/","id":"msgbatch_1"}],"has_more":false}',
      ),
    ).toBe(`{"data":[{"id":"a","results_url":null},{"results_url":"${own}","id":"msgbatch_1"}],"has_more":false}`);
  });

  test('is nothing where the id could lead elsewhere', () => {
    expect(change('{"id":"../../x","results_url":"https://a"}')).toBe('{"id":"../../x","results_url":null}');
    expect(change('{"results_url":"https://a"}')).toBe('{"results_url":null}');
  });

  test.each(['{"id":"a","results_url":null}', '{"id":"a","data":{"results_url":1}}', '[]', '{"data":[1]}'])(
    'that is none stays: %s',
    (body) => {
      expect(change(body)).toBe(body);
    },
  );

  test('is looked for in answers about batches alone, never in results and files', () => {
    expect(ownResults(about('messages/batches/msgbatch_1'))).toBeDefined();
    expect(ownResults(callOf('anthropic-batches', { action: 'model.batch' }))).toBeDefined();
    expect(ownResults(about('messages/batches/msgbatch_1/results'))).toBeUndefined();
    expect(ownResults(about('files/file_1/content'))).toBeUndefined();
  });

  test('in an answer that cannot be read is not passed on', () => {
    expect(() => change('{"results_url":"https://a"')).toThrow(/nothing of it was passed on/);
  });
});
