// Stage 3, second half: a request on a route → Call. What was read here is what will be sent.
import type { AccessRequest, Resource } from '../core/access.ts';
import { type Call, type Dialect, DIALECTS } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Headers, Incoming } from '../core/exchange.ts';
import type { CallId } from '../core/ids.ts';
import type { Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';
import { dialectOf, PROTOCOLS } from '../protocols/index.ts';
import type { Protocol, Reading } from '../protocols/protocol.ts';
import type { ModelSelector } from './models.ts';
import type { RouteMatch } from './table.ts';

/** A request whose route and dialect are known, its body still unread. */
export interface Place extends RouteMatch {
  readonly dialect: Dialect;
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
  /** Throws `route.*`. */
  place(request: Incoming): Place;
  /** Throws `request.*` and `route.*`. */
  resolve(request: Incoming, place: Place, asking: Asking): Call;
}

export interface ResolverSource {
  readonly match: (path: string, headers: Headers) => RouteMatch;
  /** By route name. */
  readonly models: ReadonlyMap<string, ModelSelector>;
  /** The client's end-to-end headers that may go upstream. */
  readonly endToEnd: (headers: Headers) => Headers;
}

export function resolver(source: ResolverSource): Resolver {
  return {
    place(request) {
      const match = source.match(request.path, request.headers);
      const dialect = dialectOf(match.route.protocol, request.method, match.operation);
      if (dialect) return { ...match, dialect };
      throw new GatewayError('route.operation', unknownOperation(request, match));
    },
    resolve(request, place, asking) {
      const protocol = PROTOCOLS[place.dialect];
      const reading = protocol.read(request, place.operation, asking.body);
      const target = locate(place, reading, source.models);
      return {
        id: asking.id,
        route: place.route,
        dialect: place.dialect,
        access: accessRequest(place, reading, target.resource, asking),
        upstreams: target.upstreams,
        method: request.method,
        target: upstreamPath(place) + request.query,
        headers: source.endToEnd(request.headers),
        ...outgoing(protocol, reading, target.model, asking.body),
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
  const only = route.upstreams.length === 1 ? route.upstreams[0] : undefined;
  if (kind === 'model' && name !== '') {
    const choice = models.get(route.name)?.select(name);
    if (!choice) throw new GatewayError('route.model', `no upstream of this route serves the model \`${name}\``);
    return {
      resource: { kind, upstream: choice.upstream, name: choice.model },
      upstreams: [choice.upstream],
      model: choice.model,
    };
  }
  return { resource: { kind, upstream: only ?? route.name, name }, upstreams: route.upstreams, model: '' };
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

function outgoing(
  protocol: Protocol,
  reading: Reading,
  model: string,
  body: Buffer,
): Pick<Call, 'body' | 'splices' | 'hideUsage'> {
  if (body.length === 0) return { body, splices: [], hideUsage: false };
  return protocol.write(body, reading, { model, meter: reading.action === 'model.generate' });
}

// OpenAI's base addresses end in `/v1`, Anthropic's do not; an MCP address is the endpoint itself.
function upstreamPath(place: Place): string {
  return place.route.protocol === 'anthropic' ? `/v1${place.operation}` : place.operation;
}

function unknownOperation(request: Incoming, match: RouteMatch): string {
  const dialects = DIALECTS.filter((dialect) => dialect.startsWith(match.route.protocol)).join(', ');
  return `\`${request.method} ${request.path.slice(0, 200)}\` is no operation that Waygate governs on the route \`${match.route.name}\` (${dialects}); it was not sent on`;
}
