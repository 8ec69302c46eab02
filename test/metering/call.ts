import type { Action } from '../../src/core/access.ts';
import type { Call, Dialect } from '../../src/core/call.ts';
import type { CallId } from '../../src/core/ids.ts';
import { rootRun } from '../support/runs.ts';

/** A call, as far as metering looks at one. */
export function callOf(
  dialect: Dialect,
  about: Partial<Pick<Call, 'hideUsage' | 'abortable' | 'estimate'>> & { readonly action?: Action } = {},
): Call {
  const { action = 'model.generate', ...rest } = about;
  const run = rootRun('run_1');
  return {
    id: 'call_1' as CallId,
    route: { name: 'r', protocol: 'openai', upstreams: ['openai'], bodyBytesMax: 1_000_000 },
    dialect,
    access: {
      principal: {
        id: 't/s/a',
        subject: 's',
        tenant: 't',
        agent: 'a',
        actors: [],
        credential: 'key',
        issuer: 'keys',
        scopes: [],
        expiresAtMs: Infinity,
      },
      action,
      resource: { kind: 'model', upstream: 'openai', name: 'gpt-5' },
      args: {},
      run,
      context: { route: 'r', timeMs: 0, stream: true },
    },
    upstreams: ['openai'],
    method: 'POST',
    target: '/',
    headers: {},
    body: Buffer.alloc(0),
    splices: [],
    estimate: { inputTokens: 500, outputTokens: 1_000 },
    model: 'gpt-5',
    stream: true,
    hideUsage: false,
    abortable: true,
    rpc: undefined,
    candidates: [],
    fallbacks: [],
    ...rest,
  };
}
