import { header, type Headers } from '../core/exchange.ts';
import { type Outcome, problem } from './oauth-problem.ts';

/** The fields of a form, read once; a field without a value counts as left out (RFC 6749 §3.2). */
export interface Form {
  /** The one value of a field. */
  readonly one: (name: string) => string | undefined;
  readonly all: (name: string) => readonly string[];
}

const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
/** May occur several times (RFC 8693 §2.1). */
const REPEATED: ReadonlySet<string> = new Set(['resource', 'audience']);
export const FORM_BYTES = 65_536;

export function readForm(headers: Headers, body: Buffer): Outcome<Form> {
  const no = (text: string): Outcome<Form> => ({ ok: false, problem: problem('invalid_request', text) });
  if (!FORM_TYPE.test(header(headers, 'content-type') ?? ''))
    return no('the request must be a form (`content-type: application/x-www-form-urlencoded`)');
  if (body.length > FORM_BYTES) return no(`the form is longer than ${FORM_BYTES} bytes`);
  const fields = new URLSearchParams(body.toString('utf8'));
  const names = [...fields.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index && !REPEATED.has(name));
  if (twice !== undefined) return no('a field of the form occurs twice; send each but `resource` and `audience` once');
  const all = (name: string): readonly string[] => fields.getAll(name).filter((value) => value !== '');
  return { ok: true, value: { all, one: (name) => all(name)[0] } };
}
