// Calls of one turn of the event loop leave together and share one deadline: fewer system calls and fewer timers.

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (cause: Error) => void;
}

export interface Sender<Question, Answer> {
  /** No answer later than this, where the event loop turns: the call is rejected, whatever becomes of the question. */
  readonly deadlineMs: number;
  readonly send: (question: Question) => Promise<Answer>;
  /** Runs the sending of all questions of one turn, e.g. between cork and uncork of a socket. */
  readonly together: (sendAll: () => void) => void;
}

/** The deadline is waited for in parts: a stall of our own event loop counts as no more than one of them. */
const PARTS = 5;

/** Returns `ask`. It rejects with the sender's error, or with one that says that the deadline has passed. */
export function joined<Question, Answer>({ deadlineMs, send, together }: Sender<Question, Answer>) {
  let turn: Waiting<Question, Answer>[] = [];

  function leave(): void {
    const batch = turn;
    turn = [];
    let open = batch.length;
    const expire = (): void => {
      const late = new Error(`no answer within ${deadlineMs} ms`);
      for (const waiting of batch) waiting.reject(late);
    };
    let left = PARTS;
    const wait = (): void => {
      left -= 1;
      if (left > 0) timer = setTimeout(wait, deadlineMs / PARTS);
      // A stalled event loop runs its timers before it reads its sockets: answers that are there come first.
      else setImmediate(expire);
    };
    let timer = setTimeout(wait, deadlineMs / PARTS);
    const close = (): void => {
      open -= 1;
      if (open === 0) clearTimeout(timer);
    };
    together(() => {
      for (const { question, resolve, reject } of batch) {
        send(question).then(
          (answer) => {
            close();
            resolve(answer);
          },
          (cause: Error) => {
            close();
            reject(cause);
          },
        );
      }
    });
  }

  return (question: Question): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (turn.length === 0) setImmediate(leave);
      turn.push({ question, resolve, reject });
    });
}
