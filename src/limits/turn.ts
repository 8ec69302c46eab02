/** Requests that leave together; `add` gives the place of the request's answer. */
export interface Batch<Request> {
  readonly isFull: boolean;
  add(request: Request): number;
}

/** Makes batches of what is asked until it leaves: `ask` is told how to take the batch, and takes it when it sends. */
export class Turn<Request, Kind extends Batch<Request>, Answer> {
  readonly #make: () => Kind;
  readonly #ask: (take: () => Kind) => Promise<Answer>;
  #open: { readonly batch: Kind; readonly answer: Promise<Answer> } | undefined;

  constructor(make: () => Kind, ask: (take: () => Kind) => Promise<Answer>) {
    this.#make = make;
    this.#ask = ask;
  }

  /** The answer to the whole batch, and the place of this request in it. Rejects where the batch could not be asked. */
  async add(request: Request): Promise<{ readonly answer: Answer; readonly index: number }> {
    const { batch, answer } = (this.#open ??= this.#begin());
    const index = batch.add(request);
    if (batch.isFull) this.#open = undefined;
    return { answer: await answer, index };
  }

  #begin(): { readonly batch: Kind; readonly answer: Promise<Answer> } {
    const batch = this.#make();
    const take = (): Kind => {
      if (this.#open?.batch === batch) this.#open = undefined;
      return batch;
    };
    const answer = this.#ask(take);
    // One that never left must take no more either.
    answer.catch(take);
    return { batch, answer };
  }
}
