// What became of the branch that was killed, and of the others. Pure.
import { isBelow } from './plan.ts';
import type { Pair, Read, Verdict } from './verdict.ts';

/** From the acknowledgement on, on every replica. */
const KILLED_WITHIN_MS = 2_000;

/** That the branch stopped in time and for good, and nothing else did. */
export function judgeKill({ plan, outcome, counts }: Read, pairs: readonly Pair[]): readonly Verdict[] {
  const { kill, doomed, refusedAgain, takenUp } = outcome;
  const branch = pairs.filter(({ member }) => isBelow(member, plan.doomed));
  const others = pairs.filter(({ member }) => !isBelow(member, plan.doomed));
  const last = Math.max(
    ...branch.flatMap(({ member }) => Object.values(counts[member.name] ?? {})).map(({ lastEndedMs }) => lastEndedMs),
  );
  const after = last - kill.acknowledgedMs;
  const stillLive = branch.filter(({ run }) => run?.state !== 'killed').length;
  const stopped = others.filter(({ run }) => run?.state !== 'live').length;
  const unfinished = others.filter(({ member }) => (outcome.done.get(member) ?? 0) < member.steps).length;
  const cutAfter = kill.streamCutMs === undefined ? undefined : kill.streamCutMs - kill.acknowledgedMs;
  return [
    {
      ok: after <= KILLED_WITHIN_MS && stillLive === 0 && refusedAgain === doomed,
      text: `the branch of ${plan.doomed.name} (${doomed} runs, ${takenUp} steps before it) was killed: acknowledged after ${kill.acknowledgedMs - kill.askedMs} ms, its last call at an upstream ended ${told(after)}; tried again, ${refusedAgain} of ${doomed} were refused`,
    },
    {
      ok: cutAfter !== undefined && cutAfter <= KILLED_WITHIN_MS,
      text:
        cutAfter === undefined
          ? 'the stream that was open did not end in an error that says why'
          : `the stream that was open ended in its dialect's error, ${told(cutAfter)}`,
    },
    {
      ok: stopped === 0 && unfinished === 0,
      text: `all ${others.length} others are live and made every step (${stopped} stopped, ${unfinished} unfinished)`,
    },
  ];
}

function told(ms: number): string {
  return ms < 0 ? `${-ms} ms before that` : `${ms} ms after that`;
}
