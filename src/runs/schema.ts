import { z } from 'zod';

const headerName = z.string().regex(/^[a-z0-9-]{1,64}$/, 'expected the name of a header in lower case');

/** `runs` of the config. */
export const runsSchema = z.strictObject({
  hints: z
    .array(
      z.strictObject({
        client: z.string().min(1).describe('Whose headers they are, for people.'),
        session: headerName.describe('Names the session: the root of a tree.'),
        agent: headerName.optional().describe('Names a sub-agent in the session.'),
        parent: headerName.optional().describe('Names the parent of a sub-agent; the session unless sent.'),
      }),
    )
    .default([])
    .describe(
      'Headers by which clients tell their sessions and sub-agents apart, before those that are known (docs/runs.md).',
    ),
  journalDays: z.number().min(0.01).max(365).default(7).describe('How long journaled calls are remembered.'),
});
