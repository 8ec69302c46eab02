// The operators' listener: runs and their switches, metrics and probes, on an address of its own, loopback unless configured.
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { toGatewayError } from '../core/errors.ts';
import type { Readiness } from '../http/readiness.ts';
import type { HeaderCheck } from '../http/rebinding.ts';
import { api, type ApiSource } from './api.ts';

export interface AdminSource {
  readonly readiness: Readiness;
  /** Prometheus text exposition. */
  readonly metrics: () => Promise<string>;
  readonly checkHost: HeaderCheck;
  /** What operators see and change. */
  readonly api?: ApiSource;
}

export function adminApp(source: AdminSource): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (context, next) => {
    source.checkHost({ host: context.req.header('host') });
    await next();
  });
  app.onError((thrown) => {
    const { message, status } = toGatewayError(thrown);
    return new Response(`${message}\n`, { status, headers: { 'content-type': 'text/plain' } });
  });
  app.get('/', (context) => context.text("Waygate, operators' listener: /metrics, /healthz, /readyz, /api\n"));
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', async (context) => {
    const report = await source.readiness.report();
    return context.json(report, report.ready ? 200 : 503);
  });
  app.get('/metrics', async (context) =>
    context.body(await source.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  if (source.api) app.route('/api', api(source.api));
  return app;
}
