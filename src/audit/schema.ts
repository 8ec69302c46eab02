import { z } from 'zod';

/** `audit` in the configuration. */
export const auditSchema = z.strictObject({
  /** One file per process, and one more whenever a file is full. */
  dir: z.string().min(1).default('.waygate/audit'),
  /** When an entry is forced to the disk: before its call goes on, once a second, or when the system likes. */
  fsync: z.enum(['always', 'interval', 'never']).default('interval'),
  /** How long a call waits for its entry to be written; then it is refused. */
  failTimeoutMs: z.int().min(10).max(10_000).default(500),
  maxFileBytes: z.int().min(1_048_576).max(17_179_869_184).default(268_435_456),
});
export type AuditConfig = z.infer<typeof auditSchema>;
