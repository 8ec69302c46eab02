// Where calls go, from one snapshot of the configuration: upstreams, what they cost, and what telemetry calls them.
import type { Config } from '../config/load.ts';
import type { ProtocolName } from '../core/call.ts';
import { priceBook } from '../metering/price-book.ts';
import type { Destination } from '../telemetry/client-span.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { openUpstream, type Upstream } from '../upstreams/upstream.ts';

const monotonicMs = (): number => performance.now();

/** Opens the pool of an upstream, with its credential and its circuit. */
export function openNamed(name: string, { upstreams, secret }: Config, { log, metrics }: Telemetry): Upstream {
  const { url, credential, timeouts, connections, retry, circuit } = upstreams[name] as Config['upstreams'][string];
  return openUpstream({
    name,
    url,
    credential: credential && { ...credential, value: secret(credential.value) },
    timeouts,
    connections,
    retry,
    circuit: {
      ...circuit,
      monotonicMs,
      onChange(state) {
        metrics.circuitChanged(name, state);
        if (state === 'closed') log.info('an upstream answers again', { upstream: name });
        else log.warn('an upstream fails time after time; nothing is sent to it for a while', { upstream: name });
      },
    },
  });
}

export function pricesOf({ upstreams, ceiling }: Config) {
  const sources = Object.entries(upstreams).map(
    ([name, { url, provider, prices, price }]) => [name, { url, provider, prices, request: price }] as const,
  );
  return priceBook({ upstreams: new Map(sources), ceiling });
}

/** `gen_ai.provider.name`, where the GenAI conventions have a name of their own; none for tool servers and APIs. */
const PROVIDER_NAMES: Readonly<Partial<Record<ProtocolName, string>>> = { gemini: 'gcp.gemini', mcp: '', http: '' };

export function destinations(
  { upstreams }: Config,
  opened: ReadonlyMap<string, Upstream>,
): (upstream: string) => Destination | undefined {
  const known = new Map(
    [...opened.keys()].map((name) => {
      const { url, provider, protocol } = upstreams[name] as Config['upstreams'][string];
      const { hostname, port, protocol: scheme } = new URL(url);
      return [
        name,
        {
          provider: PROVIDER_NAMES[protocol] ?? provider ?? protocol,
          address: hostname,
          port: Number(port) || (scheme === 'https:' ? 443 : 80),
        },
      ];
    }),
  );
  return (upstream) => known.get(upstream);
}
