// What clients, operators and the world outside see.
import type { Evidence } from '../evidence.ts';

/** I5: no credential in any answer, log, span, audit line or value of Redis, and only the upstream's own upstream. */
export function noCanary({ marks, places, calls, arrivals }: Evidence): readonly string[] {
  const answers = calls.map(({ text }) => text).join('\n');
  const found: string[] = [];
  for (const [place, text] of Object.entries({ ...places, answers }))
    for (const [name, mark] of Object.entries(marks))
      if (text.includes(mark)) found.push(`the ${name} stands in ${place}`);
  const foreign = arrivals.filter(({ credential }) => credential !== `Bearer ${marks['upstream credential']}`).length;
  if (foreign > 0) found.push(`${foreign} requests went up with another credential`);
  return found;
}

const UNHANDLED =
  /unhandledRejection|uncaughtException|Uncaught|UnhandledPromise|ERR_UNHANDLED|a request failed in the gateway|gateway\.internal|MaxListenersExceeded|heap out of memory/;

function lineOf(text: string, index: number): string {
  const start = text.lastIndexOf('\n', index) + 1;
  const end = text.indexOf('\n', index);
  return text.slice(start, end < 0 ? undefined : end).slice(0, 600);
}

/** I8: nothing unhandled in any log, and a process ends with 0 or because it was killed. */
export function cleanEnds({ gateways, tolerances }: Evidence): readonly string[] {
  const found: string[] = [];
  for (const { name, code, killed, output } of gateways) {
    const said = UNHANDLED.exec(output);
    if (said) found.push(`${name} logged \`${lineOf(output, said.index)}\``);
    const isExpected = code === null ? killed : code === 0 || tolerances.exitCodes?.includes(code);
    if (!isExpected) found.push(`${name} ended with ${code}: ${output.trim().split('\n').at(-1)?.slice(0, 300)}`);
  }
  return found;
}

/** I10: a whole answer is, byte for byte, what the upstream sent. */
export function answersAreWhole({ calls, arrivals, tolerances }: Evidence): readonly string[] {
  const sent = new Map(arrivals.map(({ number, answered }) => [number, answered?.sha256]));
  const found: string[] = [];
  for (const { number, status, answerSha256, text, unwitnessed } of calls) {
    if (status !== 200 || unwitnessed || sent.get(number) === answerSha256) continue;
    const saysSo = text.includes('event: error') || text.includes('data: {"error"');
    if (tolerances.brokenAnswers && saysSo) continue;
    found.push(`the answer of call ${number} is not what its upstream sent: ${text.slice(-200)}`);
  }
  return found;
}

const REFUSAL_MS = 250;
/** A machine that is later than this tells nothing of the gateway's own time. */
export const STALL_MAX_MS = 100;
const STATE_CODES = new Set(['limit.unavailable', 'limit.lost', 'gateway.draining']);

/** What cannot be decided is refused in time, by the gateway's own clock from the request's head to the refusal's end. */
export function inTime({ lines, tolerances, stallMs }: Evidence): readonly string[] {
  const { refusalMs = REFUSAL_MS } = tolerances;
  if (refusalMs === null || stallMs > STALL_MAX_MS) return [];
  return lines
    .filter(({ kind, error }) => kind === 'refusal' && error !== undefined && STATE_CODES.has(error.code))
    .filter(({ durationMs = 0 }) => durationMs > refusalMs + stallMs)
    .map(({ call, durationMs, error }) => `call ${call} was refused (${error?.code}) after ${durationMs} ms`);
}
