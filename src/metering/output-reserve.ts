import type { Call, PermittedCall } from '../core/call.ts';
import type { BodyEnd } from '../core/record.ts';
import type { LearnedOutput } from './learned-output.ts';

/** At upstreams that reserve by what calls really use: what one is expected to use, and learning from its end. */
export interface OutputReserve {
  /** The call with the output that it is expected to use, never more than it asks for. */
  readonly expected: (call: PermittedCall) => Call;
  /** What to do at the end of a call, learning from it. */
  readonly learning: (call: PermittedCall, done: (end: BodyEnd) => void) => (end: BodyEnd) => void;
}

export interface OutputReserveSource {
  /** Those that opted in. */
  readonly upstreams: ReadonlySet<string>;
  readonly learned: LearnedOutput;
}

export function outputReserve({ upstreams, learned }: OutputReserveSource): OutputReserve {
  const isLearnt = ({ access, model }: Call): boolean => upstreams.has(access.resource.upstream) && model !== '';
  return {
    expected(call) {
      const tokens = isLearnt(call) ? learned.p99(keyOf(call)) : undefined;
      if (tokens === undefined || tokens >= call.estimate.outputTokens) return call;
      return { ...call, estimate: { ...call.estimate, outputTokens: tokens } };
    },
    learning(call, done) {
      if (!isLearnt(call)) return done;
      return (end) => {
        // What broke off, or was reckoned, says too little of what calls use.
        if (end.ending === 'complete' && !end.metered.estimated) learned.learn(keyOf(call), end.metered.usage.output);
        done(end);
      };
    },
  };
}

function keyOf({ access, model }: Call): string {
  return `${access.principal.tenant}\n${access.resource.upstream}/${model}`;
}
