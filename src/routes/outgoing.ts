// What leaves of a request: where it goes below the upstream's address, and with which bytes.
import type { Call } from '../core/call.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import type { Reading } from '../protocols/protocol.ts';
import type { Asked } from './asked.ts';
import type { Change } from './body-session.ts';
import type { Target } from './targets.ts';

export type Sent = Pick<Call, 'target' | 'body' | 'bodySha256' | 'traceSlot' | 'splices' | 'hideUsage'>;

/** For one of its targets. */
export function outgoing(asked: Asked, target: Target, noStreamOptions: ReadonlySet<string>): Sent {
  const { place, reading, asking } = asked;
  const { body } = asking;
  const { model } = target;
  const path = targetPath(asked, model);
  if (body.length === 0) {
    return { target: path, body, splices: isRenamed(reading, model) ? ['model-alias'] : [], hideUsage: false };
  }
  const change = changeOf(reading, target, noStreamOptions);
  return { target: path, ...PROTOCOLS[place.dialect].write(body, reading, change) };
}

/** What the protocol writes by. Some upstreams refuse to be asked for the usage of a stream. */
export function changeOf(
  { action }: Reading,
  { model, resource }: Target,
  noStreamOptions: ReadonlySet<string>,
): Change {
  return { model, meter: action === 'model.generate' && !noStreamOptions.has(resource.upstream) };
}

/** Path and query below the upstream's address. One model is asked for by its path: an alias is replaced there. */
export function targetPath({ request, place, reading, asking }: Asked, model: string): string {
  const isAlias = isRenamed(reading, model);
  const renamed = isAlias ? PROTOCOLS[place.dialect].pathTo?.(place.operation, model) : undefined;
  const isAskedFor = isAlias && asking.body.length === 0;
  const path = renamed ?? (isAskedFor ? `/models/${encodeURIComponent(model)}` : place.operation);
  // OpenAI's base addresses end in `/v1`, Anthropic's do not, of Google's paths it is a part; an MCP address is the endpoint itself.
  return (place.route.protocol === 'anthropic' ? `/v1${path}` : path) + request.query;
}

function isRenamed({ resource }: Reading, model: string): boolean {
  return model !== '' && model !== resource.name;
}
