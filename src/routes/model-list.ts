// Lists of models as clients read them: with aliases in them, and several as one.
import type { Dialect, PermittedCall } from '../core/call.ts';

type Entry = Readonly<Record<string, unknown>>;
type ModelList = Readonly<Record<string, unknown>>;

/** Where a dialect's lists have their entries, and these their names. */
interface ListForm {
  readonly entries: string;
  readonly name: string;
  /** What stands before a name. */
  readonly prefix: string;
  /** What an SDK needs to read an entry, where the upstream does not list the model itself. */
  readonly bare: Entry;
}

const OPENAI: ListForm = {
  entries: 'data',
  name: 'id',
  prefix: '',
  bare: { id: '', object: 'model', created: 0, owned_by: 'waygate' },
};
const ANTHROPIC: ListForm = {
  ...OPENAI,
  bare: { type: 'model', id: '', display_name: '', created_at: '1970-01-01T00:00:00Z' },
};
const GEMINI: ListForm = {
  entries: 'models',
  name: 'name',
  prefix: 'models/',
  bare: { name: '', supportedGenerationMethods: [] },
};

const FORMS: Readonly<Partial<Record<Dialect, ListForm>>> = { anthropic: ANTHROPIC, gemini: GEMINI };

function formOf(dialect: Dialect): ListForm {
  return FORMS[dialect] ?? OPENAI;
}

/** A page that is not the first: aliases stand on that one. */
const LATER_PAGE = /[?&](?:after_id|before_id|pageToken)=./;

/** The list with aliases (and the model that each stands for) before the models: pages go on behind the last model. */
export function withAliases(
  call: PermittedCall,
  body: Buffer,
  aliases: readonly (readonly [alias: string, model: string])[],
): Buffer {
  if (aliases.length === 0 || LATER_PAGE.test(call.target)) return body;
  const { entries, name, prefix, bare } = formOf(call.dialect);
  const list = JSON.parse(body.toString()) as ModelList;
  const models = list[entries] as readonly Entry[] | undefined;
  if (!Array.isArray(models)) return body;
  const added = aliases.map(([alias, model]) => {
    const known = models.find((entry) => entry[name] === prefix + model) ?? bare;
    return { ...known, [name]: prefix + alias };
  });
  return Buffer.from(JSON.stringify({ ...list, [entries]: [...added, ...models] }));
}

/** Several lists of models as one page, in the order of the upstreams; of two equal names the first stays. */
export function mergeLists({ dialect }: PermittedCall, bodies: readonly Buffer[]): Buffer {
  const { entries, name } = formOf(dialect);
  const lists = bodies.map((body) => JSON.parse(body.toString()) as ModelList);
  const seen = new Set<unknown>();
  const models = lists
    .flatMap((list) => (list[entries] as readonly Entry[] | undefined) ?? [])
    .filter((entry) => !seen.has(entry[name]) && seen.add(entry[name]));
  const { nextPageToken: _, ...first } = lists[0] ?? {};
  const ends =
    'first_id' in first ? { first_id: models[0]?.[name] ?? null, last_id: models.at(-1)?.[name] ?? null } : {};
  const more = 'has_more' in first ? { has_more: false } : {};
  return Buffer.from(JSON.stringify({ ...first, [entries]: models, ...ends, ...more }));
}
