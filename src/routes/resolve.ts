// Stage 3, second half: a request on a route → Call. What was read here is what will be sent.
import type { AccessRequest } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { header, type Headers, type Incoming } from '../core/exchange.ts';
import { asOperation } from '../protocols/http.ts';
import { dialectOf, PROTOCOLS } from '../protocols/index.ts';
import type { Reading } from '../protocols/protocol.ts';
import type { Api } from './api.ts';
import type { Asked, Asking, Place } from './asked.ts';
import type { ReadLarge } from './body-threads.ts';
import type { ModelSelector } from './models.ts';
import { changeOf, outgoing, type Sent, targetPath } from './outgoing.ts';
import { shownPath } from './shown-path.ts';
import type { RouteMatch } from './table.ts';
import { locate, type Target, type Targets } from './targets.ts';

export interface Resolver {
  /** Throws `route.*`, and what `checkOrigin` throws. */
  place(request: Incoming): Place;
  /** A promise for a large body alone, which another thread reads. Throws `request.*` and `route.*`, or rejects with them. */
  resolve(request: Incoming, place: Place, asking: Asking): Call | Promise<Call>;
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
  readonly readLarge: ReadLarge;
}

/** `Waygate-Final: true`: the run's last word, which may use what budgets keep for it. */
const FINAL_HEADER = 'waygate-final';

/** A body of more bytes would hold up the calls beside it while it is read. */
const LARGE_BYTES = 524_288;

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
      if (asking.body.length > LARGE_BYTES) return resolveLarge(source, { request, place, asking });
      const read = PROTOCOLS[place.dialect].read(request, place.operation, asking.body);
      const asked = {
        request,
        place,
        reading: understood(read, place),
        asking,
        headers: source.endToEnd(request.headers),
      };
      const targets = locate(asked, source.models);
      return callTo(
        targets,
        targets.map((target) => outgoing(asked, target, source.noStreamOptions)),
        asked,
      );
    },
  };
}

// The same steps, those that touch the body in another thread.
async function resolveLarge(
  source: ResolverSource,
  { request, place, asking }: Pick<Asked, 'request' | 'place' | 'asking'>,
): Promise<Call> {
  const { method, path, query, headers } = request;
  const read = { dialect: place.dialect, head: { method, path, query, headers }, path: place.operation };
  const { reading, choice, written } = await source.readLarge({ ...read, body: asking.body }, (found) => {
    const targets = locate({ place, reading: understood(found, place), asking }, source.models);
    return { targets, changes: targets.map((target) => changeOf(found, target, source.noStreamOptions)) };
  });
  const asked = { request, place, reading: understood(reading, place), asking, headers: source.endToEnd(headers) };
  const { targets } = choice;
  const sent = written.map((one, index) => ({ ...one, target: targetPath(asked, (targets[index] as Target).model) }));
  return callTo(targets, sent, asked);
}

function understood(reading: Reading, { http }: Place): Reading {
  return http ? asOperation(reading, http) : reading;
}

type Choice = Pick<Call, 'candidates' | 'fallbacks'>;

const ALONE: Choice = Object.freeze({ candidates: Object.freeze([]), fallbacks: Object.freeze([]) });

/** The call as the preferred target takes it; `sent` is what leaves to each. */
function callTo(targets: Targets, sent: readonly Sent[], asked: Asked): Call {
  const [first, ...others] = targets;
  if (others.length === 0) return callOf(first, asked, { ...(sent[0] as Sent), ...ALONE });
  const candidates = targets.map(({ resource }) => resource);
  const fallbacks = others.map((other, index) =>
    callOf(other, asked, { ...(sent[index + 1] as Sent), candidates, fallbacks: [] }),
  );
  return callOf(first, asked, { ...(sent[0] as Sent), candidates, fallbacks });
}

function callOf(target: Target, asked: Asked, sent: Sent & Choice): Call {
  const { request, place, reading, asking, headers } = asked;
  const access = accessRequest(target, asked);
  return {
    id: asking.id,
    route: place.route,
    dialect: place.dialect,
    access,
    ...(reading.parts && { parts: reading.parts.map((args) => ({ ...access, action: 'model.generate', args })) }),
    upstreams: target.upstreams,
    method: request.method,
    headers,
    ...sent,
    estimate: reading.estimate,
    model: target.model,
    stream: reading.stream,
    abortable: reading.abortable,
    rpc: reading.rpc,
    ...(reading.toolResults && { toolResults: reading.toolResults }),
    ...(reading.toolUseId !== undefined && { toolUseId: reading.toolUseId }),
    ...(reading.place && { place: reading.place }),
  };
}

function accessRequest({ resource }: Target, { request, place, reading, asking }: Asked): AccessRequest {
  const isFinal = header(request.headers, FINAL_HEADER) === 'true';
  return {
    principal: asking.principal,
    action: reading.action,
    resource,
    args: reading.args,
    run: asking.run,
    context: { route: place.route.name, timeMs: asking.nowMs, stream: reading.stream },
    ...(isFinal && { isFinal }),
  };
}

const METHODS = ['POST', 'GET', 'DELETE'] as const;
const OPERATIONS = {
  openai:
    '`/chat/completions`, `/responses`, `/embeddings`, `/completions`, `/images`, `/audio`, `/moderations`, `/files`, `/uploads`, `/batches` and `/models`',
  anthropic: '`/messages`, `/messages/count_tokens`, `/messages/batches`, `/files` and `/models`',
  gemini:
    '`/v1beta/models/NAME:METHOD` (generateContent, streamGenerateContent, countTokens, embedContent, batchEmbedContents) and `/v1beta/models`',
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
