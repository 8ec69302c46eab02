/**
 * The demo model: an upstream of its own on loopback that speaks the dialects of OpenAI, Anthropic and, below `/gemini`,
 * Google, so that a first `npm start` answers real SDKs without any account. The gateway reaches it like any other upstream.
 * INVARIANT: nothing is kept between requests.
 * INVARIANT: it listens on loopback only, and asks for no credential.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerChat } from './chat.ts';
import { answerEmbeddings } from './embeddings.ts';
import { answerGemini, GEMINI_PATH } from './gemini.ts';
import { type DemoOptions, type DemoServer, pathOf, serveOnLoopback } from './loopback-server.ts';
import { answerCount, answerMessages } from './messages.ts';
import { answerAnthropicModels, answerOpenaiModels } from './models.ts';
import { anthropicRefusal, geminiRefusal, openaiRefusal } from './refusal.ts';
import { type Reply, send } from './reply.ts';
import { answerResponses } from './responses.ts';

const BODY_BYTES_MAX = 8 * 1024 * 1024;

const MODELS_PATH = /^\/v1\/models(?:\/([^/]+))?$/;

const ANSWERS: Readonly<Record<string, (body: unknown) => Reply>> = {
  '/v1/chat/completions': answerChat,
  '/v1/responses': answerResponses,
  '/v1/embeddings': answerEmbeddings,
  '/v1/messages': answerMessages,
  '/v1/messages/count_tokens': answerCount,
};

/** Starts it; the address is the one without `/v1`. Throws where the port is taken. */
export function startDemoModel(options: DemoOptions = {}): Promise<DemoServer> {
  return serveOnLoopback((request, response) => void serve(request, response), options);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request).catch(() => undefined);
  // The client left while it was still sending.
  if (body === undefined) return void response.destroy();
  await send(answer(request, body), response);
}

function answer(request: IncomingMessage, body: Buffer | 'too large'): Reply {
  const pathname = pathOf(request);
  const speaksAnthropic = 'anthropic-version' in request.headers || pathname.startsWith('/v1/messages');
  const google = GEMINI_PATH.exec(pathname);
  const refuse = google ? geminiRefusal : speaksAnthropic ? anthropicRefusal : openaiRefusal;
  if (body === 'too large') return refuse({ status: 413, message: `a body has at most ${BODY_BYTES_MAX} bytes` });
  const wrongMethod = (method: string): Reply =>
    refuse({ status: 405, message: `\`${pathname}\` takes ${method} only` });
  if (google) {
    const parsed = parse(body);
    return answerGemini({ method: request.method, path: google[1] ?? '', url: request.url ?? '', body: parsed });
  }
  const models = MODELS_PATH.exec(pathname);
  if (models) {
    if (request.method !== 'GET') return wrongMethod('GET');
    return (speaksAnthropic ? answerAnthropicModels : answerOpenaiModels)(models[1]);
  }
  const respond = ANSWERS[pathname];
  if (!respond) return refuse({ status: 404, message: `nothing is at \`${pathname}\`` });
  if (request.method !== 'POST') return wrongMethod('POST');
  const parsed = parse(body);
  return parsed === undefined ? refuse({ status: 400, message: 'the body is not valid JSON' }) : respond(parsed);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | 'too large'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes <= BODY_BYTES_MAX ? Buffer.concat(chunks) : 'too large';
}
