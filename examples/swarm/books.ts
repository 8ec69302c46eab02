// What three independent places say of the same calls: the tree of the operators' API, the audit of both gateways, the upstreams.
import { chainsIn } from '../../src/audit/chains.ts';
import { unseal } from '../../src/audit/chain.ts';
import { readLines } from '../../src/audit/lines.ts';
import { FREE_ACTIONS } from '../../src/limits/run-admission.ts';
import type { Action } from '../../src/core/access.ts';

/** Of one node. */
export interface Book {
  steps: number;
  readonly calls: Record<string, number>;
  tokens: number;
  /** Micro-USD. */
  money: number;
  /** By `model/NAME` or `tool/NAME`. */
  readonly sent: Record<string, Sent>;
  /** Calls that were refused because Redis did not answer in time: it may have counted them as steps all the same. */
  unheard: number;
}

export interface Sent {
  /** Calls that were permitted. */
  calls: number;
  /** Those whose answer came whole. */
  whole: number;
  /** Of those: as the upstream said. */
  tokens: number;
}

export interface Audited {
  /** By run. */
  readonly books: ReadonlyMap<string, Book>;
  /** Refusals by the code of their error. */
  readonly refused: Readonly<Record<string, number>>;
  /** Permits without an outcome. */
  readonly open: number;
}

interface Line {
  readonly kind: string;
  readonly call: string;
  readonly run?: { readonly id: string };
  readonly action?: Action;
  readonly resource?: string;
  readonly ending?: string;
  readonly cost?: { readonly tokens: number; readonly usdMicros: number };
  readonly error?: { readonly code: string };
}

/** Reads the logs of some folders, one per gateway. */
export async function readAudit(dirs: readonly string[]): Promise<Audited> {
  const books = new Map<string, Book>();
  const refused: Record<string, number> = {};
  const open = new Map<string, Line>();
  for await (const line of linesOf(dirs)) {
    if (line.kind === 'permit' && !FREE_ACTIONS.has(line.action as Action)) open.set(line.call, line);
    const permit = open.get(line.call);
    if (line.kind === 'refusal' && !permit) {
      const code = line.error?.code ?? 'unknown';
      refused[code] = (refused[code] ?? 0) + 1;
      if (code === 'limit.unavailable') bookOf(books, line).unheard += 1;
    }
    if (!permit || line.kind === 'permit') continue;
    open.delete(line.call);
    bookTo(books, permit, line);
  }
  return { books, refused, open: open.size };
}

function bookOf(books: Map<string, Book>, { run }: Line): Book {
  const id = run?.id ?? '';
  const book = books.get(id) ?? { steps: 0, calls: {}, tokens: 0, money: 0, sent: {}, unheard: 0 };
  books.set(id, book);
  return book;
}

function bookTo(books: Map<string, Book>, permit: Line, end: Line): void {
  const { action = 'tool.call', resource = '' } = permit;
  const book = bookOf(books, permit);
  book.steps += 1;
  book.calls[action] = (book.calls[action] ?? 0) + 1;
  book.tokens += end.cost?.tokens ?? 0;
  book.money += end.cost?.usdMicros ?? 0;
  const what = whatOf(resource);
  if (what === undefined) return;
  const sent = (book.sent[what] ??= { calls: 0, whole: 0, tokens: 0 });
  sent.calls += 1;
  if (end.ending !== 'complete') return;
  sent.whole += 1;
  sent.tokens += end.cost?.tokens ?? 0;
}

/** As the upstreams name it: they do not know what the gateway calls them. */
function whatOf(resource: string): string | undefined {
  const [kind, , name] = resource.split('/');
  return kind === 'model' || kind === 'tool' ? `${kind}/${name}` : undefined;
}

async function* linesOf(dirs: readonly string[]): AsyncGenerator<Line> {
  for (const files of (await chainsIn(dirs)).values()) {
    for (const { path } of files) {
      for await (const { bytes, whole } of readLines(path)) {
        const opened = whole ? unseal(bytes) : undefined;
        if (opened) yield JSON.parse(`${opened.text.toString()}}`) as Line;
      }
    }
  }
}
