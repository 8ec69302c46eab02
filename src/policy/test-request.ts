import { type AccessRequest, ACTIONS, parseResource, RESOURCE_KINDS } from '../core/access.ts';
import { unknownName } from '../core/nearest.ts';
import { type Principal, principalId } from '../core/principal.ts';
import type { Spot } from '../documents/faults.ts';
import { KINDS_OF, USUAL_ARGS } from './actions.ts';
import { formatKinds } from './read-target.ts';
import { runOf } from './test-run.ts';
import type { TestCase } from './tests/schema.ts';

type Written = TestCase['request'];

/** Where a test does not say when: a Thursday noon. */
const NOON = '2026-01-01T12:00:00Z';

/** The request that a test describes, its gaps filled; undefined where it is none, which the spot then tells. */
export function requestOf(written: Written, spot: Spot): AccessRequest | undefined {
  const action = ACTIONS.find((known) => known === written.action);
  if (!action) spot.at('action').fault(unknownName('action', written.action, ACTIONS));
  const resource = parseResource(written.resource);
  if (!resource)
    spot.at('resource').fault(`expected \`kind/upstream/name\`, the kind one of ${RESOURCE_KINDS.join(', ')}`);
  if (!action || !resource) return undefined;
  const kinds = KINDS_OF[action];
  if (!kinds.includes(resource.kind)) spot.at('resource').fault(`\`${action}\` is done to ${formatKinds(kinds)}`);
  const { args = {}, context = {} } = written;
  const timeMs = Date.parse(context.time ?? NOON);
  return {
    principal: principalOf(written.principal),
    action,
    resource,
    args: { ...USUAL_ARGS[action], ...args },
    run: runOf(written.run ?? {}, { spot: spot.at('run'), timeMs }),
    context: {
      route: context.route ?? 'test',
      stream: context.stream ?? false,
      timeMs,
    },
  };
}

function principalOf(written: Written['principal']): Principal {
  const fields = typeof written === 'string' ? { agent: written } : written;
  const { agent = '', subject = 'tester', tenant = 'default', issuer = 'test', scopes = [], actors = [] } = fields;
  return {
    id: principalId(tenant, subject, agent),
    subject,
    tenant,
    agent,
    issuer,
    scopes,
    actors: actors.map(({ subject: name, issuer: from }) => ({
      subject: name,
      ...(from === undefined ? {} : { issuer: from }),
    })),
    credential: 'jwt',
    expiresAtMs: Infinity,
  };
}
