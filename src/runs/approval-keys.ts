// Names of the Redis keys of approvals; docs/redis-keys.md says what each holds. All keys of a tenant have its hash tag.
import type { RunId } from '../core/ids.ts';
import { escaped, tenantPrefix } from '../core/store-keys.ts';

export interface ApprovalKeys {
  /** All that are remembered, by when they were asked for. */
  readonly all: string;
  readonly approval: (id: string) => string;
  /** The id of the last approval of a binding. */
  readonly of: (binding: string) => string;
  /** Those of a tree that wait for people, by when they expire. */
  readonly pending: (root: RunId) => string;
}

export function approvalKeys(tenant: string): ApprovalKeys {
  const prefix = tenantPrefix(tenant);
  return {
    all: `${prefix}approvals`,
    approval: (id) => `${prefix}approval:${escaped(id)}`,
    of: (binding) => `${prefix}approval-of:${escaped(binding)}`,
    pending: (root) => `${prefix}approvals-pending:${escaped(root)}`,
  };
}
