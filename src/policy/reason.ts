// What a refusal says to the caller: which rule and why, and what to do next. Public.
import { type AccessRequest, formatResource } from '../core/access.ts';
import type { Hit } from './weigh.ts';

/** Names come from the request: one line of it is enough. */
const NAME_LENGTH_MAX = 200;

const ADVICE = 'retrying will not help: do without it, or ask the owner of the policies';

/** Why the first of the rules that refuse a request does so. */
export function refusalReason({ rule, effect, failure }: Hit, request: AccessRequest): string {
  const what = whatOf(request);
  const because = rule.because === undefined ? '' : `: ${rule.because}`;
  if (failure !== undefined)
    return `${what} is denied, since the condition of rule \`${rule.id}\` failed (${failure}); ${ADVICE}`;
  if (effect === 'hold') return `${what} is held by rule \`${rule.id}\`${because}; a person has to approve it`;
  return `${what} is denied by rule \`${rule.id}\`${because}; ${ADVICE}`;
}

/** Why a request is refused whose holds nobody may approve. */
export function rolelessReason(rules: readonly string[], request: AccessRequest): string {
  const names = rules.map((rule) => `\`${rule}\``).join(', ');
  return `${whatOf(request)} is denied, since no role may approve what the rules ${names} hold together; ${ADVICE}`;
}

/** Why a request is refused that no rule allows; `failed` are rules that might have. */
export function defaultReason(failed: readonly Hit[], request: AccessRequest): string {
  const { agent, subject } = request.principal;
  const whom = agent === '' ? `subject \`${subject}\`` : `agent \`${agent}\``;
  const failures = failed.map(({ rule, failure }) => ` (rule \`${rule.id}\` failed: ${failure})`);
  return `no rule allows ${whatOf(request)} for ${whom}${failures.join('')}; ${ADVICE}`;
}

function whatOf({ action, resource }: AccessRequest): string {
  const name = formatResource(resource);
  const shown = name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX)}…` : name;
  return `\`${action}\` on \`${shown}\``;
}
