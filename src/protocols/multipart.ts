// Forms (multipart/form-data, RFC 7578) as two readers could never read them differently.
// INVARIANT: the boundary stands in a body only where a part begins or ends; anything that a lenient reader could take for it is refused.
import { invalid } from './fields.ts';
import { type PartHead, readPartHead } from './part-head.ts';

/** One part of a form; `start` to `end` are the bytes of its value in the body. */
export interface FormPart extends PartHead {
  readonly start: number;
  readonly end: number;
}

/** A media type with one parameter, the boundary: up to 70 characters (RFC 2046 §5.1.1), none of which ends in another reader. */
const FORM_TYPE =
  /^multipart\/form-data\s*;\s*boundary=(?:"([0-9A-Za-z'()+_,./:=?-]{1,70})"|([0-9A-Za-z'+_.-]{1,70}))\s*$/i;
const PARTS_MAX = 256;
/** Of the lines before one value. */
const HEAD_BYTES_MAX = 4_096;
const LINE_END = '\r\n';

/** The boundary that a content type names, or undefined where it is no form's, or one that is not plain. */
export function boundaryOf(contentType: string): string | undefined {
  const match = FORM_TYPE.exec(contentType);
  return match?.[1] ?? match?.[2];
}

/** The parts of a form. Throws `request.invalid` for what readers may differ on. */
export function readForm(body: Buffer, boundary: string): readonly FormPart[] {
  const marks = marksOf(body, `--${boundary}`);
  const [first] = marks;
  if (first?.at !== 0) throw refused('does not begin with its boundary');
  const last = marks.at(-1);
  if (!last?.isLast) throw refused('does not end with its boundary');
  const after = body.toString('latin1', last.end);
  if (after !== '' && after !== LINE_END) throw refused('goes on behind its last boundary');
  return marks.slice(0, -1).map((mark, index) => partBetween(body, mark.end, marks[index + 1] as Mark));
}

interface Mark {
  readonly at: number;
  readonly end: number;
  /** Whether it ends the form. */
  readonly isLast: boolean;
}

/** Every place of the boundary, whether or not it stands well. */
function marksOf(body: Buffer, dashed: string): readonly Mark[] {
  const marks: Mark[] = [];
  for (let at = body.indexOf(dashed, 0, 'latin1'); at >= 0; at = body.indexOf(dashed, at + 1, 'latin1')) {
    const end = at + dashed.length;
    const next = body.toString('latin1', end, end + 2);
    const standsAlone = at === 0 || body.toString('latin1', at - 2, at) === LINE_END;
    if (!standsAlone || (next !== LINE_END && next !== '--')) throw refused('has its boundary where no part begins');
    const isLast = next === '--';
    if (marks.at(-1)?.isLast) throw refused('goes on behind its last boundary');
    marks.push({ at, end: end + 2, isLast });
    if (marks.length > PARTS_MAX) throw refused(`has more than ${PARTS_MAX} parts`);
  }
  return marks;
}

/** The part from behind one boundary to the line end before the next. */
function partBetween(body: Buffer, from: number, next: Mark): FormPart {
  const end = next.at - LINE_END.length;
  const blank = body.indexOf(`${LINE_END}${LINE_END}`, from, 'latin1');
  if (blank < 0 || blank + 4 > end) throw refused('has a part without a blank line behind its headers');
  if (blank - from > HEAD_BYTES_MAX) throw refused(`has a part with more than ${HEAD_BYTES_MAX} bytes of headers`);
  const start = blank + 4;
  const head = readPartHead(body.subarray(from, blank), end - start);
  return { ...head, start, end };
}

function refused(what: string): Error {
  return invalid(`the form ${what}; send it as \`multipart/form-data\` with a boundary that stands nowhere else`);
}
