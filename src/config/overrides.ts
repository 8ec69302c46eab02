import { formatMoney } from '../core/money.ts';
import type { Config } from './load.ts';

/** The fail modes that a config has chosen over the defaults, in words for the log. */
export function failModeOverrides({ routes, upstreams, identity, ceiling }: Config): readonly string[] {
  const places = { routes, upstreams };
  const local = Object.entries(places).flatMap(([place, all]) =>
    Object.entries(all).flatMap(([name, { failure }]) => {
      if (failure.store === 'closed') return [];
      const { amount, ms } = failure.rate;
      const bounds = `${amount} calls in ${ms / 1_000} s for one caller, ${formatMoney(failure.budget)} for one tenant`;
      return [
        `\`${place}.${name}\`: without the store each process lets through ${bounds}, for ${failure.for / 1_000} s`,
      ];
    }),
  );
  const stale = identity.issuers.flatMap(({ issuer, jwks }) =>
    'url' in jwks && jwks.staleMs !== undefined
      ? [`issuer \`${issuer}\`: keys that cannot be fetched serve for ${jwks.staleMs / 1_000} s past their freshness`]
      : [],
  );
  return [...local, ...stale, ...(ceiling ? ['`ceiling`: models without a price are paid by it'] : [])];
}
