// The journal in Redis (docs/redis-keys.md): every change is one script, so that it happens whole or not at all.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { CallId, RunId } from '../core/ids.ts';
import { escaped, tenantPrefix, unescaped } from '../core/store-keys.ts';
import type {
  Begun,
  EntryState,
  JournalEntry,
  JournalPlace,
  JournalStore,
  RecordedAnswer,
  UndoBegun,
} from './journal.ts';
import type { Question, Script, ScriptClient } from './scripts.ts';

export interface RedisJournalSource {
  readonly client: ScriptClient;
  /** For tests. Without it the server's clock rules, which all gateways share. */
  readonly clock?: Clock;
}

const BEGIN = script('begin');
const RENEW = script('renew');
const FINISH = script('finish');
const FAIL = script('fail');
const ENTRIES = script('entries');
const BEGIN_UNDO = script('begin-undo');
const END_UNDO = script('end-undo');
/** Entries that one script looks at. */
const TOGETHER_MAX = 200;

export function redisJournal({ client, clock }: RedisJournalSource): JournalStore {
  const ask = async (question: Question): Promise<string> => {
    // `-` for the server's clock.
    const args = [clock ? String(clock.now()) : '-', ...question.args];
    try {
      return String(await client.run(() => ({ ...question, args })));
    } catch (cause) {
      throw journalUnavailable(cause);
    }
  };
  const askAt = (place: JournalPlace, asked: Script, args: readonly string[]): Promise<string> =>
    ask({ script: asked, keys: keysOf(place), args });
  return {
    async begin({ place, digest, facts, leaseMs, keepMs }) {
      const { tenant, entry, call } = place;
      const args = [escaped(entry), escaped(call), digest, String(leaseMs), String(keepMs), packed(facts)];
      return readBegun(await askAt(place, BEGIN, [...args, entryPrefix(tenant)]));
    },
    renew: async (place, owner, leaseMs) => (await askAt(place, RENEW, [escaped(owner), String(leaseMs)])) === '1',
    async finish(place, { answer, outcome }, keepMs) {
      const args = [escaped(place.call), packed(outcome), String(keepMs)];
      return (await askAt(place, FINISH, [...args, ...(answer ? wordsOf(answer) : [])])) === '1';
    },
    async fail(place, surelyNotSent) {
      const args = [escaped(place.entry), escaped(place.call), surelyNotSent ? '1' : '0'];
      return (await askAt(place, FAIL, args)) === '1';
    },
    async entries(tenant, root) {
      const entries: JournalEntry[] = [];
      for (let behind = '0'; behind !== '-';) {
        const args = [entryPrefix(tenant), behind, String(TOGETHER_MAX)];
        const [last = '-', ...lines] = (await ask({ script: ENTRIES, keys: [indexOf(tenant, root)], args })).split(
          '\n',
        );
        entries.push(...lines.map((line) => readEntry({ tenant, root }, line)));
        behind = last;
      }
      return entries;
    },
    beginUndo: async ({ place, attempt, leaseMs }) =>
      (await askAt(place, BEGIN_UNDO, [escaped(place.call), escaped(attempt), String(leaseMs)])) as UndoBegun,
    endUndo: async (place, attempt, end) => (await askAt(place, END_UNDO, [escaped(attempt), end])) === '1',
  };
}

/** The refusal of a call that cannot be looked up. */
function journalUnavailable(cause: unknown): GatewayError {
  return new GatewayError(
    'limit.unavailable',
    'the journal cannot be asked because its store does not answer, so the call is refused; try again in a few seconds',
    { retryAfterMs: 2_000, cause },
  );
}

function script(name: string): Script {
  const [prelude, own] = ['journal', `journal-${name}`].map((file) =>
    readFileSync(new URL(`./scripts/${file}.lua`, import.meta.url), 'utf8'),
  );
  const lua = `${prelude}\n${own}`;
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

const entryPrefix = (tenant: string): string => `${tenantPrefix(tenant)}journal:`;
const indexOf = (tenant: string, root: RunId): string => `${tenantPrefix(tenant)}journal-of:${escaped(root)}`;

function keysOf({ tenant, root, entry }: JournalPlace): readonly string[] {
  return [entryPrefix(tenant) + escaped(entry), indexOf(tenant, root)];
}

/** Words of a reply have no spaces. */
function packed(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

function unpacked(word: string | undefined): unknown {
  return JSON.parse(Buffer.from(word ?? '', 'base64').toString());
}

function wordsOf({ status, headers, body }: RecordedAnswer): readonly string[] {
  return [packed({ status, headers }), body.toString('base64')];
}

function readBegun(reply: string): Begun {
  const [kind = '', head, body = ''] = reply.split(' ');
  if (kind !== 'recorded') return { kind: kind as Exclude<Begun['kind'], 'recorded'> };
  return { kind, answer: { ...(unpacked(head) as Omit<RecordedAnswer, 'body'>), body: Buffer.from(body, 'base64') } };
}

function readEntry(tree: Pick<JournalPlace, 'tenant' | 'root'>, line: string): JournalEntry {
  const [name = '', step, state, call = '', facts, outcome] = line.split(' ');
  return {
    place: { ...tree, entry: unescaped(name), call: unescaped(call) as CallId },
    step: Number(step),
    state: state as EntryState,
    facts: unpacked(facts) as JournalEntry['facts'],
    outcome: outcome === '-' ? undefined : (unpacked(outcome) as JournalEntry['outcome']),
  };
}
