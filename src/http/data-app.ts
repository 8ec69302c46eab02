// Stage 1: receive and answer. Probes are Hono's; a call's request and answer stay Node's own, so that bytes pass untouched.
// INVARIANT: a request that two readers could read in two ways is refused before anything else looks at it.
import type { HttpBindings } from '@hono/node-server';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Hono } from 'hono';
import { GatewayError, toGatewayError } from '../core/errors.ts';
import type { Incoming } from '../core/exchange.ts';
import { deliver, type Delivery } from './deliver.ts';
import { greet, isGreeting } from './greeting.ts';
import type { Flight, InFlight } from './in-flight.ts';
import { incoming } from './incoming.ts';
import { listenerOf } from './listener.ts';
import type { Load } from './load.ts';
import type { Pace } from './pace.ts';
import { problem } from './problem.ts';
import type { Readiness } from './readiness.ts';
import type { HeaderCheck } from './rebinding.ts';

export interface DataAppSource {
  readonly handle: (request: Incoming) => Promise<Delivery>;
  readonly readiness: Readiness;
  readonly inFlight: InFlight;
  readonly load: Load;
  readonly pace: Pace;
  /** How long a client may take no byte of its answer. */
  readonly stallMs: number;
  readonly checkHost: HeaderCheck;
  readonly now: () => number;
  /** Told of what no stage could make an answer of. */
  readonly onFault: (error: GatewayError) => void;
}

/** The data listener: probes, and everything else through the pipeline. */
export function dataApp(source: DataAppSource): RequestListener {
  const probe = listenerOf(probes(source.readiness));
  return function answer(request, response) {
    if (isProbe(request)) probe(request, response);
    else if (isGreeting(request)) greet(response);
    else void serve(request, response, source);
  };
}

/** What tells whether this process lives, and whether it takes calls. */
export function probes(readiness: Readiness): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', async (context) => {
    const report = await readiness.report();
    return context.json(report, report.ready ? 200 : 503);
  });
  return app;
}

const PROBE = /^\/(?:healthz|readyz)(?:\?|$)/;

function isProbe({ method, url }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && PROBE.test(url ?? '');
}

async function serve(request: IncomingMessage, response: ServerResponse, source: DataAppSource): Promise<void> {
  const flight = source.inFlight.enter(response);
  try {
    const endEarly = deliver(await source.handle(admit(request, response, { source, flight })), response, source);
    if (endEarly) flight.flows(endEarly);
  } catch (thrown) {
    const error = toGatewayError(thrown);
    if (error.code === 'gateway.internal') source.onFault(error);
    if (response.headersSent) response.destroy();
    else deliver(problem(error, undefined), response);
  }
}

interface Admitting {
  readonly source: DataAppSource;
  readonly flight: Flight;
}

// What is refused here ends its connection: it is draining or full, or its peer may see the next request begin elsewhere.
function admit(request: IncomingMessage, response: ServerResponse, { source, flight }: Admitting): Incoming {
  try {
    if (source.inFlight.draining) throw draining();
    source.load.admit();
    const admitted = incoming(request, response, { receivedAtMs: source.now(), rules: source, flight });
    source.checkHost(admitted.headers);
    return admitted;
  } catch (refusal) {
    response.setHeader('connection', 'close');
    throw refusal;
  }
}

/** What a client is told that comes, or is still served, while this process ends. */
export function draining(): GatewayError {
  return new GatewayError(
    'gateway.draining',
    'this gateway is shutting down; send the request again, another replica will take it',
    { retryAfterMs: 1_000 },
  );
}
