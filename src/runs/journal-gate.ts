/**
 * Between a journaled call's admission and its way upstream: it is written before it is sent, and its repeat is told what is
 * written instead of being sent.
 * INVARIANT: of all calls with one key, one at most goes upstream, unless each before it surely did not.
 */
import { hash } from 'node:crypto';
import { formatResource } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { Obligation } from '../core/decision.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Answer } from '../core/exchange.ts';
import { journalKey, journaledBytes } from '../protocols/journal-key.ts';
import { mcpRecorded } from '../protocols/mcp-recorded.ts';
import type { Begun, JournalBegin, JournalPlace, JournalStore, RecordedAnswer } from './journal.ts';
import type { JournalLeases, JournalSchedule } from './journal-leases.ts';
import { journalRefusal } from './journal-refusal.ts';
import { journalTicket, type JournalTicket } from './journal-ticket.ts';
import { prepareUndo } from './journal-undo.ts';

export type JournalObligation = Extract<Obligation, { readonly kind: 'journal' }>;

/** What makes a call the repeat of another. */
export interface Repeat {
  /** Undefined for a call that is written for its undoing alone. */
  readonly key: string | undefined;
  readonly bodyDigest: string;
}

export type Journaled =
  /** Send it, and hand its ticket what comes of it. */
  | { readonly kind: 'new'; readonly ticket: JournalTicket }
  /** Do not send it: this is its answer. */
  | { readonly kind: 'recorded'; readonly answer: Answer };

export interface JournalGateSource {
  readonly store: JournalStore;
  readonly leases: JournalLeases;
  readonly clock: Clock;
  readonly schedule: JournalSchedule;
  /** How long entries are kept (`runs.journalDays`). */
  readonly keepMs: number;
  /** How long a repeat waits for a call under way; 20 s. */
  readonly waitMs?: number;
  /** Told of a call whose end the store did not take: its repeat will be refused as unknown. */
  readonly onUnrecorded: (place: JournalPlace, cause: unknown) => void;
}

/** Rejects with `journal.*`, or with `limit.unavailable` where the store does not answer. */
export type JournalGate = (call: Call, obligation: JournalObligation, repeat: Repeat) => Promise<Journaled>;

const WAIT_MS = 20_000;
const FIRST_LOOK_MS = 25;
const LOOK_MAX_MS = 1_000;

/** The obligation to journal, of which a permit has one at most. */
export function journalObligation(obligations: readonly Obligation[]): JournalObligation | undefined {
  return obligations.find((one) => one.kind === 'journal');
}

/** Throws `request.invalid` or `request.mismatch` for a key that cannot be one. */
export function repeatOf(call: Call): Repeat {
  const key = journalKey(call);
  if (key === undefined) return { key, bodyDigest: '-' };
  const parts = journaledBytes(call).map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  return { key, bodyDigest: hash('sha256', Buffer.concat(parts), 'hex') };
}

export function journalGate(source: JournalGateSource): JournalGate {
  const { store, clock, schedule, waitMs = WAIT_MS } = source;

  async function settled(request: JournalBegin): Promise<Begun> {
    const deadline = clock.now() + waitMs;
    for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LOOK_MAX_MS)) {
      const begun = await store.begin(request);
      if (begun.kind !== 'running' || clock.now() >= deadline) return begun;
      await new Promise<void>((resolve) => void schedule.after(lookMs, resolve));
    }
  }

  return async function journaled(call, obligation, repeat) {
    const request = beginning(call, obligation, { repeat, source });
    const ticket = journalTicket(call, request, source);
    const begun = await settled(request).catch((error: GatewayError) => {
      // It may be written all the same.
      ticket.fail(error, false);
      throw error;
    });
    if (begun.kind === 'new') return { kind: 'new', ticket: ticket.hold() };
    if (begun.kind === 'recorded') return { kind: 'recorded', answer: answerTo(call, begun.answer) };
    throw journalRefusal(begun.kind, request.facts);
  };
}

function beginning(
  call: Call,
  { rule, undo }: JournalObligation,
  { repeat, source }: { readonly repeat: Repeat; readonly source: JournalGateSource },
): JournalBegin {
  const { principal, run, args, resource } = call.access;
  const written = formatResource(resource);
  const entry =
    repeat.key === undefined
      ? call.id
      : hash('sha256', JSON.stringify([principal.id, run.root, written, repeat.key]), 'hex').slice(0, 40);
  return {
    place: { tenant: principal.tenant, root: run.root, entry, call: call.id },
    digest: repeat.bodyDigest,
    facts: {
      path: run.path,
      resource: written,
      rule,
      beganMs: source.clock.now(),
      undo: undo && prepareUndo(undo, args),
    },
    leaseMs: source.leases.leaseMs,
    keepMs: source.keepMs,
  };
}

function answerTo({ rpc }: Call, recorded: RecordedAnswer): Answer {
  const body = rpc?.id === undefined ? recorded.body : mcpRecorded(recorded, rpc.id);
  return { status: recorded.status, headers: { ...recorded.headers, 'waygate-journal': 'recorded' }, body };
}
