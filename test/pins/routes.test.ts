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
    ['google', 'gemini'],
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
        typed('POST', '/v1/embeddings'),
        typed('POST', '/v1/completions'),
        typed('POST', '/v1/images/generations'),
        typed('POST', '/v1/images/edits'),
        typed('POST', '/v1/images/variations'),
        typed('POST', '/v1/audio/speech'),
        typed('POST', '/v1/audio/transcriptions'),
        typed('POST', '/v1/audio/translations'),
        typed('POST', '/v1/moderations'),
        typed('POST', '/v1/files'),
        typed('GET', '/v1/files/file-1/content'),
        typed('POST', '/v1/uploads'),
        typed('POST', '/v1/batches'),
        typed('GET', '/v1/responses/resp_1'),
        typed('POST', '/v1/files', anthropic),
        typed('POST', '/v1/messages/batches'),
        typed('GET', '/v1/messages/batches/msgbatch_1/results'),
        typed('POST', '/v1/messages'),
        typed('POST', '/messages'),
        typed('POST', '/v1/messages/count_tokens'),
        typed('POST', '/openai/v1/chat/completions'),
        typed('POST', '/anthropic/v1/messages'),
        typed('POST', '/gpt/v1/responses'),
        typed('POST', '/claude/v1/messages'),
        typed('POST', '/v1beta/models/gemini-x:generateContent'),
        typed('POST', '/v1/models/gemini-x:streamGenerateContent'),
        typed('GET', '/v1beta/models'),
        typed('GET', '/v1/models', { 'x-goog-api-client': 'google-genai-sdk/3.1.0' }),
        typed('POST', '/gemini/v1beta/models/gemini-x:countTokens'),
        typed('POST', '/google/v1/models/gemini-x:embedContent'),
        typed('POST', '/v1beta/models/gemini-x:predict'),
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
        'POST /v1/embeddings → all-openai openai-embeddings',
        'POST /v1/completions → all-openai openai-completions',
        'POST /v1/images/generations → all-openai openai-media',
        'POST /v1/images/edits → all-openai openai-media',
        'POST /v1/images/variations → all-openai openai-media',
        'POST /v1/audio/speech → all-openai openai-media',
        'POST /v1/audio/transcriptions → all-openai openai-media',
        'POST /v1/audio/translations → all-openai openai-media',
        'POST /v1/moderations → all-openai openai-media',
        'POST /v1/files → all-openai openai-objects',
        'GET /v1/files/file-1/content → all-openai openai-objects',
        'POST /v1/uploads → all-openai openai-objects',
        'POST /v1/batches → all-openai openai-objects',
        'GET /v1/responses/resp_1 → all-openai openai-objects',
        'POST /v1/files → all-anthropic anthropic-objects',
        'POST /v1/messages/batches → all-anthropic anthropic-batches',
        'GET /v1/messages/batches/msgbatch_1/results → all-anthropic anthropic-objects',
        'POST /v1/messages → all-anthropic anthropic',
        'POST /messages → all-anthropic anthropic',
        'POST /v1/messages/count_tokens → all-anthropic anthropic',
        'POST /openai/v1/chat/completions → all-openai openai-chat',
        'POST /anthropic/v1/messages → all-anthropic anthropic',
        'POST /gpt/v1/responses → gpt openai-responses',
        'POST /claude/v1/messages → claude anthropic',
        'POST /v1beta/models/gemini-x:generateContent → all-gemini gemini',
        'POST /v1/models/gemini-x:streamGenerateContent → all-gemini gemini',
        'GET /v1beta/models → all-gemini gemini',
        'GET /v1/models → all-gemini gemini',
        'POST /gemini/v1beta/models/gemini-x:countTokens → all-gemini gemini',
        'POST /google/v1/models/gemini-x:embedContent → google gemini',
        'POST /v1beta/models/gemini-x:predict → all-gemini route.operation',
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
