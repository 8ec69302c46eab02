// Makers of what tests of the journal send.
import type { CallId, RunId } from '../../src/core/ids.ts';
import type { JournalBegin, JournalFacts, JournalFinish, JournalPlace } from '../../src/runs/journal.ts';

export const LEASE = 60_000;
export const KEEP = 7 * 86_400_000;
export const ROOT = 'run_root' as RunId;

export function place(parts: Partial<JournalPlace> = {}): JournalPlace {
  return { tenant: 'acme', root: ROOT, entry: 'entry', call: 'call_1' as CallId, ...parts };
}

export const FACTS: JournalFacts = {
  path: [ROOT],
  resource: 'tool/tickets/create_ticket',
  rule: 'tickets/create',
  beganMs: 1,
  undo: { tool: 'tickets/close_ticket', args: { why: 'übrig' }, fromResult: { id: ['id'] }, fault: undefined },
};

export function beginning(at: JournalPlace, parts: Partial<JournalBegin> = {}): JournalBegin {
  return { place: at, digest: 'a', facts: FACTS, leaseMs: LEASE, keepMs: KEEP, ...parts };
}

/** Bytes that are no text of any encoding. */
export const BYTES = Buffer.from([0, 255, 128, 13, 10, 32, 200]);

export const DONE: JournalFinish = {
  answer: { status: 201, headers: { 'content-type': 'application/json', link: ['<a>', '<b>'] }, body: BYTES },
  outcome: { failed: false, args: { id: 7 }, fault: undefined },
};
export const LARGE: JournalFinish = {
  answer: undefined,
  outcome: { failed: false, args: {}, fault: 'its answer was too large' },
};
