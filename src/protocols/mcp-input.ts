// Asking a client's user in an answer, instead of refusing the call (MCP 2026-07-28, multi round-trip requests; elicitation).
// INVARIANT: what comes back is no approval: it says that the call is to be repeated, and its repeat is judged as any call.
import type { RpcInput } from '../core/call.ts';
import type { HeldForApproval } from '../core/approval.ts';
import { type Fields, isFields } from './fields.ts';
import type { McpMessage } from './mcp-message.ts';

const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';
/** The methods whose results may ask. */
const METHODS = new Set(['tools/call', 'prompts/get', 'resources/read']);
/** Names the question among the answers that the repeat brings. */
const QUESTION = 'waygate_approval';

/**
 * How the client can be asked; undefined where it cannot be, where its user has answered with no, and within an exchange
 * that the upstream has begun, which an answer of ours would end.
 */
export function readInput({ method, params, meta }: McpMessage): RpcInput | undefined {
  if (!METHODS.has(method) || !params) return undefined;
  const capabilities = meta[CAPABILITIES_KEY];
  const elicitation = isFields(capabilities) ? capabilities['elicitation'] : undefined;
  if (!isFields(elicitation) || isOfUpstream(params) || hasDeclined(params)) return undefined;
  const url = isFields(elicitation['url']);
  // An empty capability is that of forms.
  const form = isFields(elicitation['form']) || Object.keys(elicitation).length === 0;
  return form || url ? { form, url } : undefined;
}

function isOfUpstream(params: Fields): boolean {
  const responses = params['inputResponses'];
  if ('requestState' in params) return true;
  return responses !== undefined && !(isFields(responses) && Object.keys(responses).every((key) => key === QUESTION));
}

function hasDeclined({ inputResponses }: Fields): boolean {
  const answer = isFields(inputResponses) ? inputResponses[QUESTION] : undefined;
  return answer !== undefined && !(isFields(answer) && answer['action'] === 'accept');
}

/** The result that asks the user to have the call approved; undefined where this client cannot be asked so. */
export function inputRequired({ message, page }: HeldForApproval, input: RpcInput): Fields | undefined {
  if (input.url && page !== undefined) return asked({ mode: 'url', url: page, message });
  if (!input.form) return undefined;
  const text = `${message}. To accept this form approves nothing: it repeats the call, which then waits for the approval`;
  return asked({ mode: 'form', message: text, requestedSchema: { type: 'object', properties: {} } });
}

function asked(params: Fields): Fields {
  return {
    resultType: 'input_required',
    inputRequests: { [QUESTION]: { method: 'elicitation/create', params } },
  };
}
