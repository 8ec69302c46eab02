// The words of conditions: variables, their fields, functions. A table; what is not in it is refused at load.

type Fields = Readonly<Record<string, string>>;

const TIME = 'google.protobuf.Timestamp';

/** Fields of the typed variables, by type. */
export const TYPES = {
  Actor: { subject: 'string', issuer: 'string' },
  Principal: {
    subject: 'string',
    tenant: 'string',
    agent: 'string',
    issuer: 'string',
    scopes: 'list<string>',
    actors: 'list<Actor>',
  },
  Resource: { kind: 'string', upstream: 'string', name: 'string' },
  Run: {
    id: 'string',
    root: 'string',
    parent: 'string',
    depth: 'int',
    source: 'string',
    labels: 'list<string>',
    age: 'google.protobuf.Duration',
    steps: 'int',
    errors: 'int',
    spent: 'double',
    calls: 'map<string, int>',
  },
  Context: { route: 'string', stream: 'bool', time: TIME },
} as const satisfies Readonly<Record<string, Fields>>;

/** Variables of the condition of a rule. */
export const RULE_VARIABLES: Fields = {
  principal: 'Principal',
  agent: 'string',
  subject: 'string',
  tenant: 'string',
  action: 'string',
  resource: 'Resource',
  args: 'map<string, dyn>',
  run: 'Run',
  context: 'Context',
  now: TIME,
};

/** Variables of `applies`: it is decided once for a principal. */
export const APPLIES_VARIABLES: Fields = TYPES.Principal;

/** What of `run` is counted for its whole tree. Conditions may only compare it with a literal number (counters.ts). */
export const COUNTERS = ['steps', 'errors', 'spent', 'calls'] as const;

/** Names of types, for `type(args.x) == int`. */
export const TYPE_NAMES = ['bool', 'int', 'double', 'string', 'list', 'map', 'null_type'] as const;

/** Called as `f(x)`. */
export const FUNCTIONS = ['has', 'size', 'type', 'int', 'double', 'string', 'bool', 'timestamp', 'duration'] as const;

/** Called as `list.f(variable, …)`: they run their last arguments for every element. */
export const LOOPS = ['all', 'exists', 'exists_one', 'filter', 'map'] as const;

/** Called as `time.f()`, or with the name of a time zone. */
export const TIME_METHODS = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
] as const;

/** Called as `x.f()`. */
export const METHODS = [
  ...LOOPS,
  ...TIME_METHODS,
  'startsWith',
  'endsWith',
  'contains',
  'matches',
  'lowerAscii',
  'upperAscii',
  'trim',
  'split',
  'join',
  'indexOf',
  'lastIndexOf',
  'substring',
  'size',
  'hasValue',
  'or',
  'orValue',
  'value',
] as const;
