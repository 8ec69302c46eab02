import { z } from 'zod';

/** `audit` in the configuration. */
export const auditSchema = z.strictObject({
  dir: z
    .string()
    .min(1)
    .default('.waygate/audit')
    .describe(
      'Folder of the log, from the working directory: one file per process, and one more whenever a file is full.',
    ),
  fsync: z
    .enum(['always', 'interval', 'never'])
    .default('interval')
    .describe('When an entry is forced to the disk: before its call goes on, once a second, or when the system likes.'),
  failTimeoutMs: z
    .int()
    .min(10)
    .max(10_000)
    .default(500)
    .describe('How long a call waits for its entry to be written; then it is refused.'),
  maxFileBytes: z
    .int()
    .min(1_048_576)
    .max(17_179_869_184)
    .default(268_435_456)
    .describe('A file that is this large is followed by another one.'),
});
export type AuditConfig = z.infer<typeof auditSchema>;
