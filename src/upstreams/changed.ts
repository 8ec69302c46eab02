// INVARIANT: an answer that has to be changed passes changed or not at all.
import { collectBody, discardBody } from '../core/body.ts';
import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Answer } from '../core/exchange.ts';

/** Of one JSON answer. */
const ANSWER_BYTES = 8_388_608;
const JSON_TYPE = /^application\/json\b/i;

/** Answers a call with its upstream's JSON answer, changed. */
export async function changedAnswer(
  { call, answer: asked }: { readonly call: PermittedCall; readonly answer: Promise<Answer> },
  change: (body: Buffer) => Buffer,
): Promise<Answer> {
  const answer = await asked;
  const { status, headers, body } = answer;
  if (status < 200 || status >= 300) return answer;
  if (!JSON_TYPE.test(String(headers['content-type'] ?? '')) || 'content-encoding' in headers) {
    discardBody(body);
    throw unreadable(call, 'sent an answer that is not plain JSON');
  }
  const whole = await collectBody(body, ANSWER_BYTES, () => unreadable(call, `sent more than ${ANSWER_BYTES} bytes`));
  const changed = change(whole);
  return { status, headers: { ...headers, 'content-length': String(changed.length) }, body: changed };
}

function unreadable(call: PermittedCall, what: string): GatewayError {
  return new GatewayError(
    'upstream.broken',
    `the upstream \`${call.access.resource.upstream}\` ${what}, where an address in it has to be changed; nothing of it was passed on`,
  );
}
