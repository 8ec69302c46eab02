// `waygate run -- PROGRAM …`: a run with a key of its own for a program, which ends with it, and a receipt.
// INVARIANT: the program gets the run's key alone; no token of whoever started it, and no operator's.
import { isLoopbackHost } from '../core/loopback.ts';
import { currentWhereabouts } from '../connect/place.ts';
import { type Gateway, gatewayOf } from './gateway-address.ts';
import { type Output, UsageError } from './output.ts';
import { clientOf, environmentOf, type ProgramOptions, titleOf } from './run-environment.ts';
import { beginRun, endRun, type RunKey } from './run-key.ts';
import type { Live } from './arguments.ts';
import { demandPolicy } from './run-policy.ts';
import { type Starter, type StarterOptions, starterOf } from './run-starter.ts';
import { work } from './run-work.ts';

export interface RunOptions extends ProgramOptions, StarterOptions {
  readonly command: readonly [string, ...string[]];
  /** As `5 USD`. */
  readonly budget?: string;
  /** A policy that must apply to the agent. */
  readonly policy?: string;
  readonly name?: string;
  /** Milliseconds. */
  readonly expires?: number;
  readonly url?: string;
  readonly adminUrl?: string;
  readonly live?: Live;
}

/** Resolves with the program's exit code. */
export async function run(options: RunOptions, output: Output): Promise<number> {
  const { command, policy, config } = options;
  const gateway = await gatewayOf(options);
  demandSafe(gateway.url);
  const client = clientOf(command[0], options.client);
  const title = titleOf(client, command[0]);
  const starter = await starterOf(options, gateway, client ?? title);
  if (policy !== undefined) await demandPolicy(policy, starter, config);
  const granted = await begin(options, { gateway, starter, title });
  const place = { url: gateway.url, ...granted };
  try {
    const program = await environmentOf(client, options, { granted: place, where: currentWhereabouts() });
    try {
      return await work(options, { gateway, granted, title, env: program.env, output });
    } finally {
      await program.close();
    }
  } catch (cause) {
    await endRun(gateway.url, granted.key).catch(() => {});
    throw cause;
  }
}

function demandSafe(url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:' && !isLoopbackHost(hostname))
    throw new UsageError(`a run’s key goes over \`https\` or to this machine, not to \`${url}\``);
}

function begin(
  { agent, name, budget, expires }: RunOptions,
  { gateway, starter, title }: { readonly gateway: Gateway; readonly starter: Starter; readonly title: string },
): Promise<RunKey> {
  return beginRun(gateway.url, {
    token: starter.token,
    name: name ?? title,
    ...(agent !== undefined && { agent }),
    ...(budget !== undefined && { budget }),
    ...(expires !== undefined && { seconds: Math.floor(expires / 1_000) }),
  });
}
