import type { Settings } from '../connect/client.ts';
import { CLIENTS } from '../connect/clients.ts';
import type { Values } from '../connect/fill.ts';
import type { Dialect } from '../connect/names.ts';
import type { Whereabouts } from '../connect/place.ts';
import type { ConnectOptions } from './connect.ts';
import { modelAddress, serverAddress } from './gateway-address.ts';
import { UsageError } from './output.ts';

/** What is connected to, and in what words of the client. */
export interface Target {
  readonly settings: Settings;
  readonly values: Values;
}

/** Finds the settings that are meant. Throws what is missing or contradicts. */
export async function targetOf(options: ConnectOptions, where: Whereabouts): Promise<Target> {
  const { client: name, mcp: server, model, tokenEnv } = options;
  const client = CLIENTS[name];
  const secret = { 'token-env': tokenEnv, token: tokenOf(options, where) };
  if (server !== undefined) {
    if (options.upstream ?? options.route ?? options.protocol ?? model)
      throw new UsageError('`--mcp` says it all; leave out `--upstream`, `--route`, `--protocol` and `--model`');
    if (!client.mcp) throw new UsageError(`\`${name}\` is no client of MCP servers; leave out \`--mcp\``);
    const { url, endpoint } = await serverAddress(options, server);
    return { settings: client.mcp, values: { ...secret, url, base: url, server, endpoint } };
  }
  const spoken = Object.keys(client.models ?? {}) as Dialect[];
  const [first, ...others] = spoken.filter((one) => options.protocol === undefined || one === options.protocol);
  if (spoken.length === 0) throw new UsageError(`\`${name}\` is connected to MCP servers: pass \`--mcp SERVER\``);
  if (first === undefined)
    throw new UsageError(
      `\`${name}\` speaks ${spoken.map((one) => `\`${one}\``).join(', ')}, not \`${options.protocol}\``,
    );
  const { dialect, ...address } = await modelAddress(options, [first, ...others]);
  const settings = client.models?.[dialect] ?? {};
  if (settings.needsModel === true && model === undefined)
    throw new UsageError(`\`${name}\` takes the names of models from its settings: pass \`--model NAME\``);
  return { settings, values: { ...secret, ...address, ...(model !== undefined && { model }) } };
}

function tokenOf({ token, tokenEnv }: ConnectOptions, { env }: Whereabouts): string {
  if (token !== true) return `$${tokenEnv}`;
  const held = env[tokenEnv];
  if (held) return held;
  throw new UsageError(`\`${tokenEnv}\` holds no token; \`export ${tokenEnv}=$(waygate token --agent NAME)\` sets it`);
}
