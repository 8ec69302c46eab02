// Stage 3, first half: a listener match → Route. Everything about paths is decided here, at load.
// INVARIANT: only a path picks a route (and for `/v1/models` the caller's dialect); only a configured upstream stands behind it.
import type { ProtocolName, Route } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { type Headers, header } from '../core/exchange.ts';
import { geminiOperation } from '../protocols/gemini-operation.ts';
import { shownPath } from './shown-path.ts';

/** A route and the part of the path that its protocol speaks about, e.g. `/chat/completions`; empty for MCP. */
export interface RouteMatch {
  readonly route: Route;
  readonly operation: string;
}

export interface RouteTable {
  /** Each with a name of its own. */
  readonly routes: readonly Route[];
  /** Throws `route.unknown`. */
  readonly match: (path: string, headers: Headers) => RouteMatch;
}

export interface RouteSource {
  readonly upstreams: ReadonlyMap<string, ProtocolName>;
  readonly extra: readonly { readonly path: string; readonly route: Route }[];
}

const MODEL_BODY_BYTES = 33_554_432;
const TOOL_BODY_BYTES = 4_194_304;

/** The largest body of a protocol's requests where the config does not say. */
export function defaultBodyBytes(protocol: ProtocolName): number {
  return protocol === 'mcp' || protocol === 'http' ? TOOL_BODY_BYTES : MODEL_BODY_BYTES;
}

const DOUBLED = /\/v1\/v1\//;

type Find = (path: string, headers: Headers) => RouteMatch | undefined;

/** Builds the table: shared routes of each model protocol, one route per upstream, and the config's own. */
export function routeTable(source: RouteSource): RouteTable {
  const shared = {
    openai: sharedRoute(source, 'openai'),
    anthropic: sharedRoute(source, 'anthropic'),
    gemini: sharedRoute(source, 'gemini'),
  };
  const byBase = new Map<string, Route>();
  for (const route of Object.values(shared)) if (route) byBase.set(basePath(route.protocol), route);
  // An upstream's own name wins over the protocol's: `/openai/v1` is the upstream `openai` where there is one.
  for (const [name, protocol] of source.upstreams) {
    byBase.set(basePath(protocol, name), makeRoute(name, protocol, [name]));
  }
  for (const { path, route } of source.extra) byBase.set(path, route);
  const findPlain: Find = (path, headers) => findByBase(byBase, path) ?? findShared(shared, path, headers);
  // Some SDKs add `/v1` to a base address that ends in it already.
  const find: Find = (path, headers) =>
    findPlain(path, headers) ?? (DOUBLED.test(path) ? findPlain(path.replace(DOUBLED, '/v1/'), headers) : undefined);
  const bases = [
    ...(shared.openai ? ['/v1'] : []),
    ...(shared.anthropic ? ['/'] : []),
    ...(shared.gemini ? ['/v1beta'] : []),
    ...byBase.keys(),
  ];
  return {
    routes: [...new Set([...Object.values(shared).filter((route) => route !== undefined), ...byBase.values()])],
    match(path, headers) {
      const found = find(path, headers);
      if (found) return found;
      throw new GatewayError('route.unknown', unknownRoute(path, { bases, find, headers }));
    },
  };
}

function makeRoute(name: string, protocol: ProtocolName, upstreams: readonly string[]): Route {
  return Object.freeze({ name, protocol, upstreams, bodyBytesMax: defaultBodyBytes(protocol) });
}

// `all-…`, so that no upstream has the same name: policies, metrics and selectors go by it.
function sharedRoute({ upstreams }: RouteSource, protocol: ModelProtocol): Route | undefined {
  const names = [...upstreams].filter(([, spoken]) => spoken === protocol).map(([name]) => name);
  return names.length > 0 ? makeRoute(`all-${protocol}`, protocol, names) : undefined;
}

/** What a client's base URL ends in. OpenAI's SDKs expect `/v1` in it, Anthropic's and Google's add their versions. */
function basePath(protocol: ProtocolName, name: string = protocol): string {
  switch (protocol) {
    case 'openai':
      return `/${name}/v1`;
    case 'anthropic':
    case 'gemini':
      return `/${name}`;
    case 'mcp':
      return `/mcp/${name}`;
    case 'http':
      return `/http/${name}`;
    default:
      return protocol satisfies never;
  }
}

function findByBase(byBase: ReadonlyMap<string, Route>, path: string): RouteMatch | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const route = byBase.get(path.slice(0, end));
    const operation = route && operationOf(route.protocol, path.slice(end));
    if (route && operation !== undefined) return { route, operation };
  }
  return undefined;
}

type ModelProtocol = Exclude<ProtocolName, 'mcp' | 'http'>;
type Shared = Readonly<Record<ModelProtocol, Route | undefined>>;

// The model protocols share `/v1`: their operations differ, but for `models` and `files`, where Anthropic's clients name their
// version and Google's send Google's own headers.
function findShared(shared: Shared, path: string, headers: Headers): RouteMatch | undefined {
  const isAnthropic =
    /^(?:\/v1)?\/messages(?:\/|$)/.test(path) ||
    (/^\/v1\/(?:models|files)(?:\/|$)/.test(path) && header(headers, 'anthropic-version') !== undefined);
  if (isAnthropic) {
    const { anthropic: route } = shared;
    return route && { route, operation: path.replace(/^\/v1\//, '/') };
  }
  if (shared.gemini && isGemini(path, headers)) return { route: shared.gemini, operation: path };
  const { openai: route } = shared;
  const operation = route && path.startsWith('/v1/') ? operationOf('openai', path.slice('/v1'.length)) : undefined;
  return route && operation !== undefined ? { route, operation } : undefined;
}

const GOOGLE_HEADERS = ['x-goog-api-key', 'x-goog-api-client'];

function isGemini(path: string, headers: Headers): boolean {
  if (/^\/v1beta\/./.test(path) || geminiOperation('POST', path)) return true;
  return /^\/v1\/models(?:\/|$)/.test(path) && GOOGLE_HEADERS.some((name) => headers[name] !== undefined);
}

function operationOf(protocol: ProtocolName, rest: string): string | undefined {
  // Google's versions differ in what they know: the operation keeps its own.
  if (protocol === 'gemini') return /^\/v1(?:beta)?\/./.test(rest) ? rest : undefined;
  if (protocol === 'mcp') return rest === '' || rest === '/' ? '' : undefined;
  if (protocol === 'http') return rest === '' ? '/' : rest;
  // Anthropic's SDKs differ in whether they add `/v1`.
  const operation = protocol === 'anthropic' && rest.startsWith('/v1/') ? rest.slice('/v1'.length) : rest;
  return /^\/(?!v1\/)./.test(operation) ? operation : undefined;
}

const OPERATION =
  /^(?:\/v1(?:beta)?)?\/(?:chat\/completions|responses|completions|embeddings|images|audio|moderations|files|uploads|batches|models|messages)(?:\/|$)/;
const SHOWN = 12;

function unknownRoute(
  path: string,
  { bases, find, headers }: { readonly bases: readonly string[]; readonly find: Find; readonly headers: Headers },
): string {
  const shown = shownPath(path);
  const meant = [path.replace(/^\/[^/]+/, '$&/v1'), `/v1${path}`].find((other) => {
    const found = other === path ? undefined : find(other, headers);
    return found && OPERATION.test(found.operation);
  });
  const hint = meant === undefined ? '' : `; \`${shownPath(meant)}\` may be meant`;
  return `no route for \`${shown}\`${hint}; base addresses here are ${listed(bases)}`;
}

function listed(bases: readonly string[]): string {
  const names = bases.slice(0, SHOWN).map((base) => `\`${base}\``);
  return bases.length > SHOWN ? `${names.join(', ')} and others` : names.join(', ');
}
