/** Runs `*.test.yaml`: requests with the effect and the very rules that must decide them. */
import type { Decision } from '../core/decision.ts';
import { unknownName } from '../core/nearest.ts';
import { byPlace, type Checked, type Problem } from '../core/problem.ts';
import { decide, DEFAULT_DENY } from './decide.ts';
import { readDocument } from './document.ts';
import type { PolicySet } from './policy-set.ts';
import { type TestCase, testSchema } from './schema.ts';
import { Spot, wordsOf } from './spot.ts';
import { requestOf } from './test-request.ts';
import type { Fault, SourceFile } from './yaml-source.ts';

export interface TestResult {
  readonly file: string;
  readonly name: string;
  /** What differs from the expectation, in its place; empty for a test that passed. */
  readonly failures: readonly Problem[];
}

export interface TestReport {
  readonly results: readonly TestResult[];
  /** Ids of rules that no test sees decide, not even in shadow. */
  readonly unreached: readonly string[];
}

type Expectation = TestCase['expect'];
