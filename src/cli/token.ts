import { dirname, join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { Rank } from '../core/operator.ts';
import { DEV_ISSUER_FILE, openDevIssuer } from '../identity/dev-issuer.ts';
import { type ExitCode, type Output, UsageError } from './output.ts';

export interface TokenOptions {
  readonly agent?: string;
  /** For the operators' listener instead, with this rank. */
  readonly operator?: Rank;
  readonly subject?: string;
  readonly tenant?: string;
  /** Milliseconds. */
  readonly ttl?: number;
  /** Configuration of the gateway, beside which the dev issuer's key lies; need not be there. */
  readonly config?: string;
}

/** Mints a token of the dev issuer: prints it alone, so that a shell can take it, and says the rest beside it. */
export async function token(options: TokenOptions, output: Output): Promise<ExitCode> {
  const { agent, operator, subject, tenant, ttl, config = 'waygate.yaml' } = options;
  if (agent !== undefined && operator !== undefined) {
    throw new UsageError('a token is an agent’s or an operator’s; take out `--agent` or `--operator`');
  }
  const file = join(dirname(config), DEV_ISSUER_FILE);
  const whom = {
    ...(subject !== undefined && { subject }),
    ...(tenant !== undefined && { tenant }),
    ...(ttl !== undefined && { ttlSeconds: Math.floor(ttl / 1_000) }),
    nowMs: systemClock.now(),
  };
  if (operator !== undefined) {
    const minted = await openDevIssuer(file).mintOperator({ rank: operator, ...whom });
    const over = tenant === undefined ? 'every tenant' : `tenant \`${tenant}\``;
    tell(minted, `a dev token of \`${claimsOf(minted).sub}\` as ${operator} of ${over}`, { file, output });
    return 0;
  }
  if (agent === undefined) throw new UsageError('a token of which agent? expected `--agent NAME`');
  const minted = await openDevIssuer(file).mint({ agent, ...whom });
  const claims = claimsOf(minted);
  tell(minted, `a dev token of agent \`${agent}\` for \`${claims.sub}\` in tenant \`${claims.tenant}\``, {
    file,
    output,
  });
  return 0;
}

function tell(
  minted: string,
  what: string,
  { file, output }: { readonly file: string; readonly output: Output },
): void {
  output.print(minted);
  output.say(`${what}, good until ${new Date(claimsOf(minted).exp * 1_000).toISOString()}`);
  output.say(`it is signed with the key in \`${file}\`, which gateways on loopback trust whose dev issuer is on`);
}

/** What the token says, read back: the issuer bounds what was asked for. */
function claimsOf(minted: string): { readonly sub: string; readonly tenant: string; readonly exp: number } {
  return JSON.parse(Buffer.from(minted.split('.')[1] ?? '', 'base64url').toString());
}
