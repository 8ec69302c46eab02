// `/api/approvals`: what waits for people, and what they say of it.
import type { Approval } from '../core/approval.ts';
import { refusedVoter } from '../runs/approval-rules.ts';
import type { ApprovalStore, Voter } from '../runs/approval-store.ts';
import { approvalView } from './approval-view.ts';
import {
  type AdminHandler,
  type AdminReply,
  type AdminRequest,
  demandMethod,
  demandTenant,
  Refused,
  unknownPath,
} from './exchange.ts';
import { readBody, readQuery, tenantOf } from './read.ts';
import { approvalsQuery, approvalVote, tenantQuery } from './schema.ts';
import type { StopSource } from './stop-source.ts';

export interface ApprovalsSource {
  readonly store: Pick<ApprovalStore, 'get' | 'list' | 'decide'>;
  /** Records a vote before it counts. Rejects with `audit.unavailable`, and then it does not. */
  readonly onAction: StopSource['onAction'];
  /** Told of a vote that has counted: whoever waits for it in this process looks at once. */
  readonly onDecided: (tenant: string, id: string) => void;
}

const ID = /^appr_[\w-]{1,64}$/;

/** `GET /`, `GET /{id}`, `POST /{id}/approve`, `POST /{id}/deny`; the ranks that these take are the mount's business. */
export function approvalsApi(source: ApprovalsSource): AdminHandler {
  return async function handle(request) {
    const [id, verb, ...rest] = request.path;
    if (rest.length > 0) unknownPath();
    if (id !== undefined && (verb === 'approve' || verb === 'deny')) {
      demandMethod(request, 'POST');
      return vote(source, request, { id, verb });
    }
    if (verb !== undefined) unknownPath();
    demandMethod(request, 'GET');
    return id === undefined ? list(source, request) : show(source, request, id);
  };
}

async function list({ store }: ApprovalsSource, request: AdminRequest): Promise<AdminReply> {
  const { tenant: named, state, limit } = readQuery(approvalsQuery, request);
  const tenant = tenantOf(request, named);
  demandTenant(request.viewer, tenant);
  const approvals = await store.list(tenant, { count: limit, ...(state !== undefined && { state }) });
  return { status: 200, body: { tenant, approvals: approvals.map(approvalView) } };
}

async function show({ store }: ApprovalsSource, request: AdminRequest, id: string): Promise<AdminReply> {
  const tenant = tenantOf(request, readQuery(tenantQuery, request).tenant);
  demandTenant(request.viewer, tenant);
  return { status: 200, body: approvalView(await find(store, tenant, id)) };
}

async function vote(
  { store, onAction, onDecided }: ApprovalsSource,
  request: AdminRequest,
  { id, verb }: { readonly id: string; readonly verb: Voter['verdict'] },
): Promise<AdminReply> {
  const { viewer } = request;
  const { tenant: named, reason = '' } = readBody(approvalVote, request);
  const tenant = tenantOf(request, named);
  demandTenant(viewer, tenant);
  const before = await find(store, tenant, id);
  const refused = refusedVoter(before, viewer);
  if (refused) throw refusal(refused, before);
  if (before.state !== 'pending') throw refusal('final', before);
  const operator = { subject: viewer.subject, issuer: viewer.issuer };
  await onAction({ operator, action: verb, target: { tenant, approval: id }, reason });
  const { subject, roles } = viewer;
  const result = await store.decide(tenant, id, { subject, roles, verdict: verb, reason });
  if (result.kind === 'unknown') throw unknown(tenant, id);
  if (result.kind !== 'counted') throw refusal(result.kind, result.approval);
  onDecided(tenant, id);
  return { status: 200, body: approvalView(result.approval) };
}

async function find(store: ApprovalsSource['store'], tenant: string, id: string): Promise<Approval> {
  const approval = ID.test(id) ? await store.get(tenant, id) : undefined;
  if (approval) return approval;
  throw unknown(tenant, id);
}

function unknown(tenant: string, id: string): Refused {
  const detail = `there is no approval \`${id.slice(0, 128)}\` in the tenant \`${tenant}\`; \`waygate approvals list\` shows those that wait`;
  return new Refused(404, 'approval.unknown', detail);
}

function refusal(why: 'requester' | 'role' | 'final', { id, state, terms }: Approval): Refused {
  switch (why) {
    case 'requester':
      return new Refused(
        403,
        'approval.requester',
        `\`${id}\` was asked for by you or on your behalf: somebody else has to decide on it`,
      );
    case 'role': {
      const roles = terms.roles.map((role) => `\`${role}\``).join(' or ');
      return new Refused(
        403,
        'approval.role',
        `\`${id}\` is decided on by those with the role ${roles}, as its policy says; your token has none of these`,
      );
    }
    case 'final':
      return new Refused(
        409,
        'approval.final',
        `\`${id}\` is ${state} already, which nobody can change; the call has to be made again to ask anew`,
      );
    default:
      return why satisfies never;
  }
}
