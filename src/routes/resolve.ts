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
import type { ModelChoice, ModelSelector } from './models.ts';
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
  resolve(request: Incoming, place: Place, asking: Asking): Call;
}

export interface ResolverSource {
  readonly match: (path: string, headers: Headers) => RouteMatch;
  /** By route name. */
  readonly models: ReadonlyMap<string, ModelSelector>;
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
      if (dialect) return { ...match, dialect };
      throw unknownOperation(request, match);
    },
    resolve(request, place, asking) {
      const protocol = PROTOCOLS[place.dialect];
      const reading = protocol.read(request, place.operation, asking.body);
      const asked = { request, place, protocol, reading, asking, headers: source.endToEnd(request.headers) };
      const targets = locate(asked, source.models);
      if (targets.length === 1) return callTo(targets[0], asked, ALONE);
      const [first, ...others] = targets;
      const candidates = targets.map(({ resource }) => resource);
      const fallbacks = others.map((other) => callTo(other, asked, { candidates, fallbacks: [] }));
      return callTo(first, asked, { candidates, fallbacks });
    },
  };
}

interface Asked {
  readonly request: Incoming;
  readonly place: Place;
  readonly protocol: Protocol;
  readonly reading: Reading;
  readonly asking: Asking;
  /** What may go upstream of the client's. */
  readonly headers: Headers;
}

type Choice = Pick<Call, 'candidates' | 'fallbacks'>;

const ALONE: Choice = Object.freeze({ candidates: Object.freeze([]), fallbacks: Object.freeze([]) });

/** The call as one target takes it. */
function callTo({ resource, upstreams, model }: Target, asked: Asked, { candidates, fallbacks }: Choice): Call {
  const { request, place, reading, asking, headers } = asked;
  const access = accessRequest(place, reading, resource, asking);
  return {
    id: asking.id,
    route: place.route,
    dialect: place.dialect,
    access,
    ...(reading.parts && { parts: reading.parts.map((args) => ({ ...access, action: 'model.generate', args })) }),
    upstreams,
    method: request.method,
    headers,
    ...outgoing(asked, model),
    estimate: reading.estimate,
    model,
    stream: reading.stream,
    abortable: reading.abortable,
    rpc: reading.rpc,
    candidates,
    fallbacks,
  };
}

interface Target {
  readonly resource: Resource;
  readonly upstreams: readonly string[];
  readonly model: string;
}

/** Where a request may go, the preferred one first. */
type Targets = readonly [Target, ...Target[]];

function locate({ place, reading, asking }: Asked, models: ReadonlyMap<string, ModelSelector>): Targets {
  const { kind, name } = reading.resource;
  const { route } = place;
  if (kind === 'model' && name !== '') {
    const choices = models.get(route.name)?.select(name, asking.run.id);
    if (!choices) throw new GatewayError('route.model', `no upstream of this route serves the model \`${name}\``);
    const [first, ...others] = choices;
    return [targetOf(first), ...others.map(targetOf)];
  }
  const [first = route.name, ...others] = route.upstreams;
  if (kind === 'object' && others.length > 0) throw severalAccounts(place);
  const upstream = others.length === 0 ? first : route.name;
  return [{ resource: { kind, upstream, name }, upstreams: route.upstreams, model: '' }];
}

function targetOf({ upstream, model }: ModelChoice): Target {
  return { resource: { kind: 'model', upstream, name: model }, upstreams: [upstream], model };
}

// An object lies in one upstream's account, and its id does not say in which.
function severalAccounts({ route, operation }: Place): GatewayError {
  const bases = route.upstreams.map((name) => `\`/${name}\``).join(', ');
  return new GatewayError(
    'route.operation',
    `\`${shownPath(operation)}\` is about the account of one upstream, and this route has several; call it below the base address of one: ${bases}`,
  );
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

/** What leaves: where it goes below the upstream's address, and with which bytes. */
function outgoing(
  { request, place, protocol, reading, asking: { body } }: Asked,
  model: string,
): Pick<Call, 'target' | 'body' | 'splices' | 'hideUsage'> {
  const isAlias = model !== '' && model !== reading.resource.name;
  const renamed = isAlias ? protocol.pathTo?.(place.operation, model) : undefined;
  if (body.length > 0) {
    const target = upstreamPath(place, renamed ?? place.operation) + request.query;
    return { target, ...protocol.write(body, reading, { model, meter: reading.action === 'model.generate' }) };
  }
  // One model is asked for by its path: an alias is replaced there.
  const path = renamed ?? (isAlias ? `/models/${encodeURIComponent(model)}` : place.operation);
  const target = upstreamPath(place, path) + request.query;
  return { target, body, splices: isAlias ? ['model-alias'] : [], hideUsage: false };
}

// OpenAI's base addresses end in `/v1`, Anthropic's do not, of Google's paths it is a part; an MCP address is the endpoint itself.
function upstreamPath(place: Place, path: string): string {
  return place.route.protocol === 'anthropic' ? `/v1${path}` : path;
}

const METHODS = ['POST', 'GET', 'DELETE'] as const;
const OPERATIONS = {
  openai:
    '`/chat/completions`, `/responses`, `/embeddings`, `/completions`, `/images`, `/audio`, `/moderations`, `/files`, `/uploads`, `/batches` and `/models`',
  anthropic: '`/messages`, `/messages/count_tokens`, `/messages/batches`, `/files` and `/models`',
  gemini:
    '`/v1beta/models/NAME:METHOD` (generateContent, streamGenerateContent, countTokens, embedContent, batchEmbedContents) and `/v1beta/models`',
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
