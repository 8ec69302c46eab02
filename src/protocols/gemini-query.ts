import { invalid } from './fields.ts';

/** What a query may say. Google's others choose fields (and would hide usage), methods, headers, encodings. */
const PARAMETERS: ReadonlyMap<string, RegExp> = new Map([
  ['alt', /^(?:json|sse)$/],
  ['$alt', /^json(?:;enum-encoding=int)?$/],
  ['prettyPrint', /^(?:true|false)$/],
  ['pageSize', /^\d{1,4}$/],
  ['pageToken', /^[\w=+/.-]{0,2048}$/],
]);
const CREDENTIALS = new Set(['key', 'access_token', 'oauth_token']);
/** A longer name may be somebody's key. */
const PLAIN_NAME = /^[\w$.-]{1,24}$/;

/** Refuses a query that says more than Waygate knows; never repeats a value. */
export function checkQuery(query: string): void {
  if (query === '' || query === '?alt=sse') return;
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (CREDENTIALS.has(name.toLowerCase())) {
      throw invalid('a credential is not taken from the query, which ends up in logs; send it as `x-goog-api-key`');
    }
    const shown = PLAIN_NAME.test(name) ? `\`${name}\`` : 'a parameter';
    const allowed = PARAMETERS.get(name);
    if (!allowed) {
      const known = [...PARAMETERS.keys()].map((one) => `\`${one}\``).join(', ');
      throw invalid(`the query has ${shown}, which Waygate does not pass on; it takes ${known}`);
    }
    if (seen.has(name)) throw invalid(`the query has ${shown} more than once`);
    if (!allowed.test(value)) throw invalid(`the query has a value of ${shown} that Waygate does not pass on`);
    seen.add(name);
  }
  if (seen.has('alt') && seen.has('$alt')) throw invalid('the query has both `alt` and `$alt`; send one of them');
}
