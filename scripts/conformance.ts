// The MCP conformance suite, against a server and against the same server behind the gateway that allows everything. The
// gateway must change nothing: whatever a check says of the one, it says of the other.
import { startWaygate, token } from '../test/support/waygate.ts';
import { startConformanceServer } from './conformance/server.ts';
import { installSuite, type Results, runSuite, type Suite } from './conformance/suite.ts';
import { withToken } from './conformance/with-token.ts';

const SUITES: readonly Suite[] = [
  { version: '0.1.16', select: ['--suite', 'all'] },
  { version: '0.2.0-alpha.12', select: ['--requirements', '2025-11-25'] },
  { version: '0.2.0-alpha.12', select: ['--requirements', '2026-07-28'] },
];

const server = await startConformanceServer();
const waygate = await startWaygate({
  config: { upstreams: { suite: { protocol: 'mcp', url: server.url } }, telemetry: { logLevel: 'warn' } },
});
const proxy = await withToken(`${waygate.url}/mcp/suite`, await token());
let differences = 0;
for (const suite of SUITES) {
  const main = await installSuite(suite);
  const [direct, governed] = [await runSuite(main, suite, server.url), await runSuite(main, suite, proxy.url)];
  await assertAlive();
  differences += report(suite, direct, governed);
}
proxy.close();
await waygate.stop();
await server.close();
process.exitCode = differences === 0 ? 0 : 1;

// A gateway that somebody ended in the meantime would fail every check.
async function assertAlive(): Promise<void> {
  const answer = await fetch(`${waygate.url}/readyz`).catch(() => undefined);
  if (answer?.ok !== true) throw new Error(`the gateway ended in the middle of a suite:\n${waygate.output()}`);
}

function report({ version, select }: Suite, direct: Results, governed: Results): number {
  const passed = (results: Results): number => [...results.values()].filter((status) => status === 'SUCCESS').length;
  const checks = [...new Set([...direct.keys(), ...governed.keys()])];
  const different = checks.filter((check) => direct.get(check) !== governed.get(check));
  console.log(
    `${version} ${select.join(' ')}: ${passed(direct)} of ${direct.size} checks pass without the gateway, ${passed(governed)} of ${governed.size} with it; ${different.length} differ`,
  );
  for (const check of different)
    console.log(`  ${check}: ${direct.get(check) ?? 'absent'} → ${governed.get(check) ?? 'absent'}`);
  return different.length;
}
