import { describe, expect, test } from 'vitest';
import { bodyHint } from '../../src/runs/body-hints.ts';

describe('the session that a request’s body names', () => {
  test.each([
    ['Kimi Code on OpenAI’s dialects', { prompt_cache_key: 'session_1' }, 'session_1'],
    ['Kimi Code on Anthropic’s', { metadata: { user_id: 'session_2' } }, 'session_2'],
    ['Claude Code’s kin', { metadata: { user_id: '{"device_id":"d","session_id":"s3"}' } }, 's3'],
  ])('as %s says it', (_, args, session) => {
    expect(bodyHint(args)).toEqual({ session, agent: undefined, parent: undefined });
  });

  test.each([
    {},
    { metadata: null },
    { metadata: { user_id: 'ana@example.com' } },
    { metadata: { user_id: '{"session_id":7}' } },
    { metadata: { user_id: '{' } },
    { metadata: { user_id: `{"session_id":"${'x'.repeat(2_000)}"}` } },
    { prompt_cache_key: 'a b' },
    { prompt_cache_key: 5 },
  ])('is none in %j', (args) => {
    expect(bodyHint(args)).toBeUndefined();
  });
});
