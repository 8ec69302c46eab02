// The branch that is killed: its lead writes at length meanwhile, and afterwards all of its members try again.
import { setTimeout as pause } from 'node:timers/promises';
import { conversation, promptOf } from './conversation.ts';
import { type Hands, Killed } from './hands.ts';
import { operate } from './operators.ts';
import { type Member, tagOf } from './plan.ts';
import type { Scene } from './scene.ts';

export interface Kill {
  /** Of the lead of the branch. */
  readonly run: string;
  /** Milliseconds since the epoch: when it was asked for, and when it was acknowledged. */
  readonly askedMs: number;
  readonly acknowledgedMs: number;
  /** When the stream that was open then ended in an error that says so; undefined where it ended in any other way. */
  readonly streamCutMs: number | undefined;
}

/** For how long its members wait before they try again. */
const AGAIN_MS = 2_200;
const LONG_TEXT = 'and on it goes '.repeat(150);

/** Kills the run of that member, and with it all below, while a stream of it is open. */
export async function killBranch(scene: Scene, top: Member, hands: Hands): Promise<Kill> {
  const rest = await hands.write(promptOf(`${tagOf(top, 0)} ${LONG_TEXT}`));
  const cut = rest().then(
    () => undefined,
    (cause: unknown) => (cause instanceof Killed ? Date.now() : undefined),
  );
  const run = await runOf(scene, top);
  const askedMs = Date.now();
  await operate(scene, `runs/${run}/kill`, { reason: 'an operator stops this branch of the swarm' });
  const acknowledgedMs = Date.now();
  return { run, askedMs, acknowledgedMs, streamCutMs: await cut };
}

async function runOf(scene: Scene, { name }: Member): Promise<string> {
  const { runs } = await operate<{ readonly runs: readonly { readonly id: string }[] }>(scene, 'runs?limit=1');
  const tree = await operate<{ readonly runs: readonly { readonly id: string; readonly name: string }[] }>(
    scene,
    `runs/${runs[0]?.id}/tree`,
  );
  const found = tree.runs.find((run) => run.name === name);
  if (!found) throw new Error(`no run is called \`${name}\``);
  return found.id;
}

/** Has every member of the branch try again, two seconds after the acknowledgement; gives how many were refused as killed. */
export async function tryAgain(branch: ReadonlyMap<Member, Hands>, { acknowledgedMs }: Kill): Promise<number> {
  await pause(Math.max(0, acknowledgedMs + AGAIN_MS - Date.now()));
  let refused = 0;
  for (const [member, hands] of branch) {
    await conversation(member, hands, 1_000)().catch((cause: unknown) => {
      if (!(cause instanceof Killed)) throw cause;
      refused += 1;
    });
  }
  return refused;
}
