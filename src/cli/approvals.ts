// `waygate approvals list|show|approve|deny`: calls that wait for people.
import type { ApprovalView } from '../admin/approval-view.ts';
import { adminClient } from './admin-client.ts';
import type { ExitCode, Output } from './output.ts';
import { queryOf, type RunsOptions } from './runs.ts';
import { columns, shown } from './runs-table.ts';

export interface ListOptions extends RunsOptions {
  readonly state?: string;
  readonly all?: true;
  readonly limit?: number;
}

type OfOneApproval = RunsOptions & { readonly id: string };

export interface VoteOptions extends OfOneApproval {
  readonly verb: 'approve' | 'deny';
  readonly reason?: string;
}

interface Listed {
  readonly tenant: string;
  readonly approvals: readonly ApprovalView[];
}

const HEAD = ['ID', 'STATE', 'CALL', 'AGENT', 'SUBJECT', 'ASKED', 'EXPIRES', 'SAID'];

export async function list(options: ListOptions, output: Output): Promise<ExitCode> {
  const { tenant, all, limit, json } = options;
  const state = all ? undefined : (options.state ?? 'pending');
  const client = await adminClient(options, 'viewer');
  const listed = (await client.call('GET', `/api/approvals${queryOf({ tenant, state, limit })}`)) as Listed;
  if (json) output.print(JSON.stringify(listed, undefined, 2));
  else if (listed.approvals.length > 0) output.print(tableOf(listed.approvals));
  else output.say(`there are no ${state ? `${state} ` : ''}approvals in the tenant \`${shown(listed.tenant)}\``);
  return 0;
}

export async function show(options: OfOneApproval, output: Output): Promise<ExitCode> {
  const client = await adminClient(options, 'viewer');
  const told = await client.call('GET', `${pathOf(options.id)}${queryOf({ tenant: options.tenant })}`);
  output.print(options.json ? JSON.stringify(told, undefined, 2) : pageOf(told as ApprovalView));
  return 0;
}

export async function vote(options: VoteOptions, output: Output): Promise<ExitCode> {
  const { id, verb, tenant, reason, json } = options;
  const client = await adminClient(options, 'approver');
  const body = { ...(tenant !== undefined && { tenant }), ...(reason !== undefined && { reason }) };
  const told = (await client.call('POST', `${pathOf(id)}/${verb}`, body)) as ApprovalView;
  output.print(json ? JSON.stringify(told, undefined, 2) : lineOf(told));
  return 0;
}

function lineOf({ id, state, resource, stands, approvers, votes, uses }: ApprovalView): string {
  const call = `\`${shown(resource)}\``;
  if (state === 'pending') return `${id}: ${votes.length} of ${approvers} people have approved ${call}`;
  if (state === 'denied') return `${id}: ${call} is denied`;
  const calls = uses === 1 ? 'one call' : `${uses} calls`;
  return `${id}: ${call} is approved for ${calls} until ${stands}`;
}

function tableOf(approvals: readonly ApprovalView[]): string {
  const rows = approvals.map((one) => [
    one.id,
    one.state,
    shown(one.resource),
    shown(one.agent),
    shown(one.subject),
    `${one.asked.slice(0, 19)}Z`,
    `${one.expires.slice(0, 19)}Z`,
    `${one.votes.length} of ${one.approvers}`,
  ]);
  return columns([HEAD, ...rows], HEAD.length);
}

function pageOf(one: ApprovalView): string {
  const lines: (readonly [string, string])[] = [
    ['approval', one.id],
    ['state', one.state],
    ['call', `${one.action} on ${one.resource}`],
    ['arguments', one.arguments + (one.argumentsCut ? ' (not shown whole)' : '')],
    ['digest', one.digest],
    ['agent', `${one.agent}, for ${one.subject}`],
    ...one.actors.map((actor) => ['through', actor] as const),
    ['run', one.run === one.root ? one.run : `${one.run}, in the tree of ${one.root}`],
    ['tenant', one.tenant],
    ['held', one.because],
    ...(one.reason === '' ? [] : [['agent says', one.reason] as const]),
    ['takes', `${one.approvers} of the role ${one.roles.join(' or ')}`],
    ['asked', one.asked],
    ['expires', one.expires],
    ...(one.stands === null ? [] : [['stands', `until ${one.stands}, used ${one.used} of ${one.uses}`] as const]),
    ...one.votes.map(({ by, verdict, reason, at }) => {
      return [
        verdict === 'approve' ? 'approved' : 'denied',
        `by ${by}, ${at}${reason === '' ? '' : `: ${reason}`}`,
      ] as const;
    }),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${visible(text)}`).join('\n');
}

/** Texts come from agents: nothing in them moves a cursor, begins a line or turns one around. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
}

function pathOf(id: string): string {
  return `/api/approvals/${encodeURIComponent(id)}`;
}
