// What a token exchange asks for (RFC 8693 §2.1), read and checked as far as its own words go.
import { parseMoney } from '../core/money.ts';
import type { Right } from '../core/rights.ts';
import { isName } from './claims.ts';
import type { Form } from './form.ts';
import { type OAuthCode, type Outcome, problem } from './oauth-problem.ts';
import { readDetails } from './rights-details.ts';

export const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const RUN_KEY = 'urn:waygate:params:oauth:token-type:run-key';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
/** What may stand as a subject or an actor: whatever this gateway takes as a credential. */
const SHOWN: ReadonlySet<string> = new Set([ACCESS_TOKEN, JWT, RUN_KEY]);

export interface ExchangeRequest {
  readonly subjectToken: string;
  readonly actorToken: string | undefined;
  readonly kind: 'token' | 'run-key';
  /** undefined where nothing is said: then as the parent's. */
  readonly scopes: readonly string[] | undefined;
  readonly rights: readonly Right[] | undefined;
  readonly agent: string | undefined;
  readonly name: string | undefined;
  readonly maxDepth: number | undefined;
  /** Micro-USD. */
  readonly budget: number | undefined;
  readonly seconds: number | undefined;
  /** Thumbprint of the key that the new token is to be bound to (RFC 9449 §10). */
  readonly proofKey: string | undefined;
}

type Fault = readonly [OAuthCode, string];
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;
const COUNT = /^\d{1,9}$/;

/** `targets` are the names that the gateway itself goes by. */
export function readExchange(form: Form, targets: readonly string[]): Outcome<ExchangeRequest> {
  const rights = readRights(form.one('authorization_details'));
  const fault =
    faultOf(form) ?? targetFault(form, targets) ?? (typeof rights === 'string' ? detailsFault(rights) : undefined);
  if (fault) return { ok: false, problem: problem(...fault) };
  const { one } = form;
  const budget = one('budget');
  return {
    ok: true,
    value: {
      subjectToken: one('subject_token') as string,
      actorToken: one('actor_token'),
      kind: one('requested_token_type') === RUN_KEY ? 'run-key' : 'token',
      scopes: one('scope')
        ?.split(' ')
        .filter((scope) => scope !== ''),
      rights: rights as readonly Right[] | undefined,
      agent: one('agent_name'),
      name: one('run_name'),
      maxDepth: numberOf(one('max_depth')),
      budget: budget === undefined ? undefined : parseMoney(budget),
      seconds: numberOf(one('expires_in')),
      proofKey: one('dpop_jkt'),
    },
  };
}

function faultOf({ one }: Form): Fault | undefined {
  if (one('grant_type') !== EXCHANGE_GRANT)
    return ['unsupported_grant_type', `the \`grant_type\` must be \`${EXCHANGE_GRANT}\``];
  const wrong = CHECKS.find(([name, isFit]) => !isFit(one(name), one));
  return wrong && ['invalid_request', `\`${wrong[0]}\` ${wrong[2]}`];
}

type Value = string | undefined;
const optional = (isFit: (value: string) => boolean) => (value: Value) => value === undefined || isFit(value);
const typeText = `must be ${[...SHOWN].map((type) => `\`${type}\``).join(', ')}`;

const CHECKS: readonly (readonly [string, (value: Value, one: Form['one']) => boolean, string])[] = [
  ['subject_token', (value) => value !== undefined, 'must be the token or key of the parent'],
  ['subject_token_type', (value) => value !== undefined && SHOWN.has(value), typeText],
  [
    'actor_token_type',
    (value, one) => (one('actor_token') === undefined) === (value === undefined),
    'goes with `actor_token`, and only with it',
  ],
  ['actor_token_type', optional((value) => SHOWN.has(value)), typeText],
  [
    'requested_token_type',
    optional((value) => value === ACCESS_TOKEN || value === RUN_KEY),
    `must be \`${ACCESS_TOKEN}\` or \`${RUN_KEY}\``,
  ],
  ['agent_name', optional(isName), 'must be a text of 1 to 256 characters'],
  ['run_name', optional(isName), 'must be a text of 1 to 256 characters'],
  ['max_depth', optional((value) => COUNT.test(value)), 'must be a whole number'],
  ['expires_in', optional((value) => COUNT.test(value) && Number(value) > 0), 'must be a whole number of seconds'],
  ['budget', optional((value) => parseMoney(value) !== undefined), 'must be an amount like `2 USD`'],
  ['dpop_jkt', optional((value) => THUMBPRINT.test(value)), 'must be the SHA-256 thumbprint of a key (RFC 7638)'],
];

/** Rights narrow a token here, not its audience. */
function targetFault({ all }: Form, targets: readonly string[]): Fault | undefined {
  if ([...all('resource'), ...all('audience')].every((target) => targets.includes(target))) return undefined;
  const known = targets.map((target) => `\`${target}\``).join(' or ');
  return ['invalid_target', `tokens are made for ${known} alone; narrow them with \`authorization_details\``];
}

function readRights(text: Value): readonly Right[] | string | undefined {
  if (text === undefined) return undefined;
  const read = readDetails(parseJson(text));
  return read.ok ? read.value : read.problem;
}

function detailsFault(text: string): Fault {
  return ['invalid_authorization_details', `\`authorization_details\`: ${text}`];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function numberOf(text: Value): number | undefined {
  return text === undefined ? undefined : Number(text);
}
