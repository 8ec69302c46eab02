// Runs in Redis, in the keys that the ledger's admissions write (docs/redis-keys.md).
import { GatewayError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { RunRecord, RunSource, TreeFacts } from '../core/run.ts';
import { escaped, runKeys, unescaped } from '../core/store-keys.ts';
import { factsOf, stopWord } from '../core/tree-fields.ts';
import { type Question, runScript, type ScriptClient } from './scripts.ts';
import { EVERYTHING, type RunStore } from './store.ts';

export interface RedisRunsSource {
  readonly client: ScriptClient;
  /** Every tenant that has a ledger. */
  readonly tenants: () => Promise<readonly string[]>;
}

const OPEN = runScript('open');
const CHANGES = runScript('changes');
const STOP = runScript('stop');
const STOP_TENANT = runScript('stop-tenant');
const RECORDS = runScript('records');
/** Trees that one script looks at. */
const TOGETHER_MAX = 200;

export function redisRuns({ client, tenants }: RedisRunsSource): RunStore {
  const ask = async (question: Question): Promise<string> => {
    try {
      return String(await client.run(() => question));
    } catch (cause) {
      throw new GatewayError('limit.unavailable', 'the store of runs does not answer; try again in a moment', {
        retryAfterMs: 2_000,
        cause,
      });
    }
  };
  const records = async (tenant: string, question: Pick<Question, 'keys' | 'args'>): Promise<readonly RunRecord[]> => {
    const args = [runKeys(tenant).run('' as RunId), ...question.args];
    const reply = await ask({ script: RECORDS, keys: question.keys, args });
    return reply
      .split('\n')
      .filter(Boolean)
      .map(readRecord)
      .filter((record) => record !== undefined);
  };
  return {
    async open(tenant, { id, root, parent }) {
      const keys = runKeys(tenant);
      const named = [keys.tree(root), keys.stops, keys.run(id), ...(parent === undefined ? [] : [keys.run(parent)])];
      const [path = '-', ...words] = wordsOf(await ask({ script: OPEN, keys: named, args: [] }));
      return { path: readPath(path, id), tree: readTree(words) };
    },
    async changes(tenant, known) {
      const changed = new Map<RunId, TreeFacts>();
      const all = [...known];
      for (let start = 0; start < all.length; start += TOGETHER_MAX) {
        const some = all.slice(start, start + TOGETHER_MAX);
        const keys = runKeys(tenant);
        const args = some.flatMap(([, facts]) => [String(facts.tenantRevision), String(facts.revision)]);
        const reply = await ask({
          script: CHANGES,
          keys: [keys.stops, ...some.map(([root]) => keys.tree(root))],
          args,
        });
        for (const line of reply.split('\n').filter(Boolean)) {
          const [place, ...words] = wordsOf(line);
          const [root] = some[Number(place)] as (typeof some)[number];
          changed.set(root, readTree(words));
        }
      }
      return changed;
    },
    async stop(target, stop) {
      const keys = runKeys(target.tenant);
      const word = stop ? stopWord(stop) : '-';
      if ('scope' in target) {
        await ask({ script: STOP_TENANT, keys: [keys.stops], args: [escaped(target.scope), word] });
        return true;
      }
      const args = [target.run, word, stop?.state === 'killed' ? '1' : '0'];
      return (await ask({ script: STOP, keys: [keys.tree(target.root), keys.run(target.run)], args })) === '1';
    },
    async everything() {
      const keys = runKeys(EVERYTHING);
      const none = '' as RunId;
      const [, ...words] = wordsOf(
        await ask({ script: OPEN, keys: [keys.tree(none), keys.stops, keys.run(none)], args: [] }),
      );
      return readTree(words).tenantStops.get('*');
    },
    run: async (tenant, id) => (await records(tenant, { keys: [], args: [id] }))[0],
    async tree(tenant, root) {
      const keys = runKeys(tenant);
      const runs = await records(tenant, { keys: [keys.nodes(root)], args: ['old', '0', '-1'] });
      const named = [keys.tree(root), keys.stops, keys.run(root)];
      const [, ...words] = wordsOf(await ask({ script: OPEN, keys: named, args: [] }));
      return {
        runs: runs.toSorted((one, other) => one.depth - other.depth || one.bornMs - other.bornMs),
        facts: readTree(words),
      };
    },
    roots: (tenant, { from, count }) =>
      records(tenant, { keys: [runKeys(tenant).roots], args: ['new', String(from), String(from + count - 1)] }),
    tenants,
  };
}

const wordsOf = (line: string): string[] => line.split(' ').filter(Boolean);

/** `length words… stops…`, as open.lua and changes.lua say it. */
function readTree([length, ...words]: readonly string[]): TreeFacts {
  const end = Number(length);
  return factsOf(words.slice(0, end), words.slice(end));
}

function readPath(path: string, id: RunId): readonly RunId[] | undefined {
  if (path === '-') return undefined;
  return path.startsWith('+') ? [...(path.slice(1).split('/') as RunId[]), id] : (path.split('/') as RunId[]);
}

function readRecord(line: string): RunRecord | undefined {
  const [id, ...words] = wordsOf(line);
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) fields.set(words[i] as string, words[i + 1] as string);
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  // `%` is a text without characters.
  const text = (name: string): string => (fields.get(name) === '%' ? '' : unescaped(fields.get(name) ?? ''));
  const path = (fields.get('p') ?? '').split('/') as RunId[];
  // Totals whose record had gone.
  if (!fields.has('b')) return undefined;
  const calls = [...fields]
    .filter(([name]) => name.startsWith('c:'))
    .map(([name, count]) => [name.slice(2), Number(count)]);
  return {
    id: id as RunId,
    root: path[0] as RunId,
    parent: path.at(-2),
    path,
    depth: path.length - 1,
    name: text('n'),
    source: text('s') as RunSource,
    agent: text('a'),
    subject: text('u'),
    bornMs: number('b'),
    lastMs: number('l'),
    steps: number('st'),
    calls: Object.fromEntries(calls) as Record<string, number>,
    tokens: number('t'),
    money: number('m'),
    errors: number('e'),
  };
}
