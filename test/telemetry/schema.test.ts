import { describe, expect, test } from 'vitest';
import { telemetrySchema } from '../../src/telemetry/schema.ts';

describe('telemetry configuration', () => {
  test('nothing said is: no collector, all traces, no content, both editions of names', () => {
    expect(telemetrySchema.parse({})).toEqual({
      serviceName: 'waygate',
      sampleRatio: 1,
      content: false,
      genai: 'both',
      logLevel: 'info',
    });
  });

  test('a collector is an address and references to secrets', () => {
    const otlp = { endpoint: 'https://collector.example:4318/', headers: { 'x-key': 'env:OTLP_KEY' } };
    expect(telemetrySchema.parse({ otlp }).otlp).toEqual({
      endpoint: 'https://collector.example:4318',
      headers: otlp.headers,
      timeoutMs: 10_000,
    });
  });

  test.each([
    ['content', { content: true }],
    ['an unknown field', { sampling: 1 }],
    ['a ratio above 1', { sampleRatio: 1.1 }],
    ['a secret in plain text', { otlp: { endpoint: 'http://c:4318', headers: { 'x-key': 'sk-live-1' } } }],
    ['a password in the address', { otlp: { endpoint: 'http://user:pass@c:4318' } }],
    ['an address that is no HTTP', { otlp: { endpoint: 'file:///etc/passwd' } }],
  ])('%s is refused', (_, config) => {
    expect(telemetrySchema.safeParse(config).success).toBe(false);
  });
});
