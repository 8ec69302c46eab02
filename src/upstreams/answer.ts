import { discardBody } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import type { Answer } from '../core/exchange.ts';
import { isHopByHop } from '../core/headers.ts';
import { remembered } from '../core/remembered.ts';
import type { UpstreamAnswer } from './exchange.ts';
import { scrubBody, scrubText } from './scrub.ts';
import type { Upstream } from './upstream.ts';

/**
 * Fields that an upstream says of its own origin. Passed on, they would be said of Waygate's: its cookies, its transport,
 * which web pages may read it, where its tokens come from. The rest are Waygate's own names, and those of credentials.
 */
const DROPPED =
  /^(?:set-cookie2?|alt-svc|strict-transport-security|clear-site-data|nel|report-to|reporting-endpoints|location|content-location|refresh|www-authenticate|access-control-.*|waygate-.*|authorization|x-api-key|x-goog-api-key|api-key)$/;

/** What lies above means nothing to anybody (RFC 9110, 15). */
const STATUS_MAX = 599;

const isDropped = remembered((name) => DROPPED.test(name));

/** An upstream's answer as the client may see it: end-to-end fields, and nothing of the upstream's credential. */
export function clientAnswer(answer: UpstreamAnswer, upstream: Upstream): Answer {
  const { status, body } = answer;
  if (status >= 300 && status < 400 && status !== 304) {
    discardBody(body);
    throw new GatewayError(
      'upstream.redirect',
      `the upstream \`${upstream.name}\` answered with a redirect (${status}), which is never followed; set its \`url\` to the final address`,
    );
  }
  if (status > STATUS_MAX) {
    discardBody(body);
    throw new GatewayError(
      'upstream.broken',
      `the upstream \`${upstream.name}\` answered with the status ${status}, which is none of HTTP; the call may have been carried out`,
    );
  }
  const headers: Record<string, string | string[]> = {};
  const connection = answer.headers['connection']?.toString();
  for (const name in answer.headers) {
    const value = answer.headers[name];
    if (value === undefined || isDropped(name) || isHopByHop(name, connection)) continue;
    headers[name] = upstream.secret === undefined ? value : scrubValue(value, upstream.secret);
  }
  return { status, headers, body: upstream.secretBytes ? scrubBody(body, upstream.secretBytes) : body };
}

function scrubValue(value: string | string[], secret: string): string | string[] {
  return typeof value === 'string' ? scrubText(value, secret) : value.map((one) => scrubText(one, secret));
}
