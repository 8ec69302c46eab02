// What must hold for an upstream of its kind: a plain HTTP API, a provider whose models have no listed price.
import { operationShape, parseOperation } from '../core/operation.ts';
import type { Fault } from '../documents/faults.ts';
import type { ConfigFile } from './schema.ts';

type Upstream = ConfigFile['upstreams'][string];

/** What an upstream says that its kind cannot have, and what it leaves unsaid that its kind needs. */
export function kindFaults({ upstreams, ceiling }: ConfigFile): readonly Fault[] {
  return Object.entries(upstreams).flatMap(([name, upstream]) => {
    const path = ['upstreams', name];
    if (upstream.protocol === 'http') return [...httpFaults(upstream, path), ...repeatedOperations(upstream, path)];
    return [...foreignFields(upstream, path), ...(ceiling ? [] : unpricedFaults(upstream, path))];
  });
}

function httpFaults({ price, prices }: Upstream, path: Fault['path']): Fault[] {
  return [
    ...(price === undefined
      ? [
          {
            path: [...path, 'price'],
            message: '`price` is missing: expected what a request costs, e.g. `0.002 USD`, or `free`',
          },
        ]
      : []),
    ...(Object.keys(prices).length > 0
      ? [foreign([...path, 'prices'], '`prices` are for models; expected `price`')]
      : []),
  ];
}

// No request could tell two operations of one shape apart.
function repeatedOperations({ operations }: Upstream, path: Fault['path']): Fault[] {
  const seen = new Map<string, string>();
  return operations.flatMap((operation, index) => {
    const template = parseOperation(operation);
    if ('fault' in template) return [];
    const shape = operationShape(template);
    const before = seen.get(shape);
    seen.set(shape, before ?? operation);
    if (before === undefined) return [];
    return [{ path: [...path, 'operations', index], message: `this is the operation \`${before}\` once more` }];
  });
}

function foreignFields({ operations, lists, price }: Upstream, path: Fault['path']): Fault[] {
  const said = { operations: operations.length > 0, lists: lists.length > 0, price: price !== undefined };
  return Object.entries(said).flatMap(([field, isSaid]) =>
    isSaid ? [foreign([...path, field], `\`${field}\` is for upstreams that speak \`http\``)] : [],
  );
}

function foreign(path: Fault['path'], message: string): Fault {
  return { path, message, of: 'key' };
}

// Without prices each call would be refused: better said once, at load.
function unpricedFaults({ preset, provider, prices }: Upstream, path: Fault['path']): Fault[] {
  if (preset === undefined || provider !== undefined || Object.keys(prices).length > 0) return [];
  return [
    {
      path: [...path, 'preset'],
      message: `the catalogue has no prices for \`${preset}\`: state them in \`prices\`, e.g. \`"*": free\`, or set \`ceiling\``,
    },
  ];
}
