import { dirname, join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { DEV_ISSUER_FILE, openDevIssuer } from '../identity/dev-issuer.ts';
import { type ExitCode, type Output, UsageError } from './output.ts';

export interface TokenOptions {
  readonly agent?: string;
  readonly subject?: string;
  readonly tenant?: string;
  /** Milliseconds. */
  readonly ttl?: number;
  /** Configuration of the gateway, beside which the dev issuer's key lies; need not be there. */
  readonly config?: string;
}

/** Mints a token of the dev issuer: prints it alone, so that a shell can take it, and says the rest beside it. */
export async function token(options: TokenOptions, output: Output): Promise<ExitCode> {
  const { agent, subject, tenant, ttl, config = 'waygate.yaml' } = options;
  if (agent === undefined) throw new UsageError('a token of which agent? expected `--agent NAME`');
  const file = join(dirname(config), DEV_ISSUER_FILE);
  const minted = await openDevIssuer(file).mint({
    agent,
    ...(subject !== undefined && { subject }),
    ...(tenant !== undefined && { tenant }),
    ...(ttl !== undefined && { ttlSeconds: Math.floor(ttl / 1_000) }),
    nowMs: systemClock.now(),
  });
  const claims = claimsOf(minted);
  output.print(minted);
  output.say(
    `a dev token of agent \`${agent}\` for \`${claims.sub}\` in tenant \`${claims.tenant}\`, good until ${new Date(claims.exp * 1_000).toISOString()}`,
  );
  output.say(`it is signed with the key in \`${file}\`, which gateways on loopback trust whose dev issuer is on`);
  return 0;
}

/** What the token says, read back: the issuer bounds what was asked for. */
function claimsOf(minted: string): { readonly sub: string; readonly tenant: string; readonly exp: number } {
  return JSON.parse(Buffer.from(minted.split('.')[1] ?? '', 'base64url').toString());
}
