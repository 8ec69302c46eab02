// The law of the bench's calls.

/** Policy files, by the name of each without its ending. */
export type Policies = Readonly<Record<string, object>>;

/** Allows everything; limits nothing. */
export const ALLOW_ALL: Policies = { open: { policy: 'open', rules: [{ id: 'all', allow: ['model.*', 'tool.*'] }] } };

const MODEL_RULES = 20;
/** As many as a file may hold, and more than a reader wants. */
const RULES_A_FILE = 1_000;

/**
 * So many rules, as teams have them: most are about tools, which cannot concern a model call; 10 about models of other
 * names; 10 denials whose conditions every model call has to get past; and the one that allows. A rate and two budgets count
 * every call, and are never reached.
 */
export function governedPolicies(rules: number): Policies {
  const tools = Array.from({ length: rules - MODEL_RULES - 1 }, (_, index) => ({
    id: `tool-${index}`,
    allow: 'tool.call',
    on: `tool/server-${index}/{get_*,list_*}`,
    when: `has(args.owner) && args.owner == "team-${index}"`,
  }));
  const models = Array.from({ length: MODEL_RULES }, (_, index) =>
    index % 2 === 0
      ? { id: `model-${index}`, deny: 'model.generate', on: `model/*/family-${index}-*` }
      : {
          id: `model-${index}`,
          deny: 'model.generate',
          on: 'model/*/*',
          when: `agent == "agent-${index}" && "scope-${index}" in principal.scopes`,
        },
  );
  const policies: Record<string, object> = {};
  for (let start = RULES_A_FILE; start < tools.length; start += RULES_A_FILE) {
    const policy = `tools-${start / RULES_A_FILE}`;
    policies[policy] = { policy, rules: tools.slice(start, start + RULES_A_FILE) };
  }
  policies['governed'] = {
    policy: 'governed',
    rules: [...tools.slice(0, RULES_A_FILE), ...models, { id: 'bench', allow: 'model.generate', on: 'model/bench/*' }],
    limits: [
      { id: 'pace', rate: '1000000/s', per: 'agent' },
      { id: 'tenant-month', budget: '1000000 USD', every: 'month', per: 'tenant' },
      { id: 'agent-hour', budget: '1000000 USD', every: '1h', per: ['agent', 'model'] },
    ],
  };
  return policies;
}

/** What a run and its tree may use, counted for every run above a call; never reached. */
export const RUN_LIMITS: Policies = {
  runs: {
    policy: 'runs',
    limits: [
      { id: 'run', budget: '1000000 USD', per: 'run' },
      { id: 'tree', budget: '1000000 USD', per: 'run.root', reserve: '1 USD for final' },
      { id: 'swarm', max: { depth: 16, children: 1_000_000, steps: 1_000_000_000 } },
    ],
  },
};
