import { invalid, readName } from './fields.ts';
import { utf8Text } from './json.ts';

/** What the headers of a form's part say. */
export interface PartHead {
  readonly name: string;
  /** Undefined for a plain field. */
  readonly filename: string | undefined;
  /** Media type in lower case, without parameters; empty where none is said. */
  readonly type: string;
}

/** `form-data; name="…"` and perhaps a file name. Escapes and other parameters (`filename*`) are read differently by readers. */
const DISPOSITION = /^form-data; ?name="([^"\\]*)"(?:; ?filename="([^"\\]*)")?$/i;
const LINE = /^([A-Za-z-]+): ?(.*)$/s;
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const CONTROL = /[\u0000-\u001f\u007f]/;
const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;\s*[\w-]+=(?:"[^"\\]*"|[\w!#$&^.+-]+))*$/;
/** Encodings that change no byte. */
const AS_IT_IS = /^(?:binary|8bit|7bit)$/i;

/** Reads the lines before a value of `bytes` bytes. Throws `request.invalid`. */
export function readPartHead(head: Buffer, bytes: number): PartHead {
  const fields = fieldsOf(utf8Text(head, 'a header of the form'));
  const disposition = DISPOSITION.exec(fields.get('content-disposition') ?? '');
  if (!disposition) {
    throw invalid(
      'expected each part of the form to have `content-disposition: form-data; name="…"`, and at most `filename="…"` besides',
    );
  }
  const [, name = '', filename] = disposition;
  const encoding = fields.get('content-transfer-encoding') ?? 'binary';
  if (!AS_IT_IS.test(encoding))
    throw invalid('expected the parts of the form to be sent as they are, without an encoding');
  const length = fields.get('content-length') ?? String(bytes);
  if (length !== String(bytes)) throw invalid('a part of the form states another `content-length` than it has');
  const type = fields.get('content-type') ?? '';
  if (type !== '' && !TYPE.test(type)) throw invalid('expected the `content-type` of a part to be a media type');
  return { name: readName(name, 'name'), filename, type: type.replace(/\s*;.*$/s, '').toLowerCase() };
}

const KNOWN = new Set(['content-disposition', 'content-type', 'content-transfer-encoding', 'content-length']);

function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const [, key = '', value = ''] = LINE.exec(line) ?? [];
    const name = key.toLowerCase();
    if (!KNOWN.has(name)) throw invalid(`a part of the form has a header that is not one of ${[...KNOWN].join(', ')}`);
    if (fields.has(name)) throw invalid(`a part of the form has the header \`${name}\` twice`);
    if (CONTROL.test(value)) throw invalid(`the header \`${name}\` of a part of the form has a control character`);
    fields.set(name, value.trimEnd());
  }
  return fields;
}
