// The operations of a plain HTTP API as people write them: `GET /issues/{id}`, `GET /files/{path+}`.

/** One part of a path: itself, any one segment, or all that is left. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one'; readonly name: string }
  | { readonly kind: 'rest'; readonly name: string };

export interface OperationTemplate {
  readonly method: string;
  readonly segments: readonly Segment[];
}

const METHOD = /^[A-Z][A-Z-]{0,31}$/;
const PARAMETER = /^\{([A-Za-z_]\w{0,63})(\+?)\}$/;
const LITERAL = /^(?!\.{1,2}$)[A-Za-z0-9\-._~!$&'()*+,=:@]*$/;
const SEGMENTS_MAX = 64;

/**
 * Whether an API may be asked with this method. CONNECT is of proxies, and TRACE would answer with what an upstream was
 * shown, its credential too (RFC 9110 §9.3.6, §9.3.8).
 */
export function isHttpMethod(method: string): boolean {
  return METHOD.test(method) && method !== 'CONNECT' && method !== 'TRACE';
}

/** Whether a text in braces names a parameter of a path: `id`, `path+`. */
export function isParameter(inside: string): boolean {
  return PARAMETER.test(`{${inside}}`);
}

/** Reads `METHOD /path/{parameter}`, or says what is wrong with it. */
export function parseOperation(text: string): OperationTemplate | { readonly fault: string } {
  const space = text.indexOf(' ');
  const method = text.slice(0, Math.max(0, space));
  const path = text.slice(space + 1);
  if (!isHttpMethod(method) || !path.startsWith('/')) {
    return { fault: 'expected a method and a path, e.g. `GET /issues/{id}`; CONNECT and TRACE are not for APIs' };
  }
  const parts = path.slice(1).split('/');
  if (parts.length > SEGMENTS_MAX) return { fault: `expected a path of at most ${SEGMENTS_MAX} segments` };
  const segments: Segment[] = [];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const segment = readSegment(part);
    if (!segment || (part === '' && !isLast)) return { fault: WRONG_SEGMENT };
    if (segment.kind === 'rest' && !isLast) return { fault: 'a parameter for the rest of a path stands at its end' };
    segments.push(segment);
  }
  const names = segments.flatMap((segment) => (segment.kind === 'literal' ? [] : [segment.name]));
  return new Set(names).size === names.length
    ? { method, segments }
    : { fault: 'a parameter occurs twice; give each its own name' };
}

const WRONG_SEGMENT =
  'expected segments like `issues`, `{id}` for any one segment, or at the end `{path+}` for the rest; nothing percent-encoded, no `..`';

function readSegment(part: string): Segment | undefined {
  const parameter = PARAMETER.exec(part);
  if (parameter) return { kind: parameter[2] === '+' ? 'rest' : 'one', name: parameter[1] as string };
  return LITERAL.test(part) ? { kind: 'literal', text: part } : undefined;
}

/** What two operations have in common that no request can tell apart. */
export function operationShape({ method, segments }: OperationTemplate): string {
  const parts = segments.map((segment) => (segment.kind === 'literal' ? segment.text : `{${segment.kind}}`));
  return `${method} /${parts.join('/')}`;
}
