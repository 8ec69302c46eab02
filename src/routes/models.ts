import { GatewayError } from '../core/errors.ts';
import { modelPattern } from '../core/model-pattern.ts';
import { weightedOrder } from './weighted-order.ts';

/** Where a model name leads: an upstream, and the name that this upstream knows. */
export interface ModelChoice {
  readonly upstream: string;
  readonly model: string;
}

/** One of the targets of an alias. */
export interface AliasTarget extends ModelChoice {
  /** Its share of the runs, as against the other targets; with 0 it is for when the others cannot be had. */
  readonly weight: number;
}

/** The models of one route. */
export interface ModelSelector {
  /**
   * Where the name leads for one run, the preferred choice first. A run keeps its choice, so that what the provider has
   * cached of it is found again. Throws `route.model` where no upstream serves the name, or more than one without an alias.
   */
  select(model: string, run: string): readonly [ModelChoice, ...ModelChoice[]];
  /** Names that clients may use here, of the models that an upstream lists. */
  serves(upstream: string, model: string): boolean;
  /** Aliases that lead to upstreams of the route. */
  readonly aliases: ReadonlyMap<string, readonly ModelChoice[]>;
}

export interface ModelSource {
  /** Upstream → the patterns of the models that it serves; `*` matches any characters. */
  readonly upstreams: ReadonlyMap<string, readonly string[]>;
  readonly aliases: ReadonlyMap<string, readonly AliasTarget[]>;
}

type Choices = readonly [ModelChoice, ...ModelChoice[]];
type Targets = readonly (AliasTarget & { readonly id: string })[];

const CHOICES_MAX = 10_000;

/** Compiles the choice of an upstream by model name: an alias, else an exact name, else a pattern. */
export function modelSelector(source: ModelSource): ModelSelector {
  const tests = [...source.upstreams].map(([upstream, patterns]) => ({
    upstream,
    matches: patternTest(patterns),
    exact: new Set(patterns),
  }));
  const aliases = aliasesOf(source);
  const known = new Map<string, Choices>();

  function choose(model: string): Choices {
    const [alias] = aliases.get(model) ?? [];
    if (alias) return [alias];
    const exact = tests.filter((test) => test.exact.has(model));
    const serving = exact.length > 0 ? exact : tests.filter((test) => test.matches(model));
    if (serving.length === 1 && serving[0]) return [{ upstream: serving[0].upstream, model }];
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
    select(model, run) {
      const seen = known.get(model);
      if (seen) return seen;
      const targets = aliases.get(model);
      if (targets && targets.length > 1) return weightedOrder(targets, run) as unknown as Choices;
      const choices = choose(model);
      // Names come from callers: forget all rather than grow without bound.
      if (known.size >= CHOICES_MAX) known.clear();
      known.set(model, choices);
      return choices;
    },
  };
}

/** The aliases with those of their targets that are upstreams here. */
function aliasesOf({ upstreams, aliases }: ModelSource): ReadonlyMap<string, Targets> {
  const here = [...aliases].map(([alias, targets]): readonly [string, Targets] => [
    alias,
    targets
      .filter(({ upstream }) => upstreams.has(upstream))
      .map((target) => ({ ...target, id: `${target.upstream}/${target.model}` })),
  ]);
  return new Map(here.filter(([, targets]) => targets.length > 0));
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
