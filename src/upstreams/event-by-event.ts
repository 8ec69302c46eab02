import { type Body, type BodyControl, type BodySource, isAtRest } from '../core/body.ts';
import { GatewayError, toGatewayError } from '../core/errors.ts';

export interface EventChange {
  /** Takes whole events as they stood on the wire. What it throws ends the stream. */
  readonly change: (events: Buffer) => Buffer;
  /** Bytes of one event at most. */
  readonly limit: number;
}

const BLANK_LINES = ['\n\n', '\n\r\n', '\r\r'];

/** Server-sent events that pass only whole, each as soon as it is, and changed on the way. A torn one at the end is left out. */
export function eventByEvent(body: Body, { change, limit }: EventChange): BodySource {
  return {
    start(sink) {
      let held: Buffer = Buffer.alloc(0);
      let failed = false;
      let control: BodyControl | undefined;
      const stop = (error: GatewayError): boolean => {
        failed = true;
        sink.fail(error);
        control?.cancel();
        return true;
      };
      const pass = (events: Buffer): boolean => {
        try {
          return sink.data(change(events));
        } catch (thrown) {
          return stop(toGatewayError(thrown));
        }
      };
      control = startOf(body).start({
        data(chunk) {
          if (failed) return true;
          held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
          const end = endOfEvents(held);
          const events = held.subarray(0, end);
          held = held.subarray(end);
          if (held.length > limit) return stop(tooLarge(limit));
          return end === 0 || pass(events);
        },
        end() {
          if (!failed) sink.end();
        },
        fail(error) {
          if (!failed) sink.fail(error);
        },
      });
      if (failed) control.cancel();
      return control;
    },
  };
}

/** Index behind the last blank line. */
function endOfEvents(bytes: Buffer): number {
  return Math.max(
    ...BLANK_LINES.map((line) => {
      const at = bytes.lastIndexOf(line, undefined, 'latin1');
      return at < 0 ? 0 : at + line.length;
    }),
  );
}

function startOf(body: Body): BodySource {
  if (!isAtRest(body)) return body;
  return {
    start(sink) {
      sink.data(body);
      sink.end();
      return { resume() {}, cancel() {} };
    },
  };
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError('upstream.too_large', `an event that the upstream sent is larger than ${limit} bytes`);
}
