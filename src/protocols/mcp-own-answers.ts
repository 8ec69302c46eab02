// What Waygate's own tools answer: text for the model, and the same as values.
import type { Approval } from '../core/approval.ts';
import type { RpcRef } from '../core/call.ts';
import { formatMoney, type MicroUsd } from '../core/money.ts';
import type { Standing } from '../core/quota.ts';
import { labelsOf, type Run, type Stop } from '../core/run.ts';
import type { Fields } from './fields.ts';
import { isModern } from './mcp-headers.ts';
import { resultMessage } from './mcp-message.ts';
import type { WireError } from './protocol.ts';

/** What a tool answers. `values` stay out where there is nothing but the text. */
export interface OwnAnswer {
  readonly text: string;
  readonly values?: Fields;
  readonly isError?: boolean;
}

/** The answer on the wire, as of any tool. */
export function ownAnswer(rpc: RpcRef, { text, values, isError = false }: OwnAnswer): WireError {
  const result = {
    ...(isModern(rpc.revision) && { resultType: 'complete' }),
    content: [{ type: 'text', text }],
    ...(values && { structuredContent: values }),
    isError,
  };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: resultMessage(rpc, result) };
}

export interface StatusFacts {
  readonly run: Run;
  /** Of the principal. */
  readonly agent: string;
  /** Where the limits of the run stand. */
  readonly standings: readonly Standing[];
  /** Of its tree, that wait for people. */
  readonly pending: readonly Approval[];
  readonly nowMs: number;
}

/** The answer of `waygate__status`. */
export function statusAnswer({ run, agent, standings, pending, nowMs }: StatusFacts): OwnAnswer {
  const labels = labelsOf(run);
  const stops = stopsOf(run, agent);
  const limits = standings.map(limitOf);
  const approvals = pending.map(({ id, summary, expiresAtMs }) => ({
    id,
    resource: summary.resource,
    run: summary.run,
    expiresInSeconds: Math.max(0, Math.round((expiresAtMs - nowMs) / 1_000)),
  }));
  const lines = [
    `run ${run.id}, depth ${run.depth}${run.id === run.root ? '' : `, in the tree of ${run.root}`}`,
    ...stops.map(({ state, because, cause }) => `${state} by a ${cause}${because === '' ? '' : `: ${because}`}`),
    labels.length === 0 ? 'no labels' : `labels: ${labels.join(', ')}`,
    ...limits.map(({ id, left, of, resetsInSeconds }) => {
      return `${id}: ${left} of ${of} left${resetsInSeconds === 0 ? '' : `, all of it again in ${resetsInSeconds} s`}`;
    }),
    ...approvals.map(({ id, resource }) => `${id}: ${resource} waits for approval`),
  ];
  return {
    text: lines.join('\n'),
    values: { run: run.id, root: run.root, depth: run.depth, labels, stops, limits, approvals },
  };
}

/** The stops that bind the run: of itself, of those above it, of its agent, of its tenant. */
function stopsOf({ path, tree }: Run, agent: string): readonly Pick<Stop, 'state' | 'cause' | 'because'>[] {
  const scopes = [
    tree.tenantStops.get('*'),
    tree.tenantStops.get(`agent:${agent}`),
    ...path.map((id) => tree.stops.get(id)),
  ];
  return scopes.flatMap((stop) => (stop ? [{ state: stop.state, cause: stop.cause, because: stop.because }] : []));
}

function limitOf({ quota, remaining, resetMs }: Standing): {
  readonly id: string;
  readonly left: string;
  readonly of: string;
  readonly resetsInSeconds: number;
} {
  const amount = (value: number): string =>
    quota.unit === 'money' ? formatMoney(value as MicroUsd) : `${value} ${quota.unit}`;
  const resetsInSeconds = Number.isFinite(resetMs) ? Math.ceil(resetMs / 1_000) : 0;
  return { id: quota.id, left: amount(remaining), of: amount(quota.amount), resetsInSeconds };
}

/** The answer of `waygate__request`, where people were asked, or had been. */
export function requestAnswer({ id, state, summary, terms, expiresAtMs, standsUntilMs }: Approval): OwnAnswer {
  const until = new Date(standsUntilMs ?? expiresAtMs).toISOString();
  const values = { approval: id, state, resource: summary.resource, until };
  switch (state) {
    case 'approved':
      return { text: `approved as \`${id}\`: make the call with exactly these arguments before ${until}`, values };
    case 'denied':
      return { text: `denied by an approver, as \`${id}\`; do not ask again before ${until}`, values, isError: true };
    case 'pending':
    case 'expired':
    case 'used': {
      const who = terms.roles.map((role) => `\`${role}\``).join(' or ');
      const text = `\`${id}\` waits for an approver (${who}) until ${until}: when it is approved, make the call with exactly these arguments`;
      return { text, values };
    }
    default:
      return state satisfies never;
  }
}
