const NAMES_MAX = 1_000;
const LENGTH_MAX = 64;

/** The same verdict on names, looked up where one was asked about before: the first thousand short ones. */
export function remembered<Verdict extends boolean | string>(
  verdict: (name: string) => Verdict,
): (name: string) => Verdict {
  const known = new Map<string, Verdict>();
  return function verdictOn(name) {
    const before = known.get(name);
    if (before !== undefined) return before;
    const made = verdict(name);
    if (known.size < NAMES_MAX && name.length <= LENGTH_MAX) known.set(name, made);
    return made;
  };
}
