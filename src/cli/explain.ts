import { readFileSync } from 'node:fs';
import type { AccessRequest } from '../core/access.ts';
import { readDocument } from '../documents/document.ts';
import { type Fault, Spot } from '../documents/faults.ts';
import { explain as explainRequest, formatExplanation } from '../policy/explain.ts';
import { type TestCase, testSchema } from '../policy/tests/schema.ts';
import { requestOf } from '../policy/test-request.ts';
import { readText } from './config-file.ts';
import { type ExitCode, type Output, ProblemsError, UsageError } from './output.ts';
import { findPolicies, type PolicyPlace, readPolicies } from './policy-files.ts';
import { takeSet } from './policy-set.ts';

export interface ExplainOptions extends PolicyPlace {
  readonly request?: string;
  readonly agent?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly args?: string;
  readonly stream?: true;
  readonly json?: true;
}

type Written = TestCase['request'];

const FLAGS = ['agent', 'subject', 'tenant', 'action', 'resource', 'args', 'stream'] as const;

/** Prints what every rule thinks of one request, the decision, and the limits that count it. */
export async function explain(options: ExplainOptions, output: Output): Promise<ExitCode> {
  const request = options.request === undefined ? await requestOfFlags(options) : await requestOfText(options);
  const { folder, enforcement } = await findPolicies(options);
  const { policies } = await readPolicies(folder);
  const explanation = explainRequest(takeSet(policies, enforcement), request);
  output.print(options.json ? json(explanation) : formatExplanation(explanation));
  return 0;
}

/** `--request`: in the words of a policy test, as JSON or YAML. */
async function requestOfText(options: ExplainOptions): Promise<AccessRequest> {
  const both = FLAGS.find((flag) => options[flag] !== undefined);
  if (both !== undefined) throw new UsageError(`expected either \`--request\` or \`--${both}\``);
  const source = await readInput(options.request ?? '');
  const document = readDocument(source, testSchema.element.shape.request);
  if (!document.ok) throw new ProblemsError(document.problems);
  const { value, problem } = document.value;
  return take(value, (faults) => new ProblemsError(faults.map(problem)));
}

async function requestOfFlags(options: ExplainOptions): Promise<AccessRequest> {
  const { agent, subject, tenant, action, resource, args, stream } = options;
  if (action === undefined || resource === undefined) {
    throw new UsageError('which request? expected `--action` and `--resource`, or `--request`');
  }
  const written: Written = {
    principal: {
      ...(agent !== undefined && { agent }),
      ...(subject !== undefined && { subject }),
      ...(tenant !== undefined && { tenant }),
    },
    action,
    resource,
    ...(args !== undefined && { args: await readArgs(args) }),
    ...(stream && { context: { stream } }),
  };
  return take(written, (faults) => {
    const messages = faults.map(({ path, message }) => `--${String(path[0])}: ${message}`);
    return new UsageError(messages.join('\n'));
  });
}

function take(written: Written, wrong: (faults: readonly Fault[]) => Error): AccessRequest {
  const faults: Fault[] = [];
  const request = requestOf(written, new Spot([], faults));
  if (!request || faults.length > 0) throw wrong(faults);
  return request;
}

async function readArgs(given: string): Promise<Record<string, unknown>> {
  const source = await readInput(given);
  const document = readDocument(source, testSchema.element.shape.request.shape.args.unwrap());
  if (document.ok) return document.value.value;
  throw new ProblemsError(document.problems);
}

/** The text itself, or what `@file` or `-` stand for. */
async function readInput(given: string): Promise<{ readonly path: string; readonly text: string }> {
  if (given === '-') return { path: 'standard input', text: readFileSync(0, 'utf8') };
  if (!given.startsWith('@')) return { path: 'request', text: given };
  const path = given.slice(1);
  return { path, text: await readText(path) };
}

/** CEL counts in 64-bit integers, which JSON has no other form for, and trees hold sets and maps. */
function json(value: object): string {
  return JSON.stringify(value, (_, inner: unknown) => plain(inner), 2);
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Set) return [...(value as Set<unknown>)];
  return value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value;
}
