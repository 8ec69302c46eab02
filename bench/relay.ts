// The yardstick: what a team writes that needs nothing but a proxy – Hono in front, undici's `request` behind, bodies read
// whole, the provider's key put in. It identifies nobody, decides nothing, counts nothing and records nothing.
//   node bench/relay.ts PORT UPSTREAM
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { Pool } from 'undici';

const [port, upstream = ''] = process.argv.slice(2);
const pool = new Pool(upstream);
const app = new Hono();

app.post('/v1/*', async (c) => {
  const answer = await pool.request({
    method: 'POST',
    path: c.req.path,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env['BENCH_KEY']}` },
    body: await c.req.text(),
  });
  const contentType = String(answer.headers['content-type']);
  return c.body(await answer.body.text(), answer.statusCode as ContentfulStatusCode, { 'content-type': contentType });
});

serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' });
