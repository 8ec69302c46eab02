import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../../src/core/call.ts';
import { PROTOCOLS } from '../../src/protocols/index.ts';
import { openaiModels } from '../../src/protocols/openai-models.ts';
import { callOf } from '../metering/call.ts';
import { bytes, request } from './request.ts';

const read = (path: string) => openaiModels.read(request('GET'), path, Buffer.alloc(0));

describe('lists of models', () => {
  test('are asked of the empty name, one model of its own', () => {
    expect(read('/models')).toMatchObject({ action: 'model.list', resource: { kind: 'model', name: '' }, args: {} });
    expect(read('/models/gpt-5')).toMatchObject({ action: 'model.list', resource: { kind: 'model', name: 'gpt-5' } });
    expect(read('/models/meta-llama/Llama-3').resource.name).toBe('meta-llama/Llama-3');
  });

  test('have no body', () => {
    expect(() => openaiModels.read(request('GET'), '/models', bytes('{}'))).toThrow(/no body with GET/);
  });

  test('cost nothing, whatever they say', () => {
    const usage = openaiModels.usage();
    usage.event('', '{"usage":{"prompt_tokens":1,"completion_tokens":1}}');
    usage.json(bytes('{"usage":{"prompt_tokens":1,"completion_tokens":1}}'));
    expect(usage.result).toMatchObject({ stated: true, terminal: true, usage: { input: 0, output: 0 } });
  });
});

describe.each(DIALECTS.filter((dialect) => dialect !== 'mcp'))('%s', (dialect) => {
  test('carries trace context in headers, not in the body', () => {
    const call = { ...callOf(dialect), body: bytes('{"params":{}}') };
    expect(PROTOCOLS[dialect].withTrace(call, { traceparent: '00-a-b-01' })).toBe(call.body);
  });

  test('sends a body that needs no change as it came', () => {
    const body = bytes('{"model":"m","stream":false}');
    const reading = { ...read('/models/m'), action: 'model.generate' as const };
    expect(PROTOCOLS[dialect].write(body, reading, { model: 'm', meter: true })).toEqual({
      body,
      splices: [],
      hideUsage: false,
    });
  });
});

test('only chat and older completions have usage to hide', () => {
  const data = '{"id":"c","choices":[],"usage":{}}';
  const hiding = DIALECTS.filter((dialect) => PROTOCOLS[dialect].hideUsage(data) !== data);
  expect(hiding).toEqual(['openai-chat', 'openai-completions']);
});

test('MCP carries trace context in the messages that ask or tell, not in answers', () => {
  const body = bytes('{"jsonrpc":"2.0","id":1,"result":{},"params":{}}');
  const rpc = { id: undefined, method: '', revision: undefined };
  const trace = { traceparent: '00-a-b-01' };
  expect(PROTOCOLS.mcp.withTrace({ ...callOf('mcp'), body, rpc }, trace)).toBe(body);
  expect(PROTOCOLS.mcp.withTrace({ ...callOf('mcp'), body }, trace)).toBe(body);
  const asking = { ...callOf('mcp'), body, rpc: { ...rpc, method: 'tools/call' } };
  expect(PROTOCOLS.mcp.withTrace(asking, trace).toString()).toContain('"_meta":{"traceparent":"00-a-b-01"}');
});
