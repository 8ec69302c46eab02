// What clients ask before their first call, without a token: whether somebody is there. No stage and no upstream sees it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { deliver } from './deliver.ts';

const BASE = '(?:/(?!(?:mcp|http|a2a|oauth|api)/)[a-z0-9-]+)';
/** Claude Code asks `HEAD <base>/api/hello`, and of some versions `HEAD <base>`; people look at `/` and `/v1`. */
const HELLO = new RegExp(`^(?:/|/v1/?|${BASE}?/api/hello)(?:\\?|$)`);
const HEAD_OF_BASE = new RegExp(`^${BASE}/?(?:v1/?)?(?:\\?|$)`);

const BODY = Buffer.from('{"service":"waygate"}');

export function isGreeting({ method, url = '' }: IncomingMessage): boolean {
  if (method === 'HEAD') return HELLO.test(url) || HEAD_OF_BASE.test(url);
  return method === 'GET' && HELLO.test(url);
}

export function greet(response: ServerResponse): void {
  deliver({ status: 200, headers: { 'content-type': 'application/json' }, body: BODY }, response);
}
