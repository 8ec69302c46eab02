// A rollback as the operators' API tells of it. Operators and the command line read this shape.
import type { PlanStep, ReportStep, RollbackPlan } from '../runs/journal-plan.ts';

/** What an operator sees of a plan. The command line reads this shape. */
export interface PlanView {
  readonly run: string;
  readonly tenant: string;
  /** Of the plan: named in the order to run it, it must still be the same. */
  readonly plan: string;
  /** The newest first. */
  readonly steps: readonly PlanStepView[];
}

export interface PlanStepView extends Pick<PlanStep, 'step' | 'call' | 'resource' | 'kind'> {
  readonly undo?: { readonly tool: string; readonly args: Readonly<Record<string, unknown>> };
  readonly because?: string;
}

/** What became of it. */
export interface ReportView {
  readonly run: string;
  readonly tenant: string;
  /** Whether all that could be taken back by the plan has been. */
  readonly complete: boolean;
  readonly steps: readonly ReportStep[];
}

export function viewOf({ id, steps }: RollbackPlan, about: Pick<PlanView, 'run' | 'tenant'>): PlanView {
  return { ...about, plan: id, steps: steps.map(stepView) };
}

function stepView(planned: PlanStep): PlanStepView {
  const { step, call, resource, kind } = planned;
  const view = { step, call, resource, kind };
  if (planned.kind === 'cannot') return { ...view, because: planned.because };
  if (planned.kind === 'undone') return view;
  return { ...view, undo: { tool: planned.undo.tool, args: planned.undo.args } };
}
