// One direction of one connection through the fault proxy: chunks in order, each as late, as whole and as alive as the faults say.
import type { Socket } from 'node:net';
import type { Random } from './random.ts';

/** What may be wrong with one direction. Read for every chunk, so that a change takes effect at once. */
export interface Faults {
  /** Every chunk comes so much later, and up to `jitterMs` more; order is kept. */
  latencyMs?: number;
  jitterMs?: number;
  bytesPerSecond?: number;
  /**
   * The chance, 0 to 1, that a chunk is lost and its connection with it. TCP loses no bytes in the midst of a stream, so a
   * lost request or reply always is the connection's end.
   */
  swallow?: number;
  /** Nothing passes, and nothing says so. */
  blackHole?: boolean;
  /** The connection is reset once so many bytes have passed this way. */
  resetAfterBytes?: number;
  /** FIN instead of a reset, after so many bytes. */
  endAfterBytes?: number;
}

export interface Lane {
  /** It has swallowed bytes: what would follow is not what was sent. */
  readonly lossy: boolean;
  /** FIN now; what comes afterwards is dropped. */
  end(): void;
}

interface LaneOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly faults: Faults;
  readonly random: Random;
  /** Resets the whole connection. */
  readonly spoil: () => void;
}

/** So much may wait in a lane before its sender is held up. */
const WAITING_BYTES = 1 << 20;

export function lane({ from, to, faults, random, spoil }: LaneOptions): Lane {
  let passed = 0;
  let waiting = 0;
  let lossy = false;
  let ended = false;
  let freeAtMs = 0;
  let last: Promise<void> = Promise.resolve();

  const end = (): void => {
    ended = true;
    to.end();
  };
  const send = async (chunk: Buffer, dueMs: number): Promise<void> => {
    const earlyMs = dueMs - performance.now();
    if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
    if (ended || to.destroyed) return;
    const { resetAfterBytes = Infinity, endAfterBytes = Infinity } = faults;
    const part = chunk.subarray(0, Math.max(0, Math.min(resetAfterBytes, endAfterBytes) - passed));
    passed += part.length;
    const drained = part.length === 0 || to.write(part);
    if (passed >= endAfterBytes) end();
    // The bytes before the cut do arrive: the reset waits until the kernel has them.
    else if (passed >= resetAfterBytes) to.write('', spoil);
    else if (!drained) await new Promise<unknown>((resolve) => to.once('drain', resolve).once('close', resolve));
  };

  from.on('data', (chunk: Buffer) => {
    if (faults.blackHole || ended) return void (lossy = true);
    if (faults.swallow && random.next() < faults.swallow) return spoil();
    const { latencyMs = 0, jitterMs = 0, bytesPerSecond = Infinity } = faults;
    freeAtMs = Math.max(freeAtMs, performance.now()) + (chunk.length / bytesPerSecond) * 1_000;
    const dueMs = freeAtMs + latencyMs + jitterMs * random.next();
    waiting += chunk.length;
    if (waiting > WAITING_BYTES) from.pause();
    last = last
      .then(() => send(chunk, dueMs))
      .then(() => {
        waiting -= chunk.length;
        if (waiting <= WAITING_BYTES) from.resume();
      });
  });
  from.on('end', () => {
    if (faults.blackHole) {
      lossy = true;
      return;
    }
    void last.then(() => {
      if (!ended) end();
    });
  });
  return {
    get lossy() {
      return lossy;
    },
    end,
  };
}
