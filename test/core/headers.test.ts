import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CREDENTIAL_HEADERS, forwardableHeaders, isHopByHop } from '../../src/core/headers.ts';

describe('what a client sends on', () => {
  test('end-to-end fields go upstream as they came, unknown and repeated ones too', () => {
    const headers = {
      'content-type': 'application/json',
      'anthropic-beta': ['a', 'b'],
      'anthropic-version': '2023-06-01',
      'user-agent': 'claude-cli/2.1.330',
      'x-stainless-lang': 'js',
      'mcp-session-id': 's',
      'x-brand-new': 'kept',
    };
    expect(forwardableHeaders(headers)).toEqual(headers);
  });

  test.each([...CREDENTIAL_HEADERS, 'cookie', 'dpop', 'proxy-authorization'])(
    'the credential in `%s` stays here',
    (name) => {
      expect(forwardableHeaders({ [name]: 'secret', accept: '*/*' })).toEqual({ accept: '*/*' });
    },
  );

  test.each([
    'connection',
    'keep-alive',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
    'proxy-connection',
  ])('the hop-by-hop field `%s` ends here', (name) => {
    expect(forwardableHeaders({ [name]: 'x' })).toEqual({});
  });

  test('what Connection names ends here too, in any case and list', () => {
    const headers = { connection: ['close, X-Secret', ' Other '], 'x-secret': '1', other: '2', kept: '3' };
    expect(forwardableHeaders(headers)).toEqual({ kept: '3' });
  });

  test.each([
    'host',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-real-ip',
    'true-client-ip',
    'forwarded',
    'x-original-url',
    'x-rewrite-url',
    'x-http-method-override',
    'x-method-override',
    'x-goog-user-project',
    'x-goog-fieldmask',
    'x-portkey-custom-host',
    'helicone-target-url',
    'x-litellm-api-base',
    'waygate-run',
    'traceparent',
    'baggage',
    'origin',
    'referer',
    'sec-fetch-mode',
    'expect',
    'content-length',
    'accept-encoding',
  ])('`%s`, by which a client could lead or mislead whoever comes next, is left out', (name) => {
    expect(forwardableHeaders({ [name]: 'evil.test' })).toEqual({});
  });

  test('a field that is called like a property of objects is only a field', () => {
    const headers = Object.assign(Object.create(null) as Record<string, string>, { constructor: 'x' });
    headers['__proto__'] = 'y';
    const kept = forwardableHeaders(headers);
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
    expect(kept['constructor']).toBe('x');
  });
});

describe('hop-by-hop', () => {
  test('a Connection that names nothing changes nothing', () => {
    for (const connection of [undefined, 'keep-alive', 'close', 'Keep-Alive']) {
      expect(isHopByHop('content-type', connection)).toBe(false);
      expect(isHopByHop('transfer-encoding', connection)).toBe(true);
    }
  });

  test('every name that Connection lists is hop-by-hop, wherever it stands in the list', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 6 }), fc.nat(), (names, pick) => {
        const chosen = names[pick % names.length] as string;
        return isHopByHop(chosen, names.map((one) => one.toUpperCase()).join(' ,  '));
      }),
    );
  });
});
