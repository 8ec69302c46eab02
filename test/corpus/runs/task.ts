// A task of a coding agent as a script: which agent says what, which tools it uses, and what they give.

/** A tool of the client itself, of an MCP server behind the gateway, or another agent. */
export type ScriptTool =
  | { readonly kind: 'local'; readonly name: string; readonly input: object; readonly gives: string; readonly fails?: boolean }
  | { readonly kind: 'mcp'; readonly server: string; readonly name: string; readonly input: object; readonly gives: string }
  | { readonly kind: 'agent'; readonly agent: ScriptAgent };

export interface ScriptTurn {
  readonly says: string;
  /** None ends the agent. */
  readonly tools: readonly ScriptTool[];
  /** Sent a second time, as after an overloaded upstream. */
  readonly isRepeated?: boolean;
  /** The client has the conversation summed up behind this turn, and goes on from the summary. */
  readonly isCompacted?: boolean;
}

export interface ScriptAgent {
  /** Empty for the one that the user talks to. */
  readonly id: string;
  readonly prompt: string;
  readonly turns: readonly ScriptTurn[];
}

const local = (name: string, input: object, gives: string): ScriptTool => ({ kind: 'local', name, input, gives });
const bash = (command: string, gives: string): ScriptTool => local('Bash', { command, description: command }, gives);
const read = (path: string): ScriptTool => local('Read', { file_path: path }, `1→// ${path}\n2→export const größe = 1;`);
const github = (name: string, input: object, gives: string): ScriptTool => {
  return { kind: 'mcp', server: 'github', name, input, gives };
};
const turn = (says: string, ...tools: readonly ScriptTool[]): ScriptTurn => ({ says, tools });
const done = (says: string): ScriptTurn => ({ says, tools: [] });

const checker: ScriptAgent = {
  id: 'agent-c3',
  prompt: 'Check that the links still work',
  turns: [
    turn('Fetching.', local('WebFetch', { url: 'https://docs.example/tz', prompt: 'status' }, 'All good.')),
    turn('The tracker too.', github('get_issue', { number: 7 }, 'open: time zones')),
    done('Links work.'),
  ],
};

/** Asks for an issue that another agent asks for at the same time, with the same arguments. */
const explorer: ScriptAgent = {
  id: 'agent-a1',
  prompt: 'Find where time zones are read',
  turns: [
    turn('Looking.', local('Grep', { pattern: 'tz' }, 'src/a.ts\nsrc/b.ts'), github('get_issue', { number: 7 }, 'open: time zones')),
    turn('Reading both.', read('src/a.ts'), read('src/b.ts')),
    turn('Delegating the links.', { kind: 'agent', agent: checker }),
    done('They are read in src/a.ts.'),
  ],
};

const tester: ScriptAgent = {
  id: 'agent-b2',
  prompt: 'Write tests for time zones',
  turns: [
    turn('What does the issue say?', github('get_issue', { number: 7 }, 'open: time zones')),
    turn('Writing.', local('Write', { file_path: 'test/a.test.ts', content: 'test("Zürich – 🌍", () => {});' }, 'created')),
    turn('Trying.', bash('npm test', '1 failed'), bash('git diff --stat', ' 1 file changed')),
    turn('Fixing.', local('Edit', { file_path: 'test/a.test.ts', old_string: 'a', new_string: 'b' }, 'edited')),
    turn('Again.', bash('npm test', '1 passed')),
    done('Tests are written.'),
  ],
};

/** Forty steps of changing one file after the other. */
const chores = Array.from({ length: 10 }, (_, index): readonly ScriptTurn[] => {
  const path = `src/module-${index}.ts`;
  return [
    turn(`On to ${path}.`, read(path), local('Grep', { pattern: `tz${index}` }, 'no matches')),
    {
      ...turn('Changing it.', local('Edit', { file_path: path, old_string: 'tz', new_string: 'zone' }, 'edited')),
      isRepeated: index === 3,
    },
    turn('Does it build?', bash('npm run build', `built in ${index} s`)),
    {
      ...turn('Telling the issue.', github('add_comment', { number: 7, body: `done: ${path} ✓` }, `comment ${index}`)),
      isCompacted: index === 5,
    },
  ];
}).flat();

export const TASK: ScriptAgent = {
  id: '',
  prompt: 'Rename tz to zone everywhere',
  turns: [
    turn('First the issue.', github('get_issue', { number: 7 }, 'open: time zones'), bash('git status', 'clean')),
    turn('Two agents at once.', { kind: 'agent', agent: explorer }, { kind: 'agent', agent: tester }, bash('ls', 'src test')),
    ...chores,
    turn('A last look.', { kind: 'local', name: 'Bash', input: { command: 'npm test' }, gives: 'exit 1', fails: true }),
    turn('And what it was.', github('search', { q: 'flaky é' }, 'none'), github('search', { q: 'flaky é' }, 'none')),
    done('Everything is renamed.'),
  ],
};
