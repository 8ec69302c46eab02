import type { Repeated } from './loop-guard.ts';

/**
 * What an admission gives, unless the call repeats itself: then `release` takes back what it gave. Both are asked before either
 * has answered.
 */
export async function unlessRepeated<Held>(
  verdict: Promise<Repeated | undefined> | undefined,
  admission: Promise<Held>,
  release: (held: Held) => void,
): Promise<Held> {
  if (!verdict) return admission;
  // It may fail first, and is looked at last.
  admission.catch(() => {});
  try {
    const repeated = await verdict;
    if (repeated?.bound.enforced) throw repeated.error;
  } catch (refusal) {
    admission.then(release, () => {});
    throw refusal;
  }
  return admission;
}
