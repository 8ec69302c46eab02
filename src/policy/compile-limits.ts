import type { Sound } from '../documents/schema-faults.ts';
import type { StatedLimit } from './ceilings.ts';
import { compileLimit, type LimitPlace } from './compile-limit.ts';
import { compileMax } from './compile-max.ts';
import type { Bound, Limit, Policy } from './policy-set.ts';
import type { LimitFile } from './schema.ts';

export interface CompiledLimits extends Pick<Policy, 'limits' | 'bounds'> {
  /** The limits of one amount, as they stand in their file. */
  readonly stated: readonly StatedLimit[];
}

/** Compiles the limits of a file. What is wrong with them goes to their spots. */
export function compileLimits(items: readonly Sound<LimitFile>[], place: Omit<LimitPlace, 'spot'>): CompiledLimits {
  const limits: Limit[] = [];
  const bounds: Bound[] = [];
  const stated: StatedLimit[] = [];
  for (const [index, { item, spot }] of items.entries()) {
    if (item.max) {
      const max = compileMax(item, item.max, { ...place, spot });
      limits.push(...max.limits);
      bounds.push(...max.bounds);
    } else {
      const limit = compileLimit(item, { ...place, spot });
      limits.push(limit);
      stated.push({ policy: place.policy, written: item, quota: limit.quota, index });
    }
  }
  return { limits, bounds, stated };
}
