import type { Resource } from '../core/access.ts';
import { GatewayError } from '../core/errors.ts';
import type { Reading } from '../protocols/protocol.ts';
import type { Asking, Place } from './asked.ts';
import type { ModelChoice, ModelSelector } from './models.ts';
import { shownPath } from './shown-path.ts';

/** Somewhere that a request may go. */
export interface Target {
  readonly resource: Resource;
  readonly upstreams: readonly string[];
  /** As the upstream names it; empty where there is none. */
  readonly model: string;
}

/** Where a request may go, the preferred one first. */
export type Targets = readonly [Target, ...Target[]];

export interface Located {
  readonly place: Place;
  readonly reading: Reading;
  readonly asking: Asking;
}

/** Throws `route.model` and `route.operation`. */
export function locate({ place, reading, asking }: Located, models: ReadonlyMap<string, ModelSelector>): Targets {
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
