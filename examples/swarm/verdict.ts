// Whether all that was written down of the swarm agrees. Pure: what was read comes in, sentences come out.
import type { RunView } from '../../src/admin/run-view.ts';
import type { Audited, Sent } from './books.ts';
import type { Counts, Served } from './counts.ts';
import { judgeKill } from './judge-kill.ts';
import { isBelow, type Member, type Plan } from './plan.ts';
import type { Asked } from './questions.ts';
import type { Outcome } from './swarm.ts';

export interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

export interface Read {
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly tree: readonly RunView[];
  readonly audited: Audited;
  readonly counts: Counts;
  readonly questions: { readonly admit: Asked; readonly settle: Asked };
}

/** Calls of one agent that a kill may meet: its own, and the long answer of the lead. */
const CUT_MAX = 2;
const ASKED_PER_CALL_MAX = 1.05;
const SHOWN = 5;

export function judge(read: Read): readonly Verdict[] {
  const runs = new Map(read.tree.map((run) => [run.parent === null ? read.plan.members[0]?.name : run.name, run]));
  const pairs = read.plan.members.map((member) => ({ member, run: runs.get(member.name) }));
  return [
    ...judgeTree(read, pairs),
    agree('own totals of the tree, and the audit of both gateways', pairs, (pair) => ownAndAudit(pair, read.audited)),
    agree('totals of every subtree, and the sum of what is below', pairs, (pair) => subtree(pair, pairs)),
    agree('the audit, and what the upstreams counted', pairs, (pair) => auditAndUpstreams(pair, read)),
    agree('answers that the agents got, and the audit', pairs, (pair) => answers(pair, read)),
    ...judgeKill(read, pairs),
    ...judgeQuestions(read),
  ];
}

export interface Pair {
  readonly member: Member;
  readonly run: RunView | undefined;
}

function judgeTree({ tree, plan, audited }: Read, pairs: readonly Pair[]): readonly Verdict[] {
  const deepest = Math.max(...tree.map(({ depth }) => depth));
  const misplaced = pairs.filter(({ member, run }) => {
    const parent = pairs.find((pair) => pair.member === member.parent)?.run?.id ?? null;
    return !run || run.parent !== parent || run.depth !== member.path.length - 1;
  });
  return [
    {
      ok: tree.length === plan.members.length && misplaced.length === 0,
      text: `the tree has ${tree.length} of ${plan.members.length} runs, ${deepest} deep, ${misplaced.length} of them in another place than planned`,
    },
    { ok: audited.open === 0, text: `every permit in the audit has its outcome (${audited.open} have none)` },
  ];
}

/** One verdict over all nodes: which of them differ, and how. */
function agree(what: string, pairs: readonly Pair[], differs: (pair: Pair) => string | undefined): Verdict {
  const found = pairs.flatMap((pair) => {
    const how = differs(pair);
    return how === undefined ? [] : [`${pair.member.name}: ${how}`];
  });
  const named = found.slice(0, SHOWN).join('; ');
  return {
    ok: found.length === 0,
    text: found.length === 0 ? `equal at every node: ${what}` : `${found.length} nodes differ: ${what}: ${named}`,
  };
}

function ownAndAudit({ run }: Pair, { books }: Audited): string | undefined {
  const book = books.get(run?.id ?? '');
  if (!run || !book) return 'is missing';
  const { steps, calls, tokens, money } = run.own;
  const told = { steps: book.steps, tokens: book.tokens, money: book.money, ...book.calls };
  const isUnheard = steps > book.steps && steps <= book.steps + book.unheard;
  if (isUnheard) return unequal({ tokens, money }, { tokens: book.tokens, money: book.money });
  return unequal({ steps, tokens, money, ...calls }, told);
}

function subtree({ member, run }: Pair, pairs: readonly Pair[]): string | undefined {
  const below = pairs.filter((pair) => isBelow(pair.member, member)).flatMap((pair) => pair.run?.own ?? []);
  const sum = (of: 'runs' | 'steps' | 'tokens' | 'money' | 'errors'): number =>
    below.reduce((total, own) => total + own[of], 0);
  const all = run?.all;
  if (!all) return 'is missing';
  const { runs, steps, tokens, money, errors } = all;
  const summed = { runs: sum('runs'), steps: sum('steps'), tokens: sum('tokens'), money: sum('money') };
  return unequal({ runs, steps, tokens, money, errors }, { ...summed, errors: sum('errors') });
}

const NEVER: Served = { calls: 0, whole: 0, tokens: { input: 0, output: 0 }, lastCameMs: 0, lastEndedMs: 0 };
const NOTHING: Sent = { calls: 0, whole: 0, tokens: 0 };

function auditAndUpstreams({ member, run }: Pair, { audited, counts }: Read): string | undefined {
  const sent = audited.books.get(run?.id ?? '')?.sent ?? {};
  const served = counts[member.name] ?? {};
  for (const what of new Set([...Object.keys(sent), ...Object.keys(served)])) {
    const pair = [sent[what] ?? NOTHING, served[what] ?? NEVER] as const;
    const how = run?.state === 'killed' ? cutOff(...pair) : sentAndServed(...pair);
    if (how !== undefined) return `${what}: ${how}`;
  }
  return undefined;
}

function sentAndServed({ calls, whole, tokens }: Sent, served: Served): string | undefined {
  const { input, output } = served.tokens;
  return unequal({ calls, whole, tokens }, { calls: served.calls, whole: served.whole, tokens: input + output });
}

/** Of a call that was cut nobody can know how far it had come at the other end, and what it used there. */
function cutOff(sent: Sent, served: Served): string | undefined {
  const isWithin = served.calls <= sent.calls && served.calls >= sent.calls - CUT_MAX;
  return isWithin ? undefined : `${sent.calls} calls were sent, ${served.calls} came`;
}

function answers({ member, run }: Pair, { audited, outcome }: Read): string | undefined {
  const sent = Object.values(audited.books.get(run?.id ?? '')?.sent ?? {});
  const whole = sent.reduce((total, one) => total + one.whole, 0);
  const answered = outcome.done.get(member) ?? 0;
  if (run?.state === 'killed' && Math.abs(answered - whole) <= CUT_MAX) return undefined;
  return unequal({ answered }, { answered: whole });
}

function unequal(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): string | undefined {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const found = names.filter((name) => (one[name] ?? 0) !== (other[name] ?? 0));
  return found.length === 0
    ? undefined
    : found.map((name) => `${name} ${one[name] ?? 0} and ${other[name] ?? 0}`).join(', ');
}

function judgeQuestions({ questions: { admit, settle } }: Read): readonly Verdict[] {
  const per = (count: number): string => (count / admit.calls).toFixed(3);
  const asked = admit.questions / admit.calls;
  return [
    {
      ok: asked <= ASKED_PER_CALL_MAX,
      text: `Redis was asked to admit ${per(admit.questions)} times a call, in ${per(admit.scripts)} round trips (${admit.calls} calls); to settle in ${per(settle.scripts)}`,
    },
  ];
}
