import { nearest } from '../core/nearest.ts';
import type { PolicySet } from './policy-set.ts';

/** A label that the condition of a rule asks for, and no rule sets. */
export interface UnsetLabel {
  /** `policy/rule` */
  readonly rule: string;
  readonly label: string;
  /** Character of the condition at which it stands. */
  readonly offset: number;
  /** A label that some rule does set, where one is near. */
  readonly meant: string | undefined;
}

/** The labels that conditions wait for in vain. What policies in shadow mode would set, none sets. */
export function unsetLabels({ policies }: PolicySet): UnsetLabel[] {
  const rules = policies.flatMap((policy) => policy.rules);
  const set = rules
    .filter(({ policy }) => !policy.shadow)
    .flatMap(({ obligations }) => obligations.flatMap((each) => (each.kind === 'label' ? each.labels : [])));
  return rules.flatMap(({ id, when }) =>
    (when?.labels ?? [])
      .filter(({ label }) => !set.includes(label))
      .map(({ label, offset }) => ({ rule: id, label, offset, meant: nearest(label, set) })),
  );
}
