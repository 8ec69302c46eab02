import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { type Log, openLog } from '../../src/telemetry/log.ts';
import { redactor } from '../../src/telemetry/redact.ts';

function bench(level: 'debug' | 'warn' = 'debug'): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = openLog({
    level,
    service: 'waygate',
    redactor: redactor(['known-secret-1']),
    write: (line) => void lines.push(line),
  });
  return { log, lines };
}

describe('log', () => {
  test('each message is one line of JSON with level, time and service', () => {
    const { log, lines } = bench();
    log.info('listening', { port: 4_000 });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('}\n')).toBe(true);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      service: 'waygate',
      port: 4_000,
      message: 'listening',
    });
  });

  test('a line about a call carries its trace id where log stores look for it', () => {
    const { log, lines } = bench();
    log.warn('slow', { traceId: 'a'.repeat(32), ms: 3 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ trace_id: 'a'.repeat(32), ms: 3 });
  });

  test('an error goes out with its code and its cause, and without the secrets in them', () => {
    const { log, lines } = bench();
    const cause = new Error('header "Bearer sk-live-0123456789" is invalid, so is known-secret-1');
    log.error('a call failed', { error: new GatewayError('gateway.internal', 'the gateway failed', { cause }) });
    expect(lines[0]).toContain('gateway.internal');
    expect(lines[0]).toContain('is invalid, so is [redacted]');
    expect(lines[0]).not.toMatch(/sk-live-0123456789|known-secret-1/);
    expect(() => JSON.parse(lines[0] ?? '')).not.toThrow();
    log.warn('again', { cause: new TypeError('no way') });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ cause: { type: 'TypeError', message: 'no way' } });
  });

  test('what is below the level is not written', () => {
    const { log, lines } = bench('warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd']);
  });
});
