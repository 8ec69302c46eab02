// What a caller reads when a limit refuses: which limit, for whom, how far it is used, when it resets, what to do.
import type { AccessRequest } from '../core/access.ts';
import { type ErrorCode, GatewayError } from '../core/errors.ts';
import { formatMoney, type MicroUsd } from '../core/money.ts';
import type { Quota, Scope, Unit, Window } from '../core/quota.ts';
import { type QuotaClaim, scopeOf } from './quota-claims.ts';
import type { ClaimState } from './store.ts';

/** The longest wait that a client is told in a header. Longer ones stand in the text alone. */
const RETRY_AFTER_MAX_MS = 20_000;
/** Where only running calls stand in the way, and nobody knows when they end. */
const RETRY_HELD_MS = 1_000;

/** What took less was no wait, but the way to the store. */
const WAITED_MS = 1_000;

export interface Refused extends QuotaClaim {
  readonly state: ClaimState;
  readonly access: AccessRequest;
  /** How long the call waited for room. */
  readonly waitedMs: number;
}

export function refusal(refused: Refused): GatewayError {
  const { quota, claim, state } = refused;
  const isHopeless = claim.ask > claim.limit;
  // Where only what running calls hold is in the way, the window says nothing.
  const isHeld = state.settled + claim.ask <= claim.limit;
  const retryMs = isHeld ? 0 : state.retryMs;
  const code = isHeld && quota.kind === 'budget' ? 'limit.held' : CODES[quota.kind];
  const isFinal = quota.window.kind === 'life' && !isHeld;
  const retryAfterMs = Math.min(retryMs || RETRY_HELD_MS, RETRY_AFTER_MAX_MS);
  const known = { rule: quota.id, ...standing(refused, isHopeless ? Infinity : retryMs) };
  const details = isHopeless || isFinal || code === 'limit.budget' ? known : { ...known, retryAfterMs };
  const advised = isHopeless ? HOPELESS : isFinal ? FOR_GOOD : advice(quota, retryMs);
  return new GatewayError(code, `${describe(refused)}${waited(refused)}; ${advised}`, details);
}

// Past a wait, what is known of the counter is as old as the last look at it.
function standing({ waitedMs }: Refused, standsMs: number): { readonly standsMs?: number } {
  return standsMs > 0 && waitedMs < WAITED_MS ? { standsMs } : {};
}

function waited({ waitedMs }: Refused): string {
  return waitedMs < WAITED_MS ? '' : `, and ${duration(waitedMs)} of waiting brought no room`;
}

const CODES = {
  rate: 'limit.rate',
  budget: 'limit.budget',
  concurrency: 'limit.concurrency',
  steps: 'limit.tree',
  children: 'limit.tree',
} as const satisfies Record<Quota['kind'], ErrorCode>;

function describe({ quota, claim, state, access, run }: Refused): string {
  const { unit } = quota;
  const narrow = quota.per.filter((scope) => scope !== 'tenant');
  const scopes: readonly Scope[] = narrow.length === 0 ? ['tenant'] : narrow;
  const nameOf = (scope: Scope) => (scope.startsWith('run') && run !== undefined ? run : scopeOf(scope, access));
  const whom = scopes.map((scope) => `${scope} \`${nameOf(scope)}\``).join(', ');
  const limit = `${quota.kind} limit \`${quota.id}\` for ${whom} is reached`;
  if (unit === 'concurrency') return `${limit}: ${state.held} of ${quota.amount} calls are running`;
  const whole = `${inWords(quota.amount, unit)}${windowText(quota.window)}${keptText(quota, access)}`;
  const used = `${inWords(state.settled, unit)} are spent and ${inWords(state.held, unit)} held by running calls`;
  return `${limit}: of ${whole}, ${used}, and this call asks for ${inWords(claim.ask, unit)}`;
}

/** What of a budget is not for this call. */
function keptText({ keptForFinal = 0, unit }: Quota, { isFinal }: AccessRequest): string {
  if (keptForFinal === 0 || isFinal === true) return '';
  return ` (${inWords(keptForFinal, unit)} of it kept for a last call, which says so in the header \`waygate-final: true\`)`;
}

const OWNER = 'ask for less, or have the owner of the limit raise it';
const FOR_GOOD = `the run has used it up for good: end with what there is, or ${OWNER}`;
const HOPELESS = `waiting does not help, since the call asks for more than the whole limit: ${OWNER}`;

function advice({ kind }: Quota, retryMs: number): string {
  const when = retryMs > 0 ? `in ${duration(retryMs)}` : 'when running calls have ended';
  return kind === 'budget' ? `it fits again ${when}; until then ${OWNER}` : `try again ${when}`;
}

function inWords(amount: number, unit: Unit): string {
  if (unit === 'money') return formatMoney(amount as MicroUsd);
  return amount === 1 ? `1 ${unit.slice(0, -1)}` : `${amount} ${unit}`;
}

function windowText(window: Window): string {
  if (window.kind === 'none') return '';
  if (window.kind === 'life') return ' in all';
  return window.kind === 'rolling' ? ` in any ${duration(window.ms)}` : ` a ${window.every} (${window.timezone})`;
}

const STEPS = [
  ['days', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** In the largest unit of which there are two or more, rounded up: `90 s`, `12 min`, `3 days`. */
function duration(ms: number): string {
  const [unit, length] = STEPS.find((step) => ms >= 2 * step[1]) ?? ['s', 1_000];
  return `${Math.ceil(ms / length)} ${unit}`;
}
