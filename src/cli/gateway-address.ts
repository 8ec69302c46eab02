// Where a client finds the gateway: said outright, or read from the configuration.
import type { ConfigFile } from '../config/schema.ts';
import { unknownName } from '../core/nearest.ts';
import type { Dialect } from '../connect/names.ts';
import { findConfig, readShape } from './config-file.ts';
import { UsageError } from './output.ts';

export interface AddressOptions {
  /** Of the gateway; the listener of the configuration unless said. */
  readonly url?: string;
  readonly upstream?: string;
  /** A route of the configuration. */
  readonly route?: string;
  readonly config?: string;
}

/** Where models are, and what is spoken there. */
export interface ModelAddress {
  readonly url: string;
  readonly dialect: Dialect;
  /** As SDKs of the dialect take it: with `/v1` for OpenAI's, without for the others. */
  readonly base: string;
}

const DEMO_URL = 'http://127.0.0.1:4000';

/** The address for a client that speaks one of these dialects, the first unless the configuration says otherwise. */
export async function modelAddress(
  options: AddressOptions,
  dialects: readonly [Dialect, ...Dialect[]],
): Promise<ModelAddress> {
  const { upstream, route } = options;
  const { url, config } = await gatewayOf(options);
  if (route !== undefined) {
    if (!config) throw new UsageError('`--route` names a route of a configuration; say which with `--config FILE`');
    const found = config.routes[route];
    if (!found) throw new UsageError(unknownName('route', route, Object.keys(config.routes)));
    return { url, dialect: spoken(`the route \`${route}\``, found.protocol, dialects), base: url + found.path };
  }
  if (!config) return { url, dialect: dialects[0], base: url + basePath(dialects[0], upstream) };
  if (upstream !== undefined) {
    const found = config.upstreams[upstream];
    if (!found) throw new UsageError(unknownName('upstream', upstream, Object.keys(config.upstreams)));
    const dialect = spoken(`the upstream \`${upstream}\``, found.protocol, dialects);
    return { url, dialect, base: url + basePath(dialect, upstream) };
  }
  const served = new Set<string>(Object.values(config.upstreams).map(({ protocol }) => protocol));
  const dialect = dialects.find((one) => served.has(one));
  if (dialect !== undefined) return { url, dialect, base: url + basePath(dialect) };
  throw new UsageError(`no upstream of the configuration speaks ${listed(dialects)}, which the client needs; add one`);
}

/** The address of an MCP server. */
export async function serverAddress(
  options: AddressOptions,
  server: string,
): Promise<{ url: string; endpoint: string }> {
  const { url, config } = await gatewayOf(options);
  const servers = Object.entries(config?.upstreams ?? {}).filter(([, { protocol }]) => protocol === 'mcp');
  const names = servers.map(([name]) => name);
  if (config && !names.includes(server)) throw new UsageError(unknownName('MCP server', server, names));
  return { url, endpoint: `${url}/mcp/${server}` };
}

export interface Gateway {
  readonly url: string;
  readonly config: ConfigFile | undefined;
}

/** The address of the gateway that is meant, and its configuration where one is at hand. */
export async function gatewayOf({ url, config: named }: AddressOptions): Promise<Gateway> {
  const path = findConfig(named);
  const config = path === undefined ? undefined : (await readShape(path)).value;
  return { url: url ?? (config ? listenerUrl(config.listen) : DEMO_URL), config };
}

/** Where a listener of the configuration is; `option` is the one that says it outright. */
export function listenerUrl({ host, port, tls }: ConfigFile['listen'], option = '--url'): string {
  if (port === 0) throw new UsageError(`the listener takes any free port; say where it is with \`${option} URL\``);
  const isEvery = host === '0.0.0.0' || host === '::';
  const name = isEvery ? '127.0.0.1' : host;
  return `${tls ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function spoken(what: string, protocol: string, dialects: readonly Dialect[]): Dialect {
  const dialect = dialects.find((one) => one === protocol);
  if (dialect !== undefined) return dialect;
  throw new UsageError(`${what} speaks \`${protocol}\`, expected ${listed(dialects)}`);
}

function listed(dialects: readonly Dialect[]): string {
  return dialects.map((dialect) => `\`${dialect}\``).join(' or ');
}

/** What a base address ends in: that of all upstreams of a dialect, or of one. */
function basePath(dialect: Dialect, upstream?: string): string {
  switch (dialect) {
    case 'openai':
      return upstream === undefined ? '/v1' : `/${upstream}/v1`;
    case 'anthropic':
      return upstream === undefined ? '' : `/${upstream}`;
    case 'gemini':
      return `/${upstream ?? 'gemini'}`;
    default:
      return dialect satisfies never;
  }
}
