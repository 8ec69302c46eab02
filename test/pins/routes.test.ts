import { describe, test } from 'vitest';
import { adminApp } from '../../src/admin/app.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { probes } from '../../src/http/data-app.ts';
import { dialectOf } from '../../src/protocols/index.ts';
import { routeTable } from '../../src/routes/table.ts';
import { expectPinned } from './pinned.ts';

const readiness = { report: async () => ({ ready: true, checks: {} }) };

const table = routeTable({
  upstreams: new Map([
    ['claude', 'anthropic'],
    ['gpt', 'openai'],
    ['github', 'mcp'],
    ['tickets', 'http'],
  ] as const),
  extra: [],
});

/** `route dialect`, or why there is none. */
function place(method: string, path: string, headers: Readonly<Record<string, string>> = {}): string {
  try {
    const { route, operation } = table.match(path, headers);
    return `${route.name} ${dialectOf(route.protocol, method, operation) ?? 'route.operation'}`;
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}

describe('base addresses', () => {
  test('what clients type, and which route and dialect it leads to', () => {
    const anthropic = { 'anthropic-version': '2023-06-01' };
    const typed = (method: string, path: string, headers = {}): string =>
      `${method} ${path} → ${place(method, path, headers)}`;
    expectPinned(
      [
        typed('POST', '/v1/chat/completions'),
        typed('POST', '/v1/responses'),
        typed('GET', '/v1/models'),
        typed('GET', '/v1/models/gpt-5'),
        typed('GET', '/v1/models', anthropic),
        typed('POST', '/v1/messages'),
        typed('POST', '/messages'),
        typed('POST', '/v1/messages/count_tokens'),
        typed('POST', '/openai/v1/chat/completions'),
        typed('POST', '/anthropic/v1/messages'),
        typed('POST', '/gpt/v1/responses'),
        typed('POST', '/claude/v1/messages'),
        typed('POST', '/mcp/github'),
        typed('GET', '/mcp/github'),
        typed('DELETE', '/mcp/github'),
        typed('GET', '/http/tickets/issues/7'),
        typed('PATCH', '/http/tickets/issues/7'),
        typed('TRACE', '/http/tickets/issues/7'),
        typed('POST', '/v1/v1/chat/completions'),
        typed('POST', '/anthropic/v1/v1/messages'),
        typed('POST', '/chat/completions'),
        typed('POST', '/github/v1/messages'),
        typed('PUT', '/v1/models'),
      ],
      [
        'POST /v1/chat/completions → all-openai openai-chat',
        'POST /v1/responses → all-openai openai-responses',
        'GET /v1/models → all-openai openai-models',
        'GET /v1/models/gpt-5 → all-openai openai-models',
        'GET /v1/models → all-anthropic anthropic',
        'POST /v1/messages → all-anthropic anthropic',
        'POST /messages → all-anthropic anthropic',
        'POST /v1/messages/count_tokens → all-anthropic anthropic',
        'POST /openai/v1/chat/completions → all-openai openai-chat',
        'POST /anthropic/v1/messages → all-anthropic anthropic',
        'POST /gpt/v1/responses → gpt openai-responses',
        'POST /claude/v1/messages → claude anthropic',
        'POST /mcp/github → github mcp',
        'GET /mcp/github → github mcp',
        'DELETE /mcp/github → github mcp',
        'GET /http/tickets/issues/7 → tickets http',
        'PATCH /http/tickets/issues/7 → tickets http',
        'TRACE /http/tickets/issues/7 → tickets route.operation',
        'POST /v1/v1/chat/completions → all-openai openai-chat',
        'POST /anthropic/v1/v1/messages → all-anthropic anthropic',
        'POST /chat/completions → route.unknown',
        'POST /github/v1/messages → route.unknown',
        'PUT /v1/models → all-openai route.operation',
      ],
    );
  });
});

describe('paths of the gateway itself', () => {
  const pathsOf = (routes: readonly { readonly method: string; readonly path: string }[]): string[] =>
    routes.map(({ method, path }) => `${method} ${path}`);

  test('on the data listener, where everything else is a call', () => {
    expectPinned(pathsOf(probes(readiness).routes), ['GET /healthz', 'GET /readyz']);
  });

  test("on the operators' listener", () => {
    const { routes } = adminApp({ readiness, metrics: async () => '', checkHost: () => {} });
    // Middleware is of every path, and none of them.
    expectPinned(pathsOf(routes.filter(({ method }) => method !== 'ALL')), [
      'GET /',
      'GET /healthz',
      'GET /readyz',
      'GET /metrics',
    ]);
  });
});
