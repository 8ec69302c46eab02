import { type Action, ACTIONS, type ResourceKind } from '../core/access.ts';
import { unknownName } from '../core/nearest.ts';
import { actionsOf, FAMILIES, KINDS_OF } from './actions.ts';
import { matchesGlob } from './glob.ts';
import { everything, parsePattern, type Pattern } from './pattern.ts';
import type { Target } from './target-index.ts';
import type { Word } from './words.ts';

/** Stands for the upstream of tools that run in the client. */
export const LOCAL = 'local';

const NAMES: readonly string[] = [...ACTIONS, ...FAMILIES];

/** What a rule is about: actions, and the resources of `on` or else all that the actions can be done to. */
export function readRuleTarget(does: readonly Word[], on: readonly Word[]): Target {
  const actions = readActions(does);
  const patterns = readPatterns(on);
  const kinds = kindsOf(actions);
  if (on.length === 0) return { actions, patterns: kinds.map(everything) };
  for (const { kind, word } of patterns)
    if (kinds.length > 0 && !kinds.includes(kind)) word.spot.fault(`none of the actions is done to \`${kind}/…\``);
  for (const pattern of patterns) checkLocal(pattern, actions);
  for (const { text, spot } of does) {
    const own = kindsOf(actionsOf(text));
    if (own.length > 0 && patterns.length > 0 && !patterns.some(({ kind }) => own.includes(kind)))
      spot.fault(`\`${text}\` is done to ${formatKinds(own)}, which \`on\` does not name`);
  }
  return { actions, patterns };
}

/** Tools that clients run themselves are seen as `tool.local` and as nothing else, and nothing else is seen so. */
function checkLocal({ kind, globs, word }: ReturnType<typeof readPatterns>[number], actions: readonly Action[]): void {
  if (kind !== 'tool' || actions.length === 0) return;
  if (globs.every(({ upstream }) => upstream === LOCAL) && !actions.includes('tool.local'))
    word.spot.fault('`tool/local/…` are the tools that clients run themselves: their action is `tool.local`');
  if (actions.every((action) => action === 'tool.local') && !globs.some(({ upstream }) => matchesGlob(upstream, LOCAL)))
    word.spot.fault('`tool.local` is done to `tool/local/…`, the tools that clients run themselves');
}

/** What a limit counts: actions wherever they are done, whatever is done to resources, or without `on` everything. */
export function readLimitTargets(on: readonly Word[]): Target[] {
  if (on.length === 0) return [onAll(ACTIONS)];
  const actions = readActions(on.filter(({ text }) => !text.includes('/')));
  const patterns = readPatterns(on.filter(({ text }) => text.includes('/')));
  const kinds = patterns.map(({ kind }) => kind);
  return [
    onAll(actions),
    { actions: ACTIONS.filter((action) => KINDS_OF[action].some((kind) => kinds.includes(kind))), patterns },
  ];
}

function kindsOf(actions: readonly Action[]): ResourceKind[] {
  return [...new Set(actions.flatMap((action) => KINDS_OF[action]))];
}

/** `` `tool/…` or `prompt/…` `` */
export function formatKinds(kinds: readonly ResourceKind[]): string {
  return kinds.map((kind) => `\`${kind}/…\``).join(' or ');
}

function onAll(actions: readonly Action[]): Target {
  return { actions, patterns: kindsOf(actions).map(everything) };
}

function readActions(words: readonly Word[]): Action[] {
  return words.flatMap(({ text, spot }) => {
    const actions = actionsOf(text);
    if (actions.length === 0) spot.fault(unknownName('action', text, NAMES));
    return actions;
  });
}

function readPatterns(words: readonly Word[]): (Pattern & { readonly word: Word })[] {
  return words.flatMap((word) => {
    const pattern = parsePattern(word.text);
    if (!('fault' in pattern)) return [{ ...pattern, word }];
    word.spot.fault(pattern.fault);
    return [];
  });
}
