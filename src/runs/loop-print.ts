// By what a call is known again: digests of what it asks and of what it gave.
import { formatResource } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import { digestOf, sha256 } from '../core/digest.ts';
import type { LoopQuestion } from './loop-store.ts';
import type { LocalResult } from '../core/tool-traffic.ts';

/** The same for the same action, resource and arguments. Of an HTTP call, what it sends counts too. */
export function fingerprint({ access, dialect, method, target, body, bodySha256 }: Call): string {
  const { action, resource, args } = access;
  const sent = dialect === 'http' ? `${method} ${target} ${bodySha256 ?? sha256(body)}` : digestOf(args);
  return short(sha256(`${action}\n${formatResource(resource)}\n${sent}`));
}

/** That a local tool gave its result, once for each time that it was used. */
export function localQuestion({ id, name, argsDigest, resultDigest }: LocalResult): LoopQuestion {
  const call = short(sha256(`tool.local\ntool/local/${name}\n${argsDigest}`));
  return { kind: 'note', call, result: short(resultDigest), id: short(sha256(`${id} ${resultDigest}`)) };
}

/** Enough of a digest to tell the calls of one tree apart. */
export function short(digest: string): string {
  return digest.slice(0, 16);
}
