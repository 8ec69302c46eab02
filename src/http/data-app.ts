// Stage 1: receive and answer. Hono picks the handler; requests and answers stay Node's own, so that bytes pass untouched.
// INVARIANT: a request that two readers could read in two ways is refused before anything else looks at it.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { HttpBindings } from '@hono/node-server';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Context, Hono } from 'hono';
import { GatewayError, toGatewayError } from '../core/errors.ts';
import type { Incoming } from '../core/exchange.ts';
import { deliver, type Delivery } from './deliver.ts';
import type { InFlight } from './in-flight.ts';
import { incoming } from './incoming.ts';
import { problem } from './problem.ts';
import type { Readiness } from './readiness.ts';
import type { HeaderCheck } from './rebinding.ts';

export type DataEnv = { Bindings: HttpBindings };

export interface DataAppSource {
  readonly handle: (request: Incoming) => Promise<Delivery>;
  readonly readiness: Readiness;
  readonly inFlight: InFlight;
  readonly checkHost: HeaderCheck;
  readonly now: () => number;
  /** Told of what no stage could make an answer of. */
  readonly onFault: (error: GatewayError) => void;
}

/** The data listener: probes, and everything else through the pipeline. */
export function dataApp(source: DataAppSource): Hono<DataEnv> {
  const app = new Hono<DataEnv>();
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', async (context) => {
    const report = await source.readiness.report();
    return context.json(report, report.ready ? 200 : 503);
  });
  app.all('*', (context) => serve(context, source));
  return app;
}

async function serve(context: Context<DataEnv>, source: DataAppSource): Promise<Response> {
  const { incoming: request, outgoing: response } = context.env;
  if (!('rawHeaders' in request) || !('writeHead' in response) || 'stream' in response) {
    return context.text('this listener speaks HTTP/1.1', 505);
  }
  source.inFlight.enter(response);
  try {
    deliver(await source.handle(admit(request, response, source)), response);
  } catch (thrown) {
    const error = toGatewayError(thrown);
    if (error.code === 'gateway.internal') source.onFault(error);
    if (response.headersSent) response.destroy();
    else deliver(problem(error, undefined), response);
  }
  return RESPONSE_ALREADY_SENT;
}

// What is refused here ends its connection: it is draining, or its peer may see the next request begin elsewhere.
function admit(request: IncomingMessage, response: ServerResponse, source: DataAppSource): Incoming {
  try {
    if (source.inFlight.draining) throw draining();
    const admitted = incoming(request, response, source.now());
    source.checkHost(admitted.headers);
    return admitted;
  } catch (refusal) {
    response.setHeader('connection', 'close');
    throw refusal;
  }
}

function draining(): GatewayError {
  return new GatewayError(
    'gateway.draining',
    'this gateway is shutting down; send the request again, another replica will take it',
    { retryAfterMs: 1_000 },
  );
}
