// What can be asked, from one snapshot of the configuration: routes, the APIs behind them, and what model names lead to.
import type { Config } from '../config/load.ts';
import type { ProtocolName, Route } from '../core/call.ts';
import { type Api, httpApi } from '../routes/api.ts';
import { type AliasTarget, type ModelSelector, modelSelector } from '../routes/models.ts';
import { defaultBodyBytes, type RouteTable, routeTable } from '../routes/table.ts';

export function routesOf(config: Config): RouteTable {
  const protocols = new Map<string, ProtocolName>(
    Object.entries(config.upstreams).map(([name, { protocol }]) => [name, protocol]),
  );
  const extra = Object.entries(config.routes).map(([name, { path, protocol, upstreams, bodyBytesMax }]) => ({
    path,
    route: { name, protocol, upstreams, bodyBytesMax: bodyBytesMax ?? defaultBodyBytes(protocol) },
  }));
  return routeTable({ upstreams: protocols, extra });
}

/** By route: what plain HTTP APIs can be asked. */
export function apisOf({ upstreams }: Config, { routes }: RouteTable): ReadonlyMap<string, Api> {
  const apis = routes.filter(({ protocol }) => protocol === 'http');
  return new Map(
    apis.map(({ name, upstreams: [upstream = ''] }) => [
      name,
      httpApi(upstreams[upstream] as Config['upstreams'][string]),
    ]),
  );
}

export function selectorOf(route: Route, { upstreams, aliases }: Config): ModelSelector {
  return modelSelector({
    upstreams: new Map(route.upstreams.map((name) => [name, upstreams[name]?.models ?? []])),
    aliases: new Map(Object.entries(aliases).map(([alias, value]) => [alias, targetsOf(value)])),
  });
}

function targetsOf(value: Config['aliases'][string]): readonly AliasTarget[] {
  const targets = typeof value === 'string' ? [{ to: value, weight: 1 }] : value;
  return targets.map(({ to, weight }) => {
    const slash = to.indexOf('/');
    return { upstream: to.slice(0, slash), model: to.slice(slash + 1), weight };
  });
}
