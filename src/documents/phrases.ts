import type { z } from 'zod';
import { nearest } from '../core/nearest.ts';

const FORMS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

const COUNTED: Readonly<Record<string, string>> = { string: 'characters', array: 'entries' };

/** What to say of a zod issue where its schema says nothing itself: what was expected, and what kind of value stood there. */
export function phrase(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${formOf(issue.expected)}${found(issue.input)}`;
    case 'invalid_value':
      return oneOf(issue.values, issue.input);
    case 'invalid_union':
      return Array.isArray(issue['options']) ? oneOf(issue['options'], undefined) : anyOf(issue);
    case 'too_small':
      return `expected at least ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `expected at most ${amount(issue.maximum, issue.origin)}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'url'
        ? 'expected an address like `https://host/path`'
        : `expected a text of the form ${issue.format}`;
    // Their parts or their schemas speak for them.
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      break;
  }
  return undefined;
}

function oneOf(values: readonly unknown[], input: unknown): string {
  const names = values.map(String);
  const expected = `expected ${names.map((name) => `\`${name}\``).join(' or ')}`;
  if (values.every((value) => typeof value !== typeof input)) return expected + found(input);
  const meant = typeof input === 'string' ? nearest(input, names) : undefined;
  return meant === undefined ? expected : `${expected}; did you mean \`${meant}\`?`;
}

/** Of the forms that a value could have, where it has none of them. */
function anyOf({ errors, input }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  const forms = errors.flat().flatMap((inner) => (inner.code === 'invalid_type' ? [formOf(inner.expected)] : []));
  return `expected ${[...new Set(forms)].join(' or ')}${found(input)}`;
}

function formOf(expected: string): string {
  return FORMS[expected] ?? expected;
}

/** What stands there by its kind: the value itself may be a secret. */
function found(input: unknown): string {
  return input === undefined ? '' : `, found ${kindOf(input)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'boolean') return `\`${value}\``;
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction';
  return typeof value === 'string' ? 'a text' : 'a map';
}

function amount(limit: number | bigint, origin: string): string {
  const unit = COUNTED[origin];
  return unit === undefined ? String(limit) : `${limit} ${limit === 1 && unit === 'entries' ? 'entry' : unit}`;
}
