// Stage 3, second half: a request on a route → Call. What was read here is what will be sent.
import type { AccessRequest, Resource } from '../core/access.ts';
import type { Call, Dialect } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Headers, Incoming } from '../core/exchange.ts';
import type { CallId } from '../core/ids.ts';
import type { Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';
import { asOperation, type HttpOperation } from '../protocols/http.ts';
import { dialectOf, PROTOCOLS } from '../protocols/index.ts';
import type { Protocol, Reading } from '../protocols/protocol.ts';
import type { Api } from './api.ts';
import type { ModelSelector } from './models.ts';
import { shownPath } from './shown-path.ts';
import type { RouteMatch } from './table.ts';

/** A request whose route and dialect are known, its body still unread. */
export interface Place extends RouteMatch {
  readonly dialect: Dialect;
  /** Of a plain HTTP API. */
  readonly http: HttpOperation | undefined;
}

/** What `resolve` takes besides the place: who asks, in which run, under which id. */
export interface Asking {
  readonly id: CallId;
  readonly principal: Principal;
  readonly run: Run;
  readonly body: Buffer;
  readonly nowMs: number;
}

export interface Resolver {
  /** Throws `route.*`, and what `checkOrigin` throws. */
  place(request: Incoming): Place;
  /** Throws `request.*` and `route.*`. */
  resolve(request: Incoming, place: Place, asking: Asking): Call;
}

export interface ResolverSource {
  readonly match: (path: string, headers: Headers) => RouteMatch;
  /** By route name. */
  readonly models: ReadonlyMap<string, ModelSelector>;
  /** By route name: what plain HTTP APIs can be asked. */
  readonly apis: ReadonlyMap<string, Api>;
  /** Upstreams that refuse OpenAI's `stream_options`. */
  readonly noStreamOptions: ReadonlySet<string>;
  /** The client's end-to-end headers that may go upstream. */
  readonly endToEnd: (headers: Headers) => Headers;
  /** Refuses web pages that speak to MCP servers. */
  readonly checkOrigin: (headers: Headers) => void;
}

export function resolver(source: ResolverSource): Resolver {
  return {
    place(request) {
      const match = source.match(request.path, request.headers);
      if (match.route.protocol === 'mcp') source.checkOrigin(request.headers);
      const dialect = dialectOf(match.route.protocol, request.method, match.operation);
      const api = source.apis.get(match.route.name);
      const http = api?.find(request.method, match.operation);
      if (dialect && (!api || http)) return { ...match, dialect, http };
      throw unknownOperation(request, match, api);
    },
    resolve(request, place, asking) {
      const protocol = PROTOCOLS[place.dialect];
      const read = protocol.read(request, place.operation, asking.body);
      const reading = place.http ? asOperation(read, place.http) : read;
      const target = locate(place, reading, source.models);
      return {
        id: asking.id,
        route: place.route,
        dialect: place.dialect,
        access: accessRequest(place, reading, target.resource, asking),
        upstreams: target.upstreams,
        method: request.method,
        headers: source.endToEnd(request.headers),
        ...outgoing(
          { request, place, protocol, reading, meter: isAsked(reading, target, source) },
          target.model,
          asking.body,
        ),
        estimate: reading.estimate,
        model: target.model,
        stream: reading.stream,
        abortable: reading.abortable,
        rpc: reading.rpc,
      };
    },
  };
}

interface Target {
  readonly resource: Resource;
  readonly upstreams: readonly string[];
  readonly model: string;
}

function locate(place: Place, reading: Reading, models: ReadonlyMap<string, ModelSelector>): Target {
  const { kind, name } = reading.resource;
  const { route } = place;
  if (kind === 'model' && name !== '') {
    const choice = models.get(route.name)?.select(name);
    if (!choice) throw new GatewayError('route.model', `no upstream of this route serves the model \`${name}\``);
    const { upstream, model } = choice;
    return { resource: { kind, upstream, name: model }, upstreams: [upstream], model };
  }
  const [first = route.name, ...others] = route.upstreams;
  const upstream = others.length === 0 ? first : route.name;
  return { resource: { kind, upstream, name }, upstreams: route.upstreams, model: '' };
}

function accessRequest(place: Place, reading: Reading, resource: Resource, asking: Asking): AccessRequest {
  return {
    principal: asking.principal,
    action: reading.action,
    resource,
    args: reading.args,
    run: asking.run,
    context: { route: place.route.name, timeMs: asking.nowMs, stream: reading.stream },
  };
}

interface Asked {
  readonly request: Incoming;
  readonly place: Place;
  readonly protocol: Protocol;
  readonly reading: Reading;
  /** Whether the upstream is to be asked for usage. */
  readonly meter: boolean;
}

function isAsked({ action }: Reading, { resource }: Target, { noStreamOptions }: ResolverSource): boolean {
  return action === 'model.generate' && !noStreamOptions.has(resource.upstream);
}

/** What leaves: where it goes below the upstream's address, and with which bytes. */
function outgoing(
  { request, place, protocol, reading, meter }: Asked,
  model: string,
  body: Buffer,
): Pick<Call, 'target' | 'body' | 'splices' | 'hideUsage'> {
  if (body.length > 0) {
    const target = upstreamPath(place, place.operation) + request.query;
    return { target, ...protocol.write(body, reading, { model, meter }) };
  }
  // One model is asked for by its path: an alias is replaced there.
  const isAlias = model !== '' && model !== reading.resource.name;
  const path = isAlias ? `/models/${encodeURIComponent(model)}` : place.operation;
  const target = upstreamPath(place, path) + request.query;
  return { target, body, splices: isAlias ? ['model-alias'] : [], hideUsage: false };
}

// OpenAI's base addresses end in `/v1`, Anthropic's do not; an MCP address is the endpoint itself.
function upstreamPath(place: Place, path: string): string {
  return place.route.protocol === 'anthropic' ? `/v1${path}` : path;
}

const METHODS = ['POST', 'GET', 'DELETE'] as const;
const OPERATIONS = {
  openai: '`/chat/completions`, `/responses` and `/models`',
  anthropic: '`/messages`, `/messages/count_tokens` and `/models`',
  mcp: 'the endpoint itself',
  http: 'the `operations` that the config declares for it',
} as const;

function unknownOperation(request: Incoming, { route, operation }: RouteMatch, api: Api | undefined): GatewayError {
  const asked = `\`${request.method} ${shownPath(request.path)}\``;
  const methods =
    api?.methodsOf(operation) ?? METHODS.filter((method) => dialectOf(route.protocol, method, operation) !== undefined);
  if (methods.length > 0) {
    return new GatewayError('route.method', `${asked} is no operation; this path takes ${methods.join(', ')}`);
  }
  return new GatewayError(
    'route.operation',
    `${asked} is no operation that Waygate governs, and was not sent on; the route \`${route.name}\` takes ${OPERATIONS[route.protocol]}`,
  );
}
