import type { Call } from '../core/call.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Answer } from '../core/exchange.ts';
import type { Seat } from '../core/roster.ts';
import { type JournalReply, journalReply } from '../protocols/journal-reply.ts';
import type { JournalBegin, JournalFinish, JournalPlace, JournalStore } from './journal.ts';
import type { JournalLeases, JournalSchedule } from './journal-leases.ts';
import { journalTap, type Seen } from './journal-tap.ts';
import { undoFromResult } from './journal-undo.ts';

/** What a call that is written as running owes the journal: its end. The first of `tap`'s end and `fail` counts. */
export interface JournalTicket {
  /** The upstream's answer, with a reader beside its body that records how the call ended. */
  tap(answer: Answer): Answer;
  /** The call has no answer. `wasSent` is false where it failed before it went upstream. */
  fail(error: GatewayError, wasSent: boolean): void;
}

export interface TicketSource {
  readonly store: JournalStore;
  readonly leases: JournalLeases;
  readonly schedule: JournalSchedule;
  readonly keepMs: number;
  readonly onUnrecorded: (place: JournalPlace, cause: unknown) => void;
}

/** What of an answer's head is told again. */
const KEPT_HEADERS = [
  'content-type',
  'content-language',
  'content-disposition',
  'content-encoding',
  'location',
  'etag',
  'last-modified',
  'link',
] as const;
/** The upstream was surely not reached. */
export const NOT_REACHED = new Set<string>(['upstream.unreachable', 'upstream.unavailable']);
/** Between the tries to record an end that the store did not take. */
const AGAIN_MS = [100, 1_000, 5_000, 15_000, 30_000] as const;

export interface HeldTicket extends JournalTicket {
  /** Keeps the call from being taken for lost. */
  hold(): JournalTicket;
}

export function journalTicket(call: Call, { place, facts }: JournalBegin, source: TicketSource): HeldTicket {
  const { store, keepMs } = source;
  let seat: Seat | undefined;
  let isOpen = true;

  function end(book: () => Promise<boolean>): void {
    if (!isOpen) return;
    isOpen = false;
    booked(book, source.schedule)
      .catch((cause: unknown) => source.onUnrecorded(place, cause))
      .finally(() => seat?.leave());
  }

  function see(answer: Answer, seen: Seen): void {
    const reply = replyOf(call, answer, seen);
    if (reply.kind !== 'done') return end(() => store.fail(place, reply.kind === 'open'));
    const { args, fault } =
      seen.kind === 'whole' ? undoFromResult(facts.undo, reply.result) : { args: {}, fault: UNREAD };
    const finish: JournalFinish = { answer: kept(answer, seen), outcome: { failed: reply.failed, args, fault } };
    end(() => store.finish(place, finish, keepMs));
  }

  const ticket: HeldTicket = {
    hold() {
      seat = source.leases.add(place, place.call);
      return ticket;
    },
    tap: (answer) => ({ ...answer, body: journalTap(answer.body, (seen) => see(answer, seen)) }),
    fail: ({ code }, wasSent) => end(() => store.fail(place, !wasSent || NOT_REACHED.has(code))),
  };
  return ticket;
}

const UNREAD = 'its answer was too large to be read for it';

function replyOf({ dialect }: Call, { status, headers }: Answer, seen: Seen): JournalReply {
  switch (seen.kind) {
    case 'whole':
      return journalReply(dialect, { status, headers, body: seen.body });
    case 'large':
      return { kind: 'done', failed: status >= 400, result: undefined };
    case 'broken':
      return { kind: 'unknown' };
    default:
      return seen satisfies never;
  }
}

function kept({ status, headers }: Answer, seen: Seen): JournalFinish['answer'] {
  if (seen.kind !== 'whole') return undefined;
  const told: Record<string, string | string[]> = {};
  for (const name of KEPT_HEADERS) if (headers[name] !== undefined) told[name] = headers[name];
  return { status, headers: told, body: seen.body };
}

async function booked(book: () => Promise<boolean>, schedule: JournalSchedule): Promise<void> {
  for (const waitMs of AGAIN_MS) {
    const isBooked = await book().then(
      () => true,
      () => false,
    );
    if (isBooked) return;
    await new Promise<void>((resolve) => void schedule.after(waitMs, resolve));
  }
  await book();
}
