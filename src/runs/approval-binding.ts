// What an approval is for: one principal, run, action and resource, the exact arguments, and what the policy asks for.
// INVARIANT: two calls share a binding only where approving one is approving the other. A policy that comes to ask for more
// (another rule, role or number of people) finds no approval that was given on less.
import { createHash } from 'node:crypto';
import { type AccessRequest, formatResource } from '../core/access.ts';
import type { ApprovalTerms } from '../core/approval.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { canonical, type JsonTree, readTree, treeAt } from './canonical-json.ts';
import { treeOf } from './approval-summary.ts';

/** What a call is bound by, and its arguments for people to see. */
export interface Bound {
  /** SHA-256, in hex. */
  readonly binding: string;
  /** Of the arguments, in hex; `-` where they are not bound. */
  readonly digest: string;
  readonly tree: JsonTree;
}

type BindableCall = Pick<Call, 'access' | 'dialect' | 'method' | 'target' | 'body'>;

/** Conversations differ with every call: an approval of a generation is for the run, the model and a time. */
const UNBOUND_ARGUMENTS = '-';
const NO_ARGUMENTS: JsonTree = new Map();

/** The binding of a call as it came, under these terms. Big integers of its body are kept. Throws `request.invalid`. */
export function boundCall(call: BindableCall, terms: ApprovalTerms): Bound {
  const { digest, tree } = argumentsOf(call);
  return { binding: bindingOf(call.access, digest, terms), digest, tree };
}

/** The binding of a call that is yet to come, with these arguments. */
export function boundAhead(access: AccessRequest, tree: JsonTree, terms: ApprovalTerms): Bound {
  const digest = access.action === 'model.generate' ? UNBOUND_ARGUMENTS : digestOf(tree);
  return { binding: bindingOf(access, digest, terms), digest, tree };
}

function bindingOf({ principal, run, action, resource }: AccessRequest, digest: string, terms: ApprovalTerms): string {
  const call = [principal.id, run.id, action, formatResource(resource), digest];
  const asked = [terms.rules.toSorted(), terms.roles.toSorted(), terms.approvers, terms.grantMs, terms.uses];
  return sha256(JSON.stringify([call, asked]));
}

function argumentsOf({ access, dialect, method, target, body }: BindableCall): Omit<Bound, 'binding'> {
  if (access.action === 'model.generate') return { digest: UNBOUND_ARGUMENTS, tree: treeOf(access.args) };
  if (dialect === 'mcp') {
    const tree = treeAt(readBody(body), ['params', 'arguments']) ?? NO_ARGUMENTS;
    return { digest: digestOf(tree), tree };
  }
  const json = isJson(access) ? readBody(body) : undefined;
  const content = json === undefined ? sha256(body) : canonical(json);
  const digest = sha256(JSON.stringify([method, target, access.args['media'] ?? '', content]));
  const members = Object.entries(access.args).map(([key, value]): [string, JsonTree] => {
    return [key, key === 'body' && json !== undefined ? json : treeOf(value)];
  });
  return { digest, tree: new Map(members) };
}

function readBody(body: Buffer): JsonTree {
  try {
    return readTree(body.toString());
  } catch (cause) {
    throw new GatewayError(
      'request.invalid',
      'the call needs an approval, and its body can be read in more than one way; send plain JSON, no key twice',
      { cause },
    );
  }
}

function digestOf(tree: JsonTree): string {
  return sha256(canonical(tree));
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Whether the body was read as JSON: only plain HTTP shows it to conditions. */
function isJson({ action, args }: AccessRequest): boolean {
  return action === 'http.request' && args['body'] !== undefined;
}

/** What `waygate__request` was asked for: the arguments of the call to come, with every digit. Throws `request.invalid`. */
export function askedArguments(body: Buffer): JsonTree {
  const asked = treeAt(readBody(body), ['params', 'arguments', 'arguments']);
  return asked instanceof Map ? asked : NO_ARGUMENTS;
}
