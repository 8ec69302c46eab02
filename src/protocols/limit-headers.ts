// What is left of a caller's limits, in the headers that SDKs and HTTP clients know.
import type { Quota, Standing, Unit } from '../core/quota.ts';

type LimitHeaders = Readonly<Record<string, string>>;

/** Names of what is said of the tightest limit of a unit. A name put together per call would be looked up anew each time. */
interface Names {
  readonly unit: 'requests' | 'tokens';
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

function names(unit: Names['unit'], name: (what: string) => string): Names {
  return { unit, limit: name('limit'), remaining: name('remaining'), reset: name('reset') };
}

const OPENAI = (['requests', 'tokens'] as const).map((unit) => names(unit, (what) => `x-ratelimit-${what}-${unit}`));
const ANTHROPIC = (['requests', 'tokens'] as const).map((unit) =>
  names(unit, (what) => `anthropic-ratelimit-${unit}-${what}`),
);

/** `x-ratelimit-*` as OpenAI sends it, and the draft fields. */
export function openaiLimitHeaders(standings: readonly Standing[]): LimitHeaders {
  const headers: Record<string, string> = rateLimitFields(standings);
  for (const { unit, limit, remaining, reset } of OPENAI) {
    const tightest = tightestOf(standings, unit);
    if (!tightest) continue;
    headers[limit] = String(tightest.quota.amount);
    headers[remaining] = String(tightest.remaining);
    headers[reset] = duration(tightest.resetMs);
  }
  return headers;
}

/** `anthropic-ratelimit-*` as Anthropic sends it, and the draft fields. */
export function anthropicLimitHeaders(standings: readonly Standing[], nowMs: number): LimitHeaders {
  const headers: Record<string, string> = rateLimitFields(standings);
  for (const { unit, limit, remaining, reset } of ANTHROPIC) {
    const tightest = tightestOf(standings, unit);
    if (!tightest) continue;
    headers[limit] = String(tightest.quota.amount);
    headers[remaining] = String(tightest.remaining);
    headers[reset] = instant(nowMs + tightest.resetMs);
  }
  return headers;
}

const QUOTA_UNITS: Readonly<Record<Unit, string>> = {
  requests: 'requests',
  concurrency: 'concurrent-requests',
  tokens: 'tokens',
  money: 'micro-usd',
  runs: 'runs',
};

/** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11): every enforced quota by its id. */
export function rateLimitFields(standings: readonly Standing[]): Record<string, string> {
  let policy = '';
  let state = '';
  for (const standing of standings) {
    if (!standing.quota.enforced) continue;
    const item = itemOf(standing.quota);
    const comma = policy === '' ? '' : ', ';
    policy += comma + item.policy;
    state += comma + item.name + stateOf(standing);
  }
  return policy === '' ? {} : { 'ratelimit-policy': policy, ratelimit: state };
}

/** The largest integer of structured fields (RFC 9651 §3.3.1). */
const INTEGER_MAX = 999_999_999_999_999;

function stateOf({ remaining, resetMs }: Standing): string {
  const reset = resetMs > 0 ? `;t=${Math.ceil(resetMs / 1_000)}` : '';
  return `;r=${Math.min(INTEGER_MAX, remaining)}${reset}`;
}

/** What does not change of a quota's items. */
interface Item {
  readonly name: string;
  readonly policy: string;
}

const items = new WeakMap<Quota, Item>();

function itemOf(quota: Quota): Item {
  const known = items.get(quota);
  if (known) return known;
  const name = quoted(quota.id);
  const window = quota.window.kind === 'rolling' ? `;w=${Math.ceil(quota.window.ms / 1_000)}` : '';
  const policy = `${name};q=${Math.min(INTEGER_MAX, quota.amount)};qu="${QUOTA_UNITS[quota.unit]}"${window}`;
  const item = { name, policy };
  items.set(quota, item);
  return item;
}

const PLAIN = /^[\w .:/-]*$/;

// A structured-field string (RFC 9651 §3.3.3).
function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

// The one that stops the next call first; of two alike the one that stays longer.
function tightestOf(standings: readonly Standing[], unit: Unit): Standing | undefined {
  let tightest: Standing | undefined;
  for (const standing of standings) {
    if (standing.quota.unit !== unit || !standing.quota.enforced) continue;
    if (
      !tightest ||
      standing.remaining < tightest.remaining ||
      (standing.remaining === tightest.remaining && standing.resetMs > tightest.resetMs)
    ) {
      tightest = standing;
    }
  }
  return tightest;
}

// `6m0s`, `1h0m30s`, `120ms`: as Go prints durations.
function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.ceil(ms))}ms`;
  const seconds = Math.ceil(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours}h${minutes % 60}m${seconds % 60}s`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}

// RFC 3339 in whole seconds, as Anthropic writes it.
function instant(ms: number): string {
  return new Date(Math.ceil(ms / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
}
