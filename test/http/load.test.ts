import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { type Flight, type InFlight, inFlight } from '../../src/http/in-flight.ts';
import { type Fullness, type Load, load } from '../../src/http/load.ts';
import { openRaw } from '../support/raw-http.ts';

const LIMITS = { requests: 3, streams: 2, bodyBytes: 1_000 };

let flight: InFlight;
let taken: Load;
let nowMs: number;
let shed: Fullness[];
let close: () => void;
/** A response that is really open, one per call. */
let open: () => Promise<{ readonly response: ServerResponse; readonly flight: Flight }>;

beforeEach(async () => {
  flight = inFlight();
  nowMs = 0;
  shed = [];
  taken = load({ limits: LIMITS, inFlight: flight, now: () => nowMs, onShed: (reason) => shed.push(reason) });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  open = async () => {
    const asked = new Promise<ServerResponse>((resolve) => server.once('request', (_, response) => resolve(response)));
    (await openRaw((server.address() as AddressInfo).port)).send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const response = await asked;
    return { response, flight: flight.enter(response) };
  };
});
afterEach(() => close());

function refusal(act: () => void): GatewayError {
  try {
    act();
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw new Error('nothing was refused');
}

describe('what does not fit', () => {
  test('a call more than may be under way is refused, with a time to come again, and taken once another has ended', async () => {
    const [first] = [await open(), await open(), await open()];
    taken.admit();
    await open();
    expect(refusal(() => taken.admit())).toMatchObject({ code: 'gateway.overloaded', retryAfterMs: 1_000 });
    first.response.destroy();
    await expect.poll(() => flight.count).toBe(3);
    taken.admit();
    expect(shed).toEqual(['requests']);
  });

  test('no call is taken while as many answers flow as may', async () => {
    const [first, second] = [await open(), await open()];
    first.flight.flows(() => {});
    taken.admit();
    second.flight.flows(() => {});
    expect(refusal(() => taken.admit()).message).toContain('as many streams');
    second.response.destroy();
    await expect.poll(() => flight.streams).toBe(1);
    taken.admit();
    expect(shed).toEqual(['streams']);
  });

  test('bytes of bodies are held until their answers have ended', async () => {
    const [first, second] = [await open(), await open()];
    taken.hold(first.flight, 600);
    taken.hold(second.flight, 400);
    expect(refusal(() => taken.hold(second.flight, 1))).toMatchObject({ code: 'gateway.overloaded' });
    expect(flight.bodyBytes).toBe(1_000);
    first.response.destroy();
    await expect.poll(() => flight.bodyBytes).toBe(400);
    taken.hold(second.flight, 600);
    expect(shed).toEqual(['body_bytes']);
  });
});

test('probes are told of a refusal for ten seconds', () => {
  expect(taken.warning()).toBeUndefined();
  taken.shed('peer_connections');
  nowMs = 10_000;
  expect(taken.warning()).toBe(
    'warning: calls are refused, this replica has as many connections of one client as it may hold',
  );
  nowMs = 10_001;
  expect(taken.warning()).toBeUndefined();
  expect(shed).toEqual(['peer_connections']);
});
