// By what a client says that a call is the one that it has made before. Read of calls that a policy has journaled, alone.
// INVARIANT: what a call asks for never makes its key: two equal payments may both be meant.
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { type Fields, invalid, isFields } from './fields.ts';
import { outline, type Part, partOf } from './json-outline.ts';

const KEY_MAX = 255;
/** Visible ASCII, as it stands unquoted. */
const BARE = /^[\x21\x23-\x7e][\x21-\x7e]*$/;
/** A text of RFC 8941 §3.3.3. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

const KEY_FIELDS = ['waygate/idempotencyKey', 'idempotencyKey'] as const;
/** What the model named its use of the tool: the client sends it along. */
const USE_FIELDS = ['claudecode/toolUseId', 'callId'] as const;

/** What the key is read from. */
export type Keyed = Pick<Call, 'dialect' | 'headers' | 'body' | 'rpc'>;

/**
 * The key of a call: the field `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), the key in MCP's `_meta`, or
 * the id of an MCP request together with that of the tool use. The id alone is none: clients count from 0 again.
 * Undefined where the call has none. Throws `request.invalid` for a key that is none, `request.mismatch` for two.
 */
export function journalKey({ dialect, headers, body, rpc }: Keyed): string | undefined {
  const stated = headers['idempotency-key'];
  const meta = dialect === 'mcp' ? metaOf(body) : {};
  const inBody = textIn(meta, KEY_FIELDS);
  const inHeader = stated === undefined ? undefined : headerKey(stated);
  if (inHeader !== undefined && inBody !== undefined && inHeader !== inBody) {
    throw new GatewayError(
      'request.mismatch',
      'the field `Idempotency-Key` and the key in `_meta` differ; send one of them, or the same in both',
    );
  }
  const key = inHeader ?? inBody;
  if (key !== undefined) return `key ${key}`;
  const use = rpc?.id === undefined ? undefined : textIn(meta, USE_FIELDS);
  return use === undefined ? undefined : `use ${rpc?.id} ${use}`;
}

/**
 * The bytes that a repeat of the call has in common with it: of an MCP message its method and its parameters without
 * `_meta`; else the method, the address, the media type and the body.
 */
export function journaledBytes(call: Keyed & Pick<Call, 'method' | 'target'>): readonly (string | Buffer)[] {
  const { dialect, body, rpc, method, target, headers } = call;
  if (dialect !== 'mcp') return [`${method} ${target}\n${String(headers['content-type'] ?? '')}\n`, body];
  const params = paramsOf(body).filter(({ key }) => key !== '_meta');
  return [`${rpc?.method ?? ''}\n`, ...params.flatMap((part) => [body.subarray(part.from, part.end), '\n'])];
}

function headerKey(field: string | readonly string[]): string {
  const [text = '', ...more] = typeof field === 'string' ? [field] : field;
  const key = QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1') ?? (BARE.test(text) ? text : '');
  if (more.length === 0 && key.length > 0 && key.length <= KEY_MAX) return key;
  throw invalid(`expected one \`Idempotency-Key\` of 1 to ${KEY_MAX} visible ASCII characters, quoted or not`);
}

/** The first of some fields that is there. */
function textIn(meta: Fields, names: readonly string[]): string | undefined {
  const name = names.find((one) => meta[one] !== undefined);
  if (name === undefined) return undefined;
  const value = meta[name];
  if (typeof value === 'string' && value.length > 0 && value.length <= KEY_MAX && value.isWellFormed()) return value;
  throw invalid(`expected \`_meta["${name}"]\` to be a text of 1 to ${KEY_MAX} characters`);
}

function metaOf(body: Buffer): Fields {
  if (!body.includes('"_meta"')) return {};
  const meta = partOf(paramsOf(body), '_meta');
  const value: unknown = meta && JSON.parse(body.toString('utf8', meta.start, meta.end));
  return isFields(value) ? value : {};
}

function paramsOf(body: Buffer): readonly Part[] {
  const text = body.toString('latin1');
  const params = partOf(outline(text, text.indexOf('{')), 'params');
  return params ? outline(text, params.start) : [];
}
