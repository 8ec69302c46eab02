// Stage 3, first half: a listener match → Route. Everything about paths is decided here, at load.
// INVARIANT: only a path picks a route, and only a configured upstream stands behind it.
import type { ProtocolName, Route } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { type Headers, header } from '../core/exchange.ts';

/** A route and the part of the path that its protocol speaks about, e.g. `/chat/completions`; empty for MCP. */
export interface RouteMatch {
  readonly route: Route;
  readonly operation: string;
}

export interface RouteTable {
  readonly routes: readonly Route[];
  /** Throws `route.unknown`. */
  match(path: string, headers: Headers): RouteMatch;
}

export interface RouteSource {
  readonly upstreams: ReadonlyMap<string, ProtocolName>;
  readonly extra: readonly { readonly path: string; readonly route: Route }[];
}

const MODEL_BODY_BYTES = 33_554_432;
const TOOL_BODY_BYTES = 4_194_304;

/** The largest body of a protocol's requests where the config does not say. */
export function defaultBodyBytes(protocol: ProtocolName): number {
  return protocol === 'mcp' ? TOOL_BODY_BYTES : MODEL_BODY_BYTES;
}

/** Builds the table: shared routes of each model protocol, one route per upstream, and the config's own. */
export function routeTable(source: RouteSource): RouteTable {
  const byPrefix = new Map<string, Route>();
  const namesOf = (protocol: ProtocolName): string[] =>
    [...source.upstreams].filter(([, spoken]) => spoken === protocol).map(([name]) => name);
  const makeRoute = (name: string, protocol: ProtocolName, upstreams: readonly string[]): Route =>
    Object.freeze({ name, protocol, upstreams, bodyBytesMax: defaultBodyBytes(protocol) });

  const shared = (['openai', 'anthropic'] as const).filter((protocol) => namesOf(protocol).length > 0);
  for (const protocol of shared) byPrefix.set(`/${protocol}`, makeRoute(protocol, protocol, namesOf(protocol)));
  const root = { openai: byPrefix.get('/openai'), anthropic: byPrefix.get('/anthropic') };
  // An upstream's own name wins over the protocol's: `/openai` is the upstream `openai` where there is one.
  for (const [name, protocol] of source.upstreams) {
    byPrefix.set(protocol === 'mcp' ? `/mcp/${name}` : `/${name}`, makeRoute(name, protocol, [name]));
  }
  for (const { path, route } of source.extra)
    byPrefix.set(route.protocol === 'openai' ? path.replace(/\/v1$/, '') : path, route);

  return {
    routes: [...new Set([...Object.values(root).filter((route) => route !== undefined), ...byPrefix.values()])],
    match(path, headers) {
      const found = matchPrefix(byPrefix, path) ?? matchRoot(root, path, headers);
      if (found) return found;
      throw new GatewayError('route.unknown', unknownRoute(path, source));
    },
  };
}

function matchPrefix(byPrefix: ReadonlyMap<string, Route>, path: string): RouteMatch | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const route = byPrefix.get(path.slice(0, end));
    if (!route) continue;
    const operation = operationOf(route.protocol, path.slice(end));
    return operation === undefined ? undefined : { route, operation };
  }
  return undefined;
}

type Root = Readonly<Record<'openai' | 'anthropic', Route | undefined>>;

// The two model protocols share `/v1`: their operations differ, but for `models`, where Anthropic's clients name their version.
function matchRoot(root: Root, path: string, headers: Headers): RouteMatch | undefined {
  const isAnthropic =
    /^(\/v1)?\/messages(\/|$)/.test(path) ||
    (path.startsWith('/v1/models') && header(headers, 'anthropic-version') !== undefined);
  const route = isAnthropic ? root.anthropic : root.openai;
  const operation = route && operationOf(route.protocol, path);
  return route && operation !== undefined ? { route, operation } : undefined;
}

// OpenAI's paths always lie below `/v1`; Anthropic's SDKs differ in whether they add it.
function operationOf(protocol: ProtocolName, rest: string): string | undefined {
  if (protocol === 'mcp') return rest === '' || rest === '/' ? '' : undefined;
  if (rest.startsWith('/v1/')) return rest.slice('/v1'.length);
  return protocol === 'anthropic' && rest.startsWith('/') ? rest : undefined;
}

function unknownRoute(path: string, source: RouteSource): string {
  const names = [...source.upstreams].map(([name, protocol]) => (protocol === 'mcp' ? `/mcp/${name}` : `/${name}/v1`));
  const known = ['/v1', ...names].slice(0, 12).map((name) => `\`${name}\``);
  return `no route for \`${path.slice(0, 200)}\`; base addresses here are ${known.join(', ')}`;
}
