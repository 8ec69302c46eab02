import { GatewayError } from '../core/errors.ts';
import { modelPattern } from '../core/model-pattern.ts';

/** Where a model name leads: one upstream, and the name that this upstream knows. */
export interface ModelChoice {
  readonly upstream: string;
  readonly model: string;
}

/** The models of one route. */
export interface ModelSelector {
  /** Throws `route.model` where none or more than one upstream serves the name. */
  select(model: string): ModelChoice;
  /** Names that clients may use here, of the models that an upstream lists. */
  serves(upstream: string, model: string): boolean;
  /** Aliases that lead to one of the route's upstreams. */
  readonly aliases: ReadonlyMap<string, ModelChoice>;
}

export interface ModelSource {
  /** Upstream → the patterns of the models that it serves; `*` matches any characters. */
  readonly upstreams: ReadonlyMap<string, readonly string[]>;
  /** Alias → `upstream/model`. */
  readonly aliases: ReadonlyMap<string, string>;
}

const CHOICES_MAX = 10_000;

/** Compiles the choice of an upstream by model name: an alias, else an exact name, else a pattern. */
export function modelSelector(source: ModelSource): ModelSelector {
  const tests = [...source.upstreams].map(([upstream, patterns]) => ({
    upstream,
    matches: patternTest(patterns),
    exact: new Set(patterns),
  }));
  const aliases = new Map<string, ModelChoice>();
  for (const [alias, target] of source.aliases) {
    const slash = target.indexOf('/');
    const upstream = target.slice(0, slash);
    if (source.upstreams.has(upstream)) aliases.set(alias, { upstream, model: target.slice(slash + 1) });
  }
  const known = new Map<string, ModelChoice>();

  function choose(model: string): ModelChoice {
    const alias = aliases.get(model);
    if (alias) return alias;
    const exact = tests.filter((test) => test.exact.has(model));
    const serving = exact.length > 0 ? exact : tests.filter((test) => test.matches(model));
    if (serving.length === 1 && serving[0]) return { upstream: serving[0].upstream, model };
    throw new GatewayError(
      'route.model',
      unresolved(
        model,
        serving.map((test) => test.upstream),
      ),
    );
  }

  return {
    aliases,
    serves: (upstream, model) => tests.some((test) => test.upstream === upstream && test.matches(model)),
    select(model) {
      const seen = known.get(model);
      if (seen) return seen;
      const choice = choose(model);
      // Names come from callers: forget all rather than grow without bound.
      if (known.size >= CHOICES_MAX) known.clear();
      known.set(model, choice);
      return choice;
    },
  };
}

function patternTest(patterns: readonly string[]): (model: string) => boolean {
  if (patterns.includes('*')) return () => true;
  const tests = patterns.map(modelPattern);
  return (model) => tests.some((test) => test.test(model));
}

function unresolved(model: string, serving: readonly string[]): string {
  if (serving.length === 0)
    return `no upstream of this route serves the model \`${model}\`; GET /v1/models lists those you may use`;
  const bases = serving.map((name) => `\`/${name}\``).join(', ');
  return `more than one upstream serves the model \`${model}\`; call the one you mean below its own base address: ${bases}`;
}
