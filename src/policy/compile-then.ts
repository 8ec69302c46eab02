import { type Action, ACTIONS } from '../core/access.ts';
import type { Compensation, Obligation } from '../core/decision.ts';
import type { Spot } from '../documents/faults.ts';
import { NAME, NAME_FAULT, type ThenFile } from './schema.ts';
import { wordsOf } from './words.ts';

/** What has one answer that can be kept, and may change something. */
const JOURNALED: ReadonlySet<Action> = new Set<Action>(['tool.call', 'http.request']);

const PATH = /^(?:args|result)(?:\.[^.\s']+)*$/;
const QUOTED = /^'(.*)'$/s;
const TOOL = /^[^/*{}\s]+\/[^*{}\s]+$/;

export interface ThenPlace {
  /** `policy/rule` */
  readonly rule: string;
  readonly actions: readonly Action[];
  readonly spot: Spot;
}

/** What a permit of a rule stands on. What is wrong with it goes to its spot. */
export function compileThen(then: ThenFile | undefined, { rule, actions, spot }: ThenPlace): readonly Obligation[] {
  if (!then) return [];
  const { label, scope = 'tree', alert, journal, undo } = then;
  if (label === undefined && journal === undefined && alert === undefined)
    spot.fault('expected `label`, `alert` or `journal`');
  if (then.scope !== undefined && label === undefined)
    spot.at('scope').fault('`scope` goes with `label`', { of: 'key' });
  if (undo && !journal) spot.at('undo').fault('`undo` goes with `journal: true`', { of: 'key' });
  const labels = wordsOf(label, spot.at('label'));
  for (const word of labels) if (!NAME.test(word.text)) word.spot.fault(NAME_FAULT);
  const other = actions.find((action) => !JOURNALED.has(action));
  if (journal && other !== undefined)
    spot.at('journal').fault(
      `\`${other}\` cannot be journaled, only ${ACTIONS.filter((action) => JOURNALED.has(action))
        .map((action) => `\`${action}\``)
        .join(' and ')} can`,
      { of: 'key' },
    );
  const names = [...new Set(labels.map(({ text }) => text))].sort();
  const compensation = undo && compileUndo(undo, spot.at('undo'));
  return [
    ...(names.length > 0 ? [{ kind: 'label', labels: names, scope } as const] : []),
    ...(alert ? [{ kind: 'alert', rule } as const] : []),
    ...(journal ? [{ kind: 'journal', rule, undo: compensation } as const] : []),
  ];
}

function compileUndo({ tool, args = {} }: NonNullable<ThenFile['undo']>, spot: Spot): Compensation {
  if (!TOOL.test(tool)) spot.at('tool').fault('expected `upstream/name` of one tool, e.g. `github/close_issue`');
  const read = Object.entries(args).map(([name, value]) => [name, sourceOf(value, spot.at('args', name))] as const);
  return { tool, args: Object.fromEntries(read) };
}

/** A text that is neither a path nor quoted is refused: it may be a path with a typo in it. */
function sourceOf(value: string | number | boolean | null, spot: Spot): Compensation['args'][string] {
  if (typeof value !== 'string') return { literal: value };
  if (PATH.test(value)) return { path: value.split('.') };
  const [, literal] = QUOTED.exec(value) ?? [];
  if (literal === undefined)
    spot.fault(
      'expected a path like `result.id` or `args.owner`, or a text of its own in single quotes: "\'duplicate\'"',
    );
  return { literal };
}
