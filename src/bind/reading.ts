// Part of the composition root: a request → the call that it asks for, in the run that it belongs to.
import type { Config } from '../config/load.ts';
import { forwardableHeaders } from '../core/headers.ts';
import { originCheck } from '../http/rebinding.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import type { ModelSelector } from '../routes/models.ts';
import { resolver } from '../routes/resolve.ts';
import type { RouteTable } from '../routes/table.ts';
import { HINTS } from '../runs/hints.ts';
import { lineageOf } from '../runs/lineage.ts';
import type { Stages } from '../stages.ts';
import type { OwnTools } from './approvals.ts';
import { placing } from './history.ts';
import type { Parts } from './parts.ts';
import { apisOf } from './routes.ts';

export interface ReadingSource {
  readonly config: Config;
  readonly parts: Parts;
  readonly policies: PolicySet;
  readonly table: RouteTable;
  readonly models: ReadonlyMap<string, ModelSelector>;
  readonly own: Pick<OwnTools, 'recognised'>;
}

export function reading(source: ReadingSource): Pick<Stages, 'place' | 'locate' | 'resolve'> {
  const { config, parts, policies, table, models, own } = source;
  const { runs, history } = parts;
  const resolve = resolver({
    match: table.match,
    models,
    apis: apisOf(config, table),
    noStreamOptions: new Set(Object.keys(config.upstreams).filter((name) => !config.upstreams[name]?.streamOptions)),
    endToEnd: forwardableHeaders,
    checkOrigin: originCheck(config.listen.host),
    readLarge: parts.readLarge,
  });
  const inPlace = placing({ ...history, registry: runs, policies });
  const hints = [...config.runs.hints, ...HINTS];
  return {
    place: (request) => resolve.place(request),
    locate: (principal, headers) => runs.find(principal, lineageOf(principal, headers, hints)),
    resolve(request, place, asking) {
      const call = resolve.resolve(request, place, asking);
      return call instanceof Promise
        ? call.then((read) => inPlace(own.recognised(read)))
        : inPlace(own.recognised(call));
    },
  };
}
