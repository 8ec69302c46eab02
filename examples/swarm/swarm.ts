// The task: everybody works through their steps at once, parents begin before their children; in the middle one branch is killed.
import { conversation } from './conversation.ts';
import { type Hands, handsOf, Killed } from './hands.ts';
import { type Kill, killBranch, tryAgain } from './kill.ts';
import { type Lineage, lineageOf } from './lineage.ts';
import { isBelow, type Member, type Plan } from './plan.ts';
import type { LineageKind, Scene } from './scene.ts';
import { type Turns, turns } from './turns.ts';

export interface TaskOptions {
  readonly lineage: LineageKind;
  readonly steps: number;
  /** Calls under way at once. */
  readonly width: number;
}

export interface Outcome {
  /** By member: calls that were answered. */
  readonly done: ReadonlyMap<Member, number>;
  readonly kill: Kill;
  /** Members of the branch that was killed, and how many of them were refused when they tried again. */
  readonly doomed: number;
  readonly refusedAgain: number;
  /** Steps that the branch left, which the orchestrator took up. */
  readonly takenUp: number;
  readonly tookMs: number;
}

/** The share of all steps after which the branch is killed. */
const MIDDLE = 0.4;
const TAKEN_UP_AT_ONCE = 8;

/** Rejects with whatever befalls anybody outside of the branch that is killed. */
export async function runTask(scene: Scene, plan: Plan, options: TaskOptions): Promise<Outcome> {
  const began = performance.now();
  const swarm = new Swarm(scene, plan, options);
  try {
    return { ...(await swarm.work()), tookMs: performance.now() - began };
  } finally {
    await swarm.close();
  }
}

class Swarm {
  readonly #scene: Scene;
  readonly #plan: Plan;
  readonly #steps: number;
  readonly #lineage: Lineage;
  readonly #turns: Turns;
  readonly #hands = new Map<Member, Hands>();
  readonly #done = new Map<Member, number>();
  readonly #middle = Promise.withResolvers<void>();

  constructor(scene: Scene, plan: Plan, { lineage, steps, width }: TaskOptions) {
    this.#scene = scene;
    this.#plan = plan;
    this.#steps = steps;
    this.#lineage = lineageOf(lineage, { token: scene.token, urls: scene.gateways.map(({ url }) => url) });
    this.#turns = turns(width);
  }

  async work(): Promise<Omit<Outcome, 'tookMs'>> {
    const { members, doomed } = this.#plan;
    const working = this.#live(members[0] as Member);
    const killing = this.#middle.promise.then(() => killBranch(this.#scene, doomed, this.#handsOf(doomed)));
    // All have begun when all have ended, so that the middle was passed.
    const [kill] = await Promise.all([killing, working]);
    const takenUp = await this.#takeUp(members[0] as Member);
    const branch = members.filter((member) => isBelow(member, doomed));
    const again = new Map(branch.map((member) => [member, this.#handsOf(member)]));
    const refusedAgain = await tryAgain(again, kill);
    return { done: this.#done, kill, doomed: branch.length, refusedAgain, takenUp };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hands.values()].map((hands) => hands.close()));
  }

  /** All steps of a member and of those below it. */
  async #live(member: Member): Promise<void> {
    const hands = await this.#turns.take(() => this.#equip(member));
    const below: Promise<void>[] = [];
    const next = conversation(member, hands);
    try {
      for (let step = 0; step < member.steps; step += 1) {
        await this.#step(member, next);
        // A child's first call must not come before its parent's.
        if (step === 0) below.push(...(this.#plan.childrenOf.get(member) ?? []).map((child) => this.#live(child)));
      }
    } catch (cause) {
      if (!(cause instanceof Killed) || !isBelow(member, this.#plan.doomed)) throw cause;
    }
    await Promise.all(below);
  }

  /** Half of them speak OpenAI's dialect; each calls models through one gateway and tools through the other. */
  async #equip(member: Member): Promise<Hands> {
    const { index } = member;
    const credential = await this.#lineage.credential(member);
    const urls = this.#scene.gateways.map(({ url }) => url);
    const at = (turn: number): string => urls[turn % urls.length] as string;
    const dialect = index % 4 < 2 ? 'openai' : 'anthropic';
    const hands = handsOf(dialect, { models: at(index), tools: at(index + 1) }, credential);
    this.#hands.set(member, hands);
    return hands;
  }

  async #step(member: Member, next: () => Promise<void>): Promise<void> {
    await this.#turns.take(next);
    this.#done.set(member, (this.#done.get(member) ?? 0) + 1);
    const haveAllBegun = this.#done.size === this.#plan.members.length;
    if (haveAllBegun && this.#total() >= this.#steps * MIDDLE) this.#middle.resolve();
  }

  /** The orchestrator does itself what the branch had left. */
  async #takeUp(orchestrator: Member): Promise<number> {
    const left = this.#steps - this.#total();
    const hands = this.#handsOf(orchestrator);
    const share = async (_: unknown, place: number): Promise<void> => {
      const next = conversation(orchestrator, hands, 10_000 * (place + 1));
      for (let taken = place; taken < left; taken += TAKEN_UP_AT_ONCE) await this.#step(orchestrator, next);
    };
    await Promise.all(Array.from({ length: TAKEN_UP_AT_ONCE }, share));
    return left;
  }

  #total(): number {
    let total = 0;
    for (const steps of this.#done.values()) total += steps;
    return total;
  }

  #handsOf(member: Member): Hands {
    const hands = this.#hands.get(member);
    if (!hands) throw new Error(`\`${member.name}\` has not begun`);
    return hands;
  }
}
