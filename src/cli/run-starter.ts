// Who starts a run: whoever the token says, or on this machine in dev the program by its own name.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import { DEV_ISSUER_FILE, openDevIssuer } from '../identity/dev-issuer.ts';
import { findConfig } from './config-file.ts';
import type { Gateway } from './gateway-address.ts';
import { UsageError } from './output.ts';

export interface StarterOptions {
  /** Of whoever starts the run; else `WAYGATE_TOKEN`, else one of the dev issuer where its key is at hand. */
  readonly token?: string;
  readonly agent?: string;
  readonly tenant?: string;
  readonly config?: string;
}

export interface Starter {
  readonly token: string;
  /** What policies will know the program as, where that can be told here. */
  readonly agent: string | undefined;
  readonly subject: string | undefined;
  readonly tenant: string | undefined;
}

const DEV = { subject: 'developer', tenant: 'default' } as const;
const DEV_SECONDS = 2_592_000;

/** `program` is the agent of a run in dev that names none. Throws where nobody starts it. */
export async function starterOf(options: StarterOptions, gateway: Gateway, program: string): Promise<Starter> {
  const { agent } = options;
  const given = options.token ?? (process.env['WAYGATE_TOKEN'] || undefined);
  if (given !== undefined) {
    const claims = claimsOf(given);
    const tenant = options.tenant ?? claims.tenant;
    return { token: given, agent: agent ?? claims.agent, subject: claims.sub, tenant };
  }
  const file = join(dirname(findConfig(options.config) ?? ''), DEV_ISSUER_FILE);
  const isDev = gateway.config?.identity.dev ?? true;
  if (!isDev || !isLoopbackHost(new URL(gateway.url).hostname) || !existsSync(file)) {
    throw new UsageError('who starts the run? expected a token in `WAYGATE_TOKEN` or with `--token TOKEN`');
  }
  const whom = { agent: agent ?? program, subject: DEV.subject, tenant: options.tenant ?? DEV.tenant };
  const token = await openDevIssuer(file).mint({ ...whom, ttlSeconds: DEV_SECONDS, nowMs: systemClock.now() });
  return { token, ...whom };
}

/** What a JWT says of itself, for messages and checks here alone: the gateway decides by its own reading. */
function claimsOf(token: string): { readonly sub?: string; readonly agent?: string; readonly tenant?: string } {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
    const textOf = (name: string): object => (typeof claims[name] === 'string' ? { [name]: claims[name] } : {});
    return { ...textOf('sub'), ...textOf('agent'), ...textOf('tenant') };
  } catch {
    return {};
  }
}
