// What must hold across the fields of a config. Each fault has the path of the field that is to be changed.
import { isLoopbackHost } from '../core/loopback.ts';
import { unknownName } from '../core/nearest.ts';
import type { Fault } from '../documents/faults.ts';
import type { IssuerConfig } from '../identity/schema.ts';
import { delegationFault } from '../signing/schema.ts';
import type { ConfigFile } from './schema.ts';
import { kindFaults } from './upstream-rules.ts';

/** Everything that contradicts itself in a config of the right shape. */
export function contradictions(config: ConfigFile): readonly Fault[] {
  return [
    ...listenerFaults(config),
    ...identityFaults(config),
    ...operatorFaults(config),
    ...delegationFaults(config),
    ...upstreamFaults(config),
    ...kindFaults(config),
    ...aliasFaults(config),
    ...routeFaults(config),
  ];
}

function listenerFaults({ listen, admin, store, identity }: ConfigFile): Fault[] {
  const faults: Fault[] = [];
  for (const [field, { host }] of Object.entries({ listen, admin })) {
    if (isLoopbackHost(host)) continue;
    const path = [field, 'host'];
    if (store.kind === 'memory') {
      faults.push({
        path,
        message: `the memory store is for loopback only, but \`${host}\` is open to others; configure \`store\` with Redis`,
      });
    }
    if (identity.dev) {
      faults.push({
        path,
        message: `the dev issuer is for loopback only, but \`${host}\` is open to others; take out \`identity.dev\``,
      });
    }
  }
  if (listen.port !== 0 && listen.port === admin.port && listen.host === admin.host) {
    faults.push({
      path: ['admin', 'port'],
      message: `the port ${admin.port} is already that of \`listen\`; the two listeners are apart`,
    });
  }
  return faults;
}

function identityFaults({ identity, outbound }: ConfigFile): Fault[] {
  const { issuers, keys, dev } = identity;
  if (issuers.length === 0 && !keys && !dev) {
    return [
      {
        path: ['identity'],
        message: 'nobody can be identified: expected `issuers`, `keys`, or on loopback `dev: true`',
      },
    ];
  }
  return issuerFaults(issuers, ['identity', 'issuers'], outbound);
}

function operatorFaults({ admin, identity, outbound }: ConfigFile): Fault[] {
  const at = ['admin', 'operators', 'issuers'];
  const issuers = admin.operators?.issuers ?? [];
  return [
    ...issuerFaults(issuers, at, outbound),
    ...issuers.flatMap(({ issuer, audience }, index) => {
      const ofData = identity.issuers.filter((other) => other.issuer === issuer).flatMap((other) => other.audience);
      const both = audience.find((one) => ofData.includes(one));
      const message = `the audience \`${both}\` of \`${issuer}\` is already that of agents; operators’ tokens take one of their own`;
      return both === undefined ? [] : [{ path: [...at, index, 'audience'], message }];
    }),
  ];
}

function delegationFaults({ delegation, store, identity }: ConfigFile): Fault[] {
  const issuers = identity.issuers.map(({ issuer }) => issuer);
  const fault = delegation && delegationFault(delegation, { store: store.kind, issuers });
  return fault ? [{ path: ['delegation', ...fault.path], message: fault.message }] : [];
}

function issuerFaults(
  issuers: readonly Pick<IssuerConfig, 'issuer' | 'jwks'>[],
  at: Fault['path'],
  outbound: ConfigFile['outbound'],
): Fault[] {
  return issuers.flatMap(({ issuer, jwks }, index) => {
    const path = [...at, index];
    const isSecond = issuers.findIndex((other) => other.issuer === issuer) < index;
    const isLocal = jwks.url !== undefined && isLoopbackHost(new URL(jwks.url).hostname) && !outbound.allowLoopback;
    return [
      ...(isSecond
        ? [
            {
              path: [...path, 'issuer'],
              message: `the issuer \`${issuer}\` occurs twice; give one entry all its settings`,
            },
          ]
        : []),
      ...(isLocal
        ? [
            {
              path: [...path, 'jwks', 'url'],
              message: 'keys on loopback are fetched only with `outbound.allowLoopback: true`',
            },
          ]
        : []),
    ];
  });
}

/** First parts of paths that are the gateway's own. */
const RESERVED = [
  'v1',
  'v1beta',
  'mcp',
  'http',
  'a2a',
  'oauth',
  'messages',
  'healthz',
  'readyz',
  'all-openai',
  'all-anthropic',
  'all-gemini',
];

const VERSIONED = /\/v1[a-z]*\/?$/;

function upstreamFaults({ upstreams }: ConfigFile): Fault[] {
  return Object.entries(upstreams).flatMap(([name, { protocol, url }]): Fault[] => {
    const path = ['upstreams', name];
    if (RESERVED.includes(name))
      return [{ path, message: `the name \`${name}\` is the gateway’s own; choose another`, of: 'key' }];
    if (protocol === 'gemini' && VERSIONED.test(url)) {
      const message = 'expected an address without a version: the client’s own goes up with the call';
      return [{ path: [...path, 'url'], message }];
    }
    // `/openai`, `/anthropic` and `/gemini` speak their protocol, whatever stands behind them.
    const isMisnamed = (name === 'openai' || name === 'anthropic' || name === 'gemini') && protocol !== name;
    return isMisnamed
      ? [{ path, message: `an upstream named \`${name}\` must speak the protocol of that name`, of: 'key' }]
      : [];
  });
}

function aliasFaults({ aliases, upstreams }: ConfigFile): Fault[] {
  return Object.entries(aliases).flatMap(([alias, value]): Fault[] => {
    const path = ['aliases', alias];
    if (typeof value === 'string') return targetFaults(value, path, { upstreams });
    const [first] = value;
    return value.flatMap(({ to }, index) => {
      const at = [...path, index, 'to'];
      const isSecond = value.findIndex((other) => other.to === to) < index;
      if (isSecond)
        return [{ path: at, message: `the target \`${to}\` occurs twice; give one entry its whole weight` }];
      return targetFaults(to, at, { upstreams, like: first?.to });
    });
  });
}

interface Targets {
  readonly upstreams: ConfigFile['upstreams'];
  /** A target whose protocol it must speak. */
  readonly like?: string | undefined;
}

function targetFaults(target: string, path: Fault['path'], { upstreams, like }: Targets): Fault[] {
  const name = upstreamOf(target);
  const upstream = Object.hasOwn(upstreams, name) ? upstreams[name] : undefined;
  if (!upstream) return [{ path, message: unknownName('upstream', name, Object.keys(upstreams)) }];
  const { protocol } = upstream;
  if (protocol === 'mcp' || protocol === 'http')
    return [{ path, message: `the upstream \`${name}\` speaks ${protocol.toUpperCase()} and has no models` }];
  const alias = String(path[1]);
  // Google's paths name the model, and put the method behind a `:`.
  if (protocol === 'gemini' && alias.includes(':')) {
    const message = `an alias of a model at \`${name}\`, which speaks Gemini, has no \`:\``;
    return [{ path: ['aliases', alias], message, of: 'key' }];
  }
  const expected = like === undefined ? undefined : upstreams[upstreamOf(like)]?.protocol;
  if (expected === undefined || expected === protocol) return [];
  return [
    {
      path,
      message: `the upstream \`${name}\` speaks \`${protocol}\`, but the first target \`${expected}\`; a request is never translated`,
    },
  ];
}

function upstreamOf(target: string): string {
  return target.slice(0, target.indexOf('/'));
}

function routeFaults({ routes, upstreams }: ConfigFile): Fault[] {
  const taken = new Map([
    ['/openai', 'openai'],
    ['/anthropic', 'anthropic'],
    ['/gemini', 'gemini'],
    ...Object.entries(upstreams).map(
      ([name, { protocol }]) =>
        [protocol === 'mcp' || protocol === 'http' ? `/${protocol}/${name}` : `/${name}`, name] as const,
    ),
  ]);
  return Object.entries(routes).flatMap(([route, { path: prefix, protocol, upstreams: names }]): Fault[] => {
    const path = ['routes', route];
    const base = protocol === 'openai' ? prefix.replace(/\/v1$/, '') : prefix;
    const owner = RESERVED.includes(prefix.split('/')[1] ?? '') ? 'the gateway itself' : taken.get(base);
    taken.set(base, route);
    return [
      ...(owner === undefined
        ? []
        : [{ path: [...path, 'path'], message: `the path \`${prefix}\` belongs to \`${owner}\`; choose another` }]),
      ...(Object.hasOwn(upstreams, route)
        ? [{ path, message: `the route \`${route}\` has the name of an upstream; choose another`, of: 'key' as const }]
        : []),
      ...names.flatMap((name, index) =>
        memberFaults(name, { path: [...path, 'upstreams', index], protocol, upstreams }),
      ),
    ];
  });
}

interface Member {
  readonly path: Fault['path'];
  readonly protocol: string;
  readonly upstreams: ConfigFile['upstreams'];
}

function memberFaults(name: string, { path, protocol, upstreams }: Member): Fault[] {
  const upstream = Object.hasOwn(upstreams, name) ? upstreams[name] : undefined;
  if (!upstream) return [{ path, message: unknownName('upstream', name, Object.keys(upstreams)) }];
  if (upstream.protocol === protocol) return [];
  return [{ path, message: `the upstream \`${name}\` speaks \`${upstream.protocol}\`, but the route \`${protocol}\`` }];
}
