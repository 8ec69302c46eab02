import { type Actor, type Principal, principalId, ROLLBACK_AGENT } from '../core/principal.ts';
import { invalidToken } from './refusals.ts';
import { DEFAULT_TENANT, type Issuer } from './schema.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** Longer chains are refused, never cut: a cut chain would hide who acts. */
const ACTORS_MAX = 8;
const NAME_LENGTH_MAX = 256;
const CONTROL = /\p{Cc}/u;

/** The principal that verified claims speak of, as the issuer's mapping reads them. Throws `identity.invalid`. */
export function principalOf(claims: Claims, issuer: Issuer): Principal {
  const { claims: paths } = issuer;
  const subject = readName(claims, paths.subject);
  const tenant = paths.tenant ? readName(claims, paths.tenant) : (issuer.tenant ?? DEFAULT_TENANT);
  // A token of a person who uses no agent may well lack the claim; policies then see the empty agent.
  const agent = paths.agent && readPath(claims, paths.agent) !== undefined ? readName(claims, paths.agent) : '';
  if (agent === ROLLBACK_AGENT)
    throw invalidToken(`its agent \`${agent}\` is a name that the gateway keeps for itself`);
  const place = paths.run && readPlace(readPath(claims, paths.run), paths.run);
  return Object.freeze({
    id: principalId(tenant, subject, agent),
    subject,
    tenant,
    agent,
    actors: Object.freeze(readActors(claims['act'])),
    credential: 'jwt',
    issuer: issuer.issuer,
    scopes: Object.freeze(readScopes(readPath(claims, paths.scopes))),
    expiresAtMs: (claims['exp'] as number) * 1_000,
    ...(place && { place: Object.freeze(place) }),
  });
}

const PLACE_MAX = 32;
const PLACE_NAME = /^[A-Za-z0-9_.:@+-]{1,128}$/;

/** Names from the root down: a list, or one text with `/` between. A malformed one is refused, since somebody meant it. */
function readPlace(value: unknown, path: readonly string[]): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const names: unknown = typeof value === 'string' ? value.split('/') : value;
  const isPlace = (one: unknown): one is string => typeof one === 'string' && PLACE_NAME.test(one);
  if (Array.isArray(names) && names.length > 0 && names.length <= PLACE_MAX && names.every(isPlace)) return names;
  throw invalidToken(
    `its claim \`${path.join('.')}\` must be the names of a run and of those above it, like \`nightly/research-3\``,
  );
}

/** The value at a path of own members, or undefined. */
export function readPath(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Claims)[name];
  }
  return value;
}

/** The name at a path. Throws `identity.invalid` where there is none. */
export function readName(claims: Claims, path: readonly string[]): string {
  const value = readPath(claims, path);
  if (isName(value)) return value;
  throw invalidToken(`its claim \`${path.join('.')}\` must be a text of 1 to ${NAME_LENGTH_MAX} characters`);
}

/** Whether a value can name a subject, tenant or agent: it ends up in keys and log lines. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= NAME_LENGTH_MAX &&
    value.isWellFormed() &&
    !CONTROL.test(value)
  );
}

/** RFC 8693 §4.1: `act` names who acts, and inside it who acted before. */
export function readActors(act: unknown, max = ACTORS_MAX): Actor[] {
  const actors: Actor[] = [];
  for (let link = act; link !== undefined;) {
    if (typeof link !== 'object' || link === null || actors.length === max) {
      throw invalidToken(`its claim \`act\` must be a chain of at most ${max} objects`);
    }
    const { sub, iss, act: next } = link as Claims;
    if (!isName(sub) || !(iss === undefined || isName(iss))) {
      throw invalidToken('each link of its claim `act` must name a `sub`, and its `iss` as a text where it has one');
    }
    actors.push(iss === undefined ? { subject: sub } : { subject: sub, issuer: iss });
    link = next;
  }
  return actors;
}

/** RFC 8693 §4.2: one text with spaces; some issuers write a list. */
export function readScopes(value: unknown): readonly string[] {
  return readWords(value, 'scopes');
}

/** The words of a claim that is one text with spaces, or a list of texts. Throws `identity.invalid`. */
export function readWords(value: unknown, what: string): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
  throw invalidToken(`its ${what} must be a text, or a list of texts`);
}
