/** Requests that leave together; `add` gives the place of the request's answer. */
export interface Batch<Request> {
  readonly isFull: boolean;
  add(request: Request): number;
}

export interface TurnSource<Request, Kind extends Batch<Request>, Answers, Answer> {
  readonly make: () => Kind;
  /** Sends a batch: told how to take it, takes it when it leaves, so that until then it may grow. */
  readonly ask: (take: () => Kind) => Promise<Answers>;
  /** The answer at one place of the batch's, or that of asking again. What it throws is the request's refusal. */
  readonly read: (answers: Answers, index: number, request: Request) => Answer | Promise<Answer>;
}

interface Waiting<Request, Answer> {
  readonly index: number;
  readonly request: Request;
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (cause: unknown) => void;
}

interface Open<Request, Kind, Answer> {
  readonly batch: Kind;
  readonly waiting: Waiting<Request, Answer>[];
}

/** Makes batches of what is asked until it leaves. */
export class Turn<Request, Kind extends Batch<Request>, Answers, Answer> {
  readonly #source: TurnSource<Request, Kind, Answers, Answer>;
  #open: Open<Request, Kind, Answer> | undefined;

  constructor(source: TurnSource<Request, Kind, Answers, Answer>) {
    this.#source = source;
  }

  /** Rejects where the batch could not be asked. */
  add(request: Request): Promise<Answer> {
    const { batch, waiting } = (this.#open ??= this.#begin());
    const index = batch.add(request);
    if (batch.isFull) this.#open = undefined;
    return new Promise((resolve, reject) => waiting.push({ index, request, resolve, reject }));
  }

  #begin(): Open<Request, Kind, Answer> {
    const open: Open<Request, Kind, Answer> = { batch: this.#source.make(), waiting: [] };
    const take = (): Kind => {
      if (this.#open === open) this.#open = undefined;
      return open.batch;
    };
    this.#source.ask(take).then(
      (answers) => this.#answer(open.waiting, answers),
      (cause: unknown) => {
        // One that never left must take no more either.
        take();
        for (const { reject } of open.waiting) reject(cause);
      },
    );
    return open;
  }

  #answer(waiting: readonly Waiting<Request, Answer>[], answers: Answers): void {
    for (const { index, request, resolve, reject } of waiting) {
      try {
        resolve(this.#source.read(answers, index, request));
      } catch (refusal) {
        reject(refusal);
      }
    }
  }
}
