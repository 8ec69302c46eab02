import { describe, expect, test } from 'vitest';
import { newCallId } from '../../src/core/ids.ts';
import { principalId } from '../../src/core/principal.ts';
import { DEV_ISSUER_FILE } from '../../src/identity/dev-issuer.ts';
import { createKey } from '../../src/identity/key-changes.ts';
import { expectPinned } from './pinned.ts';

describe('names and keys that are kept elsewhere', () => {
  test('an API key, and what its file holds of it', () => {
    const made = createKey([], { subject: 's', tenant: 't', agent: 'a', scopes: ['x'], expiresAtMs: 1, nowMs: 0 });
    expect(made.key).toMatch(/^wgk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expectPinned(Object.keys(made.keys[0] ?? {}), [
      'id',
      'hash',
      'subject',
      'tenant',
      'agent',
      'scopes',
      'created',
      'expires',
    ]);
  });

  test('the key of the dev issuer', () => {
    expectPinned(DEV_ISSUER_FILE, '.waygate/dev-issuer.json');
  });

  test('a principal and a call', () => {
    expectPinned(principalId('acme corp', 'ana/b', ''), 'acme%20corp/ana%2Fb/');
    expect(newCallId()).toMatch(/^call_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
