// What people are told of a call that a policy alerts them to.
import { type AccessRequest, formatResource } from '../core/access.ts';
import type { CallRecord } from '../core/record.ts';
import { plain } from './plain-text.ts';

/** In the shape that Slack's incoming webhooks take; other receivers read `alert`. */
export interface AlertNotice {
  readonly text: string;
  readonly event: 'alert';
  readonly alert: Readonly<Record<string, unknown>>;
}

/** The alerts that a call which was permitted gives, one for each rule that asks for it. */
export function alertsOf({ call, decision, permitted, endedAtMs }: CallRecord): readonly AlertNotice[] {
  if (!call || !permitted || decision?.effect !== 'permit') return NONE;
  const rules = decision.obligations.flatMap((obligation) => (obligation.kind === 'alert' ? [obligation.rule] : []));
  if (rules.length === 0) return NONE;
  const at = new Date(endedAtMs).toISOString();
  // What a client's own tools did is told with the call of the model that tells of it.
  const told = [call.access, ...(call.parts ?? [])].map(
    ({ action, resource }) => `${action} ${formatResource(resource)}`,
  );
  return rules.map((rule) => notice(call.access, { rule, at, call: call.id, what: [...new Set(told)] }));
}

const NONE: readonly AlertNotice[] = Object.freeze([]);
const SHOWN_MAX = 20;

interface Told {
  readonly rule: string;
  readonly at: string;
  readonly call: string;
  readonly what: readonly string[];
}

function notice({ principal, run }: AccessRequest, { rule, at, call, what }: Told): AlertNotice {
  const { agent, subject, tenant } = principal;
  const shown = what.slice(0, SHOWN_MAX);
  const lines = [
    `rule ${plain(rule)}: ${plain(agent || subject)} did ${shown.map(plain).join(', ')}`,
    `for ${plain(subject)}, run ${run.id}, tenant ${plain(tenant)}`,
  ];
  return {
    text: lines.join('\n'),
    event: 'alert',
    alert: { rule, at, call, run: run.id, root: run.root, tenant, agent, subject, what: shown },
  };
}
