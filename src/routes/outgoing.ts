// What leaves of a request: where it goes below the upstream's address, and with which bytes.
import type { Call } from '../core/call.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import type { Reading } from '../protocols/protocol.ts';
import type { Asked } from './asked.ts';
import type { Change } from './body-session.ts';

export type Sent = Pick<Call, 'target' | 'body' | 'bodySha256' | 'traceSlot' | 'splices' | 'hideUsage'>;

/** For the upstream that names the model so; `model` is empty where there is none. */
export function outgoing(asked: Asked, model: string): Sent {
  const { place, reading, asking } = asked;
  const { body } = asking;
  const target = targetPath(asked, model);
  if (body.length > 0) return { target, ...PROTOCOLS[place.dialect].write(body, reading, changeOf(reading, model)) };
  return { target, body, splices: isRenamed(reading, model) ? ['model-alias'] : [], hideUsage: false };
}

/** What the protocol writes by. */
export function changeOf({ action }: Reading, model: string): Change {
  return { model, meter: action === 'model.generate' };
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
