// The oracle sees what it is there to see: sound evidence passes, and of each fault in it the right invariant tells.
import { describe, expect, test } from 'vitest';
import type { AuditLine } from './audit-tail.ts';
import type { Evidence } from './evidence.ts';
import { judge } from './oracle.ts';
import type { ClientCall } from './traffic.ts';
import type { Arrival } from './witness.ts';

const MARK = 'sk-CANARY-123';
const CHAIN = 'gw.1';

const call = (number: string, rest: Partial<ClientCall> = {}): ClientCall => ({
  number,
  sha256: `sha-${number}`,
  gateway: 'gateway-1',
  isStream: false,
  unwitnessed: false,
  status: 200,
  beganAtMs: 0,
  ms: 5,
  answerSha256: `answer-${number}`,
  code: '',
  text: 'fine',
  ...rest,
});
const arrival = (number: string, rest: Partial<Arrival> = {}): Arrival => ({
  number,
  sha256: `sha-${number}`,
  atMs: 0,
  credential: `Bearer ${MARK}`,
  permitsBefore: 1,
  answered: { status: 200, sha256: `answer-${number}` },
  ...rest,
});
const quote = { tokens: 100, usdMicros: 400 };
const permit = (number: string, rest: Partial<AuditLine> = {}): AuditLine => ({
  at: 1,
  kind: 'permit',
  chain: CHAIN,
  call: number,
  body: { sha256: `sha-${number}` },
  decision: { effect: 'permit', revision: 'r1' },
  quote,
  standings: [{ quota: 'money/tokens' }],
  ...rest,
});
const outcome = (number: string, rest: Partial<AuditLine> = {}): AuditLine => ({
  at: 2,
  kind: 'outcome',
  chain: CHAIN,
  call: number,
  cost: { tokens: 15, usdMicros: 30 },
  ending: 'complete',
  ...rest,
});
const refusal = (number: string, rest: Partial<AuditLine> = {}): AuditLine => ({
  at: 2,
  kind: 'refusal',
  chain: CHAIN,
  call: number,
  body: { sha256: `sha-${number}` },
  durationMs: 3,
  error: { code: 'limit.unavailable' },
  ...rest,
});
const chain = { chain: CHAIN, files: 1, lines: 6, seq: 6, closed: true, anchoredTo: 6, openPermits: 0 };
const counter = {
  quota: 'money/tokens',
  key: 'wg:{acme}:counter:money/tokens:tokens:agent=ci:1',
  settled: 30,
  held: 0,
};
const ledger = { worst: { [counter.key]: 130 }, looks: 9, final: [counter], leases: [] };
const gateway = { name: 'gateway-1', code: 0, killed: false, output: 'ready' };

/** Two calls that went well, and one that was refused. */
const SOUND: Evidence = {
  calls: [call('a'), call('b'), call('c', { status: 503, code: 'limit.unavailable' })],
  arrivals: [arrival('a'), arrival('b')],
  lines: [permit('a'), permit('b'), outcome('a'), outcome('b'), refusal('c')],
  report: { ok: true, chains: [chain], findings: [], notes: [] },
  gateways: [gateway],
  ledger,
  limits: { 'money/tokens': { unit: 'tokens', limit: 200 } },
  marks: { 'upstream credential': MARK },
  places: { log: 'nothing' },
  stallMs: 0,
  tolerances: {},
};
const KILLED = { ...gateway, code: null, killed: true };
const UNCLOSED = { ok: true, chains: [{ ...chain, closed: false }], findings: [], notes: [] };
const finding = { kind: 'edited', chain: CHAIN, file: undefined, line: 3, detail: 'x' } as const;

function broken(evidence: Partial<Evidence>): readonly string[] {
  return [...new Set(judge({ ...SOUND, ...evidence }).map(({ invariant }) => invariant.split(' ')[0] ?? ''))];
}

describe('the oracle', () => {
  test('finds nothing in evidence that is sound', () => {
    expect(judge(SOUND)).toEqual([]);
  });

  test.each<[string, Partial<Evidence>, string]>([
    ['a counter that stood over its limit', { ledger: { ...ledger, worst: { [counter.key]: 201 } } }, 'I1'],
    ['counters that nobody looked at', { ledger: { ...ledger, looks: 0 } }, 'I1'],
    [
      'a byte that went up before its permit stood',
      { arrivals: [arrival('a', { permitsBefore: 0 }), arrival('b')] },
      'I2',
    ],
    ['a request without any permit', { arrivals: [...SOUND.arrivals, arrival('z')] }, 'I2'],
    ['a call that was sent twice', { arrivals: [...SOUND.arrivals, arrival('a')] }, 'I2'],
    ['a permit without an end', { lines: SOUND.lines.filter((line) => line !== SOUND.lines[2]) }, 'I2'],
    ['two ends of one call', { lines: [...SOUND.lines, outcome('a')] }, 'I2'],
    ['an end without a permit', { lines: [...SOUND.lines, outcome('z', { cost: { tokens: 0, usdMicros: 0 } })] }, 'I2'],
    ['a chain left open by a gateway that was not killed', { report: UNCLOSED }, 'I2'],
    ['an answer without its upstream', { arrivals: [arrival('a')] }, 'I2'],
    ['a call settled twice', { ledger: { ...ledger, final: [{ ...counter, settled: 45 }] } }, 'I3'],
    ['a call settled never', { ledger: { ...ledger, final: [{ ...counter, settled: 15 }] } }, 'I3'],
    ['what stays held', { ledger: { ...ledger, final: [{ ...counter, held: 1 }] } }, 'I4'],
    ['a reservation that never ended', { ledger: { ...ledger, leases: ['a'] } }, 'I4'],
    ['a credential in a log', { places: { log: `key ${MARK}` } }, 'I5'],
    ['a credential in an answer', { calls: [call('a', { text: MARK }), ...SOUND.calls.slice(1)] }, 'I5'],
    [
      'another credential that went up',
      { arrivals: [arrival('a', { credential: 'Bearer mine' }), arrival('b')] },
      'I5',
    ],
    [
      'two revisions',
      { lines: [...SOUND.lines, refusal('d', { decision: { effect: 'deny', revision: 'r2' } })] },
      'I7',
    ],
    ['a refused call that was sent', { lines: [...SOUND.lines, refusal('d', { body: { sha256: 'sha-a' } })] }, 'I7'],
    ['an unhandled rejection', { gateways: [{ ...gateway, output: 'x\nunhandledRejection: y\n' }] }, 'I8'],
    ['an exit code that nobody expects', { gateways: [{ ...gateway, code: 1 }] }, 'I8'],
    ['an answer of other bytes', { calls: [call('a', { answerSha256: 'other' }), ...SOUND.calls.slice(1)] }, 'I10'],
    ['a chain that was edited', { report: { ...SOUND.report, ok: false, findings: [finding] } }, 'I11'],
    ['a gap that nothing explains', { lines: [...SOUND.lines, { at: 3, kind: 'gap', chain: CHAIN }] }, 'I11'],
    ['no audit at all', { report: { ...SOUND.report, chains: [] } }, 'I11'],
    ['a refusal that came late', { lines: [...SOUND.lines.slice(0, 4), refusal('c', { durationMs: 251 })] }, 'I13'],
  ])('sees %s', (_, evidence, invariant) => {
    expect(broken(evidence)).toContain(invariant);
  });

  test('charges a call whose gateway was killed with its reservation, and nothing more', () => {
    const lines = SOUND.lines.filter((line) => line !== SOUND.lines[2]);
    const calls = [call('a', { status: undefined, answerSha256: undefined }), ...SOUND.calls.slice(1)];
    const killed = { lines, calls: calls.slice(0, 2), report: UNCLOSED, gateways: [KILLED] };
    const settled = (amount: number) => ({ ledger: { ...ledger, final: [{ ...counter, settled: amount }] } });
    expect(broken({ ...killed, ...settled(115) })).toEqual([]);
    expect(broken({ ...killed, ...settled(15) })).toEqual([]);
    expect(broken({ ...killed, ...settled(201) })).toContain('I3');
  });

  test('does not judge times where the machine itself kept processes waiting', () => {
    expect(broken({ lines: [...SOUND.lines.slice(0, 4), refusal('c', { durationMs: 900 })], stallMs: 400 })).toEqual(
      [],
    );
  });
});
