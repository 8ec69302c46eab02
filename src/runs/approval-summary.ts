// What approvers see of a call's arguments: canonical, without what the policy redacts, and of bounded size.
import { type JsonTree, sorted } from './canonical-json.ts';

export interface ShownArguments {
  readonly args: string;
  /** Whether something was too long to be shown whole. */
  readonly argsCut: boolean;
}

const SHOWN_BYTES_MAX = 4_096;
/** Longer texts are shown by their beginning, so that one cannot push the others out of sight. */
const TEXT_MAX = 512;
const REDACTED = JSON.stringify('[redacted]');

/** `redact` has paths like `args.body` or `owner.email`; a path leads through the elements of arrays. */
export function shownArguments(tree: JsonTree, redact: readonly string[]): ShownArguments {
  const hidden = new Set(redact.map((path) => path.replace(/^args\./, '')));
  let argsCut = false;

  function show(value: JsonTree, path: string): string {
    if (hidden.has(path)) return REDACTED;
    if (typeof value === 'string') return shortened(value);
    if (!(value instanceof Map)) {
      return `[${(value as readonly JsonTree[]).map((element) => show(element, path)).join(',')}]`;
    }
    const members = sorted(value).map(([key, member]) => {
      return `${JSON.stringify(key)}:${show(member, path === '' ? key : `${path}.${key}`)}`;
    });
    return `{${members.join(',')}}`;
  }

  function shortened(scalar: string): string {
    if (scalar.length <= TEXT_MAX || !scalar.startsWith('"')) return scalar;
    const text = JSON.parse(scalar) as string;
    if (text.length <= TEXT_MAX) return scalar;
    argsCut = true;
    return JSON.stringify(`${text.slice(0, TEXT_MAX).toWellFormed()}… (${text.length - TEXT_MAX} more characters)`);
  }

  const whole = hidden.has('args') ? REDACTED : show(tree, '');
  const bytes = Buffer.from(whole);
  if (bytes.length <= SHOWN_BYTES_MAX) return { args: whole, argsCut };
  const room = SHOWN_BYTES_MAX - Buffer.byteLength('…');
  // A character cut in half decodes to U+FFFD.
  const cut = new TextDecoder().decode(bytes.subarray(0, room)).replace(/\uFFFD$/, '');
  return { args: `${cut}…`, argsCut: true };
}

/** A value that conditions read, as a tree. */
export function treeOf(value: unknown): JsonTree {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (Array.isArray(value)) return (value as readonly unknown[]).map(treeOf);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return new Map(Object.entries(value).map(([key, member]) => [key.toWellFormed(), treeOf(member)]));
}
