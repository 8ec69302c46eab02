// Stage 3, second half: a request on a route → Call. What was read here is what will be sent.
import type { AccessRequest, Resource } from '../core/access.ts';
import type { Call, Dialect } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Headers, Incoming } from '../core/exchange.ts';
import type { CallId } from '../core/ids.ts';
import type { Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';
import { dialectOf, PROTOCOLS } from '../protocols/index.ts';
import type { Protocol, Reading } from '../protocols/protocol.ts';
import type { Change } from './body-session.ts';
import type { ReadLarge } from './body-threads.ts';
import type { ModelSelector } from './models.ts';
import { shownPath } from './shown-path.ts';
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
  /** Throws `route.*`, and what `checkOrigin` throws. */
  place(request: Incoming): Place;
  /** Throws `request.*` and `route.*`. */
  /** A promise for a body of more than `LARGE_BYTES`, which another thread reads. */
  resolve(request: Incoming, place: Place, asking: Asking): Call | Promise<Call>;
}

/** A body that takes longer to read than other calls should wait for. */
const LARGE_BYTES = 524_288;

export interface ResolverSource {
  readonly match: (path: string, headers: Headers) => RouteMatch;
  /** By route name. */
  readonly models: ReadonlyMap<string, ModelSelector>;
  /** The client's end-to-end headers that may go upstream. */
  readonly endToEnd: (headers: Headers) => Headers;
  /** Refuses web pages that speak to MCP servers. */
  readonly checkOrigin: (headers: Headers) => void;
  readonly readLarge: ReadLarge;
}

export function resolver(source: ResolverSource): Resolver {
  return {
    place(request) {
      const match = source.match(request.path, request.headers);
      if (match.route.protocol === 'mcp') source.checkOrigin(request.headers);
      const dialect = dialectOf(match.route.protocol, request.method, match.operation);
      if (dialect) return { ...match, dialect };
      throw unknownOperation(request, match);
    },
    resolve(request, place, asking) {
      if (asking.body.length > LARGE_BYTES) return resolveLarge(source, { request, place, asking });
      const protocol = PROTOCOLS[place.dialect];
      const reading = protocol.read(request, place.operation, asking.body);
      const target = locate(place, reading, source.models);
      const sent = outgoing({ request, place, protocol, reading }, target.model, asking.body);
      return callOf(source, { request, place, asking, reading, target, sent });
    },
  };
}

interface Asked {
  readonly request: Incoming;
  readonly place: Place;
  readonly asking: Asking;
}

// The same steps, those that touch the body in another thread.
async function resolveLarge(source: ResolverSource, { request, place, asking }: Asked): Promise<Call> {
  const { method, path, query, headers } = request;
  const read = { dialect: place.dialect, head: { method, path, query, headers }, path: place.operation };
  const { reading, choice, written } = await source.readLarge({ ...read, body: asking.body }, (reading) => {
    const target = locate(place, reading, source.models);
    return { target, change: changeOf(reading, target.model) };
  });
  const sent = { target: upstreamTarget(request, place, place.operation), ...written };
  return callOf(source, { request, place, asking, reading, target: choice.target, sent });
}

interface Understood extends Asked {
  readonly reading: Reading;
  readonly target: Target;
  readonly sent: Sent;
}

type Sent = Pick<Call, 'target' | 'body' | 'bodySha256' | 'traceSlot' | 'splices' | 'hideUsage'>;

function callOf(source: ResolverSource, { request, place, asking, reading, target, sent }: Understood): Call {
  return {
    id: asking.id,
    route: place.route,
    dialect: place.dialect,
    access: accessRequest(place, reading, target.resource, asking),
    upstreams: target.upstreams,
    method: request.method,
    headers: source.endToEnd(request.headers),
    ...sent,
    estimate: reading.estimate,
    model: target.model,
    stream: reading.stream,
    abortable: reading.abortable,
    rpc: reading.rpc,
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

interface Writing {
  readonly request: Incoming;
  readonly place: Place;
  readonly protocol: Protocol;
  readonly reading: Reading;
}

/** What leaves: where it goes below the upstream's address, and with which bytes. */
function outgoing({ request, place, protocol, reading }: Writing, model: string, body: Buffer): Sent {
  if (body.length > 0) {
    const target = upstreamTarget(request, place, place.operation);
    return { target, ...protocol.write(body, reading, changeOf(reading, model)) };
  }
  // One model is asked for by its path: an alias is replaced there.
  const isAlias = model !== '' && model !== reading.resource.name;
  const path = isAlias ? `/models/${encodeURIComponent(model)}` : place.operation;
  const target = upstreamTarget(request, place, path);
  return { target, body, splices: isAlias ? ['model-alias'] : [], hideUsage: false };
}

function changeOf({ action }: Reading, model: string): Change {
  return { model, meter: action === 'model.generate' };
}

// OpenAI's base addresses end in `/v1`, Anthropic's do not; an MCP address is the endpoint itself.
function upstreamTarget(request: Incoming, place: Place, path: string): string {
  return (place.route.protocol === 'anthropic' ? `/v1${path}` : path) + request.query;
}

const METHODS = ['POST', 'GET', 'DELETE'] as const;
const OPERATIONS = {
  openai: '`/chat/completions`, `/responses` and `/models`',
  anthropic: '`/messages`, `/messages/count_tokens` and `/models`',
  mcp: 'the endpoint itself',
} as const;

function unknownOperation(request: Incoming, { route, operation }: RouteMatch): GatewayError {
  const asked = `\`${request.method} ${shownPath(request.path)}\``;
  const methods = METHODS.filter((method) => dialectOf(route.protocol, method, operation) !== undefined);
  if (methods.length > 0) {
    return new GatewayError('route.method', `${asked} is no operation; this path takes ${methods.join(', ')}`);
  }
  return new GatewayError(
    'route.operation',
    `${asked} is no operation that Waygate governs, and was not sent on; the route \`${route.name}\` takes ${OPERATIONS[route.protocol]}`,
  );
}
