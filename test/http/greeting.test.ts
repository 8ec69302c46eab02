import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { isGreeting } from '../../src/http/greeting.ts';

const greets = (line: string): boolean => {
  const [method, url] = line.split(' ');
  return isGreeting({ method, url } as IncomingMessage);
};

test.each([
  'HEAD /',
  'GET /',
  'GET /?x=1',
  'GET /v1',
  'HEAD /v1/',
  'HEAD /api/hello',
  'GET /api/hello',
  'HEAD /anthropic/api/hello',
  'HEAD /anthropic',
  'HEAD /anthropic/',
  'HEAD /openai/v1',
])('%s asks whether somebody is there', (line) => {
  expect(greets(line)).toBe(true);
});

test.each([
  'POST /',
  'POST /api/hello',
  'OPTIONS /',
  'GET /anthropic',
  'GET /v1/models',
  'HEAD /v1/models',
  'GET /api/hello/x',
  'GET /api/helloworld',
  'GET //',
  'HEAD /http/api/hello',
  'GET /http/api/hello',
  'HEAD /http/tickets',
  'HEAD /http/',
  'HEAD /mcp/github',
  'GET /mcp/api/hello',
  'HEAD /../x',
])('%s is a call like any other', (line) => {
  expect(greets(line)).toBe(false);
});
