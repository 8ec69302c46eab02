import { z } from 'zod';
import { APPROVAL_STATES } from '../core/approval.ts';
import { EVERYTHING } from '../runs/store.ts';
import { STEPS_MAX } from '../runs/timeline.ts';

const name = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\P{Cc}+$/u, 'expected a text without control characters');
const tenantOrAll = name.refine((text) => text !== EVERYTHING, 'expected the name of a tenant');
const tenant = tenantOrAll.refine((text) => text !== '*', 'expected the name of one tenant');
const reason = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^\P{Cc}+$/u, 'expected one line of text');
const scope = z.union([z.literal('*'), name.regex(/^agent:./, 'expected `*` or `agent:NAME`')]);
const count = z
  .string()
  .regex(/^\d{1,9}$/, 'expected a number')
  .transform(Number);

/** Of `GET /api/runs`. */
export const listQuery = z.strictObject({
  tenant: tenant.optional(),
  state: z.enum(['live', 'paused', 'draining', 'killed', 'done']).optional(),
  limit: count.pipe(z.int().min(1).max(100)).default(20),
  from: count.default(0),
});

/** Of whatever is read of one tenant. */
export const tenantQuery = z.strictObject({ tenant: tenant.optional() });

/** Of `GET /api/runs/{id}`. */
export const showQuery = z.strictObject({
  tenant: tenant.optional(),
  steps: count.pipe(z.int().max(STEPS_MAX)).default(50),
});

/** Of `GET /api/runs/feed`. */
export const feedQuery = z.strictObject({ tenant: tenant.optional(), root: name.optional() });

/** Of `POST /api/runs/{id}/…`. */
export const runChange = z.strictObject({ tenant: tenant.optional(), reason });

/** Of `POST /api/stops`; the tenant `*` is every one. */
export const stopOrder = z.strictObject({
  tenant: tenantOrAll,
  scope,
  state: z.enum(['paused', 'draining', 'killed']),
  reason,
});
export type StopOrder = z.infer<typeof stopOrder>;

/** Of `DELETE /api/stops`. */
export const stopLift = stopOrder.omit({ state: true });

/** Of `GET /api/approvals`. */
export const approvalsQuery = z.strictObject({
  tenant: tenant.optional(),
  state: z.enum(APPROVAL_STATES).optional(),
  limit: count.pipe(z.int().min(1).max(500)).default(100),
});

/** Of `POST /api/approvals/{id}/…`. */
export const approvalVote = z.strictObject({ tenant: tenant.optional(), reason: reason.optional() });
