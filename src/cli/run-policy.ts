// `waygate run --policy NAME`: that policy must be there, and hold for the agent that the program is.
import { fileURLToPath } from 'node:url';
import { unknownName } from '../core/nearest.ts';
import { principalId } from '../core/principal.ts';
import { findConfig } from './config-file.ts';
import { UsageError } from './output.ts';
import { findPolicies, readPolicies } from './policy-files.ts';
import { takeSet } from './policy-set.ts';
import type { Starter } from './run-starter.ts';

/** Those of a start without any configuration. */
const DEMO_POLICIES = fileURLToPath(new URL('../../policies', import.meta.url));

/** Throws where the policy is not there, or does not apply to whoever starts the run as that agent. */
export async function demandPolicy(name: string, starter: Starter, config: string | undefined): Promise<void> {
  const place =
    findConfig(config) === undefined ? { policies: DEMO_POLICIES } : { ...(config !== undefined && { config }) };
  const { folder, enforcement } = await findPolicies(place);
  const set = takeSet((await readPolicies(folder)).policies, enforcement);
  const policy = set.policies.find((one) => one.name === name);
  if (!policy)
    throw new UsageError(
      unknownName(
        'policy',
        name,
        set.policies.map((one) => one.name),
      ),
    );
  const { agent, subject = '', tenant = '' } = starter;
  if (agent === undefined) throw new UsageError('`--policy` holds for which agent? pass `--agent NAME`');
  const { standings } = set.callerOf({
    id: principalId(tenant, subject, agent),
    tenant,
    subject,
    agent,
    actors: [],
    credential: 'jwt',
    issuer: '',
    scopes: [],
    expiresAtMs: Infinity,
  });
  if (standings[policy.position] === 'in') return;
  throw new UsageError(
    `the policy \`${name}\` does not apply to the agent \`${agent}\`; pass an \`--agent NAME\` that its \`applies\` names`,
  );
}
