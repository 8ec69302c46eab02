// Objects that lie in the upstream's account: files, uploads, batches, stored responses. Their ids are the upstream's.
import type { RequestHead } from '../core/exchange.ts';
import { NO_ESTIMATE } from '../core/usage.ts';
import { type Fields, invalid, knownKeys, readFields, refuseVariants } from './fields.ts';
import { readFormFields } from './form-fields.ts';
import type { Reading } from './protocol.ts';

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys(`
  input_file_id output_expires_after endpoint completion_window metadata purpose filename bytes mime_type part_ids md5
  expires_after
`);
const KNOWN_IN_FORMS = knownKeys('purpose');
const FORM = /^\/(?:files|uploads\/[^/]+\/parts)$/;

/** A path below a collection: the object's id, and perhaps what of it or what to do with it. */
const BELOW = /^(\/(?:files|uploads|batches|responses|messages\/batches))\/[A-Za-z0-9_-]{1,128}(\/[a-z_]+)?$/;

/** The path with `{id}` in the place of an object's id, or undefined where it has none. */
export function objectTemplate(path: string): string | undefined {
  const [, collection, rest = ''] = BELOW.exec(path) ?? [];
  return collection === undefined ? undefined : `${collection}/{id}${rest}`;
}

/** A request for an object, or for a collection of them: its name is its path, e.g. `files/file-1/content`. */
export function objectReading(request: RequestHead, path: string, body: Buffer): Reading {
  const reads = request.method === 'GET';
  return {
    action: reads ? 'object.read' : 'object.write',
    resource: { kind: 'object', name: path.slice(1) },
    args: argsOf(request, path, body),
    estimate: NO_ESTIMATE,
    stream: false,
    rpc: undefined,
    abortable: true,
    traceable: false,
  };
}

function argsOf(request: RequestHead, path: string, body: Buffer): Fields {
  if (request.method !== 'POST') {
    if (body.length > 0) throw invalid(`expected no body with ${request.method}`);
    return {};
  }
  if (FORM.test(path)) {
    const { fields, files } = readFormFields(request, body, KNOWN_IN_FORMS);
    return { ...fields, files };
  }
  if (body.length === 0) return {};
  const fields = readFields(request, body);
  refuseVariants(fields, KNOWN);
  return fields;
}
