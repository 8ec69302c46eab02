// A step of a run as the operators' API tells of it. Operators, the console and the command line read this shape.
import type { TimelineStep } from '../runs/timeline.ts';

export interface StepView extends Omit<TimelineStep, 'at'> {
  /** ISO 8601. */
  readonly at: string;
}

export function stepView({ at, ...step }: TimelineStep): StepView {
  return { at: new Date(at).toISOString(), ...step };
}
