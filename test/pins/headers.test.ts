import { describe, test } from 'vitest';
import { DIALECTS } from '../../src/core/call.ts';
import { type ErrorCode, ERRORS, GatewayError } from '../../src/core/errors.ts';
import { CREDENTIAL_HEADERS, forwardableHeaders } from '../../src/core/headers.ts';
import type { CallId } from '../../src/core/ids.ts';
import type { Quota, Standing } from '../../src/core/quota.ts';
import { presenter, refuse } from '../../src/http/present.ts';
import { problem } from '../../src/http/problem.ts';
import { chatCall, incoming, toolCall } from '../telemetry/calls.ts';
import { expectPinned } from './pinned.ts';
import { NO_FLIGHT } from '../support/runs.ts';

function standing(unit: Quota['unit']): Standing {
  const window = { kind: 'rolling', ms: 60_000 } as const;
  const quota: Quota = { id: `p/${unit}`, kind: 'rate', unit, amount: 10, window, per: ['tenant'], enforced: true };
  return { quota, remaining: 9, resetMs: 1_000 };
}

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

describe('header names', () => {
  test('that an answer gains whose call a local mode let in', () => {
    const call = chatCall({ localMode: 'up' });
    const { headers } = presenter(() => 0)(
      call,
      { status: 200, headers: {}, body: Buffer.alloc(0) },
      [standing('tokens')],
      NO_FLIGHT,
    );
    expectPinned(Object.entries(headers), [
      ['waygate-call', call.id],
      ['waygate-run', call.access.run.id],
      ['waygate-limits', 'local'],
    ]);
  });

  test('that an answer gains on its way to the client', () => {
    const standings = [standing('requests'), standing('tokens')];
    const present = presenter(() => 0);
    const gained = DIALECTS.map((dialect) => {
      const call = dialect === 'mcp' ? toolCall() : chatCall({ dialect });
      const { headers } = present(call, { status: 200, headers: {}, body: Buffer.alloc(0) }, standings, NO_FLIGHT);
      return [dialect, sorted(Object.keys(headers))];
    });
    const openai = [
      'ratelimit',
      'ratelimit-policy',
      'waygate-call',
      'waygate-run',
      'x-ratelimit-limit-requests',
      'x-ratelimit-limit-tokens',
      'x-ratelimit-remaining-requests',
      'x-ratelimit-remaining-tokens',
      'x-ratelimit-reset-requests',
      'x-ratelimit-reset-tokens',
    ];
    const anthropic = [
      'anthropic-ratelimit-requests-limit',
      'anthropic-ratelimit-requests-remaining',
      'anthropic-ratelimit-requests-reset',
      'anthropic-ratelimit-tokens-limit',
      'anthropic-ratelimit-tokens-remaining',
      'anthropic-ratelimit-tokens-reset',
      'ratelimit',
      'ratelimit-policy',
      'waygate-call',
      'waygate-run',
    ];
    expectPinned(gained, [
      ['openai-chat', openai],
      ['openai-responses', openai],
      ['openai-models', openai],
      ['openai-embeddings', openai],
      ['openai-completions', openai],
      ['openai-media', openai],
      ['openai-objects', openai],
      ['anthropic', anthropic],
      ['anthropic-batches', anthropic],
      ['anthropic-objects', anthropic],
      ['gemini', ['ratelimit', 'ratelimit-policy', 'waygate-call', 'waygate-run']],
      ['mcp', ['ratelimit', 'ratelimit-policy', 'waygate-call', 'waygate-run']],
      ['http', ['ratelimit', 'ratelimit-policy', 'waygate-call', 'waygate-run']],
    ]);
  });

  test('that a refusal carries', () => {
    const id = 'call_1' as CallId;
    const errors = (Object.keys(ERRORS) as ErrorCode[]).map(
      (code) => new GatewayError(code, 'x', { retryAfterMs: 1_000 }),
    );
    const carried = DIALECTS.map((dialect) => {
      const call = dialect === 'mcp' ? toolCall() : chatCall({ dialect });
      const names = errors.flatMap((error) =>
        Object.keys(refuse(error, incoming(), { id, place: { dialect }, call }).headers),
      );
      return [dialect, sorted(names)];
    });
    const openai = [
      'content-type',
      'retry-after',
      'waygate-call',
      'waygate-run',
      'www-authenticate',
      'x-request-id',
      'x-should-retry',
    ];
    const anthropic = openai.map((name) => (name === 'x-request-id' ? 'request-id' : name)).sort();
    expectPinned(carried, [
      ['openai-chat', openai],
      ['openai-responses', openai],
      ['openai-models', openai],
      ['openai-embeddings', openai],
      ['openai-completions', openai],
      ['openai-media', openai],
      ['openai-objects', openai],
      ['anthropic', anthropic],
      ['anthropic-batches', anthropic],
      ['anthropic-objects', anthropic],
      ['gemini', openai],
      ['mcp', openai],
      ['http', openai],
    ]);
    expectPinned(sorted(errors.flatMap((error) => Object.keys(problem(error, id).headers))), [
      'content-type',
      'retry-after',
      'waygate-call',
      'x-request-id',
      'x-should-retry',
    ]);
  });

  test('that hold a token and never go upstream', () => {
    expectPinned(CREDENTIAL_HEADERS, ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key']);
    const sent = [
      'waygate-run',
      'x-waygate-x',
      'x-forwarded-for',
      'via',
      'cookie',
      'traceparent',
      'anthropic-beta',
      'x-mine',
    ];
    expectPinned(Object.keys(forwardableHeaders(Object.fromEntries(sent.map((name) => [name, 'x'])))), [
      'anthropic-beta',
      'x-mine',
    ]);
  });
});
