import type { Action } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import type { ModelPrice } from './price.ts';
import type { PriceBook } from './price-book.ts';

/** What a call is paid by, or undefined where nobody said, and where its action costs nothing. */
export function callPrice(book: PriceBook, call: Call, atMs: number): ModelPrice | undefined {
  return FINDS[call.access.action]?.(book, call, atMs);
}

type Find = (book: PriceBook, call: Call, atMs: number) => ModelPrice | undefined;

const byText: Find = (book, { model, access }, atMs) => book.price(access.resource.upstream, model, atMs);
const byRequest: Find = (book, { model, access }) => book.request(access.resource.upstream, model);
/** Where a price per request is stated, it is the whole price; else the tokens that the answer states are paid. */
const byRequestOrMedia: Find = (book, call, atMs) =>
  byRequest(book, call, atMs) ?? book.media(call.access.resource.upstream, call.model, atMs);

const FINDS: Partial<Record<Action, Find>> = {
  'model.generate': byText,
  'model.embed': (book, { model, access }, atMs) => book.embedding(access.resource.upstream, model, atMs),
  'model.image': byRequestOrMedia,
  'model.transcribe': byRequestOrMedia,
  'model.speech': byRequest,
  'model.moderate': byRequest,
  'http.request': (book, { access }) => book.fee(access.resource.upstream),
  'model.batch': (book, call, atMs) => {
    const { kind, upstream, name } = call.access.resource;
    // A price by pattern was not written for requests that nobody can read.
    return kind === 'model' ? byText(book, call, atMs) : book.named(upstream, name);
  },
};
