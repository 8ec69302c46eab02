// What agents are told of approvals, and people of what waits for them.
import type { Approval } from '../core/approval.ts';
import { plain } from './plain-text.ts';

export function pendingText(reason: string, { id, terms, votes }: Approval): string {
  const left = terms.approvers - votes.length;
  const who = `${left === 1 ? 'one person' : `${left} people`} with the role ${listed(terms.roles)}`;
  return `${reason}; approval \`${id}\` waits for ${who}: repeat the same call after approval`;
}

export function deniedText({ id, summary, votes, standsUntilMs = 0 }: Approval): string {
  const said = votes.find(({ verdict }) => verdict === 'deny')?.reason ?? '';
  const why = said === '' ? '' : ` (${said})`;
  return `\`${summary.action}\` on \`${summary.resource}\` was denied by an approver${why}, as \`${id}\`; do not repeat it before ${new Date(standsUntilMs).toISOString()}`;
}

export function expiredText(reason: string): string {
  return `${reason}; nobody approved it in time: repeat the same call to ask again`;
}

export function spentText(reason: string, { id }: Approval): string {
  return `${reason}; its approval \`${id}\` was used by an identical call: repeat the same call only if it is meant to happen once more`;
}

export function fullText(reason: string, of: 'tree' | 'tenant'): string {
  const whose = of === 'tree' ? 'this run and those beside it' : 'the tenant';
  return `${reason}; so many approvals of ${whose} wait already that no more can be asked for: wait until some are decided`;
}

/** A notice for people, in the shape that Slack's incoming webhooks take; other receivers read `approval`. */
export interface ApprovalNotice {
  readonly text: string;
  readonly event: 'approval.requested';
  readonly approval: Readonly<Record<string, unknown>>;
}

const NOTICE_ARGS_MAX = 1_000;

/** `page` is where a person can decide. */
export function approvalNotice(approval: Approval, page?: string): ApprovalNotice {
  const { id, tenant, terms, summary, expiresAtMs } = approval;
  const { action, resource, agent, subject, run, args, because, reason } = summary;
  const expiresAt = new Date(expiresAtMs).toISOString();
  const shown = args.length > NOTICE_ARGS_MAX ? `${args.slice(0, NOTICE_ARGS_MAX).toWellFormed()}…` : args;
  const lines = [
    `${plain(agent || subject)} asks to ${action === 'tool.call' ? 'call' : plain(action)} ${plain(resource)}`,
    `for ${plain(subject)}, run ${plain(run)}, tenant ${plain(tenant)}`,
    plain(shown),
    `held: ${plain(because)}`,
    ...(reason === '' ? [] : [`the agent says: ${plain(reason)}`]),
    page === undefined ? `waygate approvals approve ${id} --tenant ${plain(tenant)}` : page,
    `until ${expiresAt}`,
  ];
  return {
    text: lines.join('\n'),
    event: 'approval.requested',
    approval: {
      id,
      tenant,
      action,
      resource,
      agent,
      subject,
      run,
      arguments: args,
      because,
      reason,
      rules: terms.rules,
      expiresAt,
      ...(page !== undefined && { page }),
    },
  };
}

function listed(roles: readonly string[]): string {
  return roles.map((role) => `\`${role}\``).join(' or ');
}
