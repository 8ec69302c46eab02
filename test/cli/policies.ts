// A small law and its tests, as the commands read them.
export const RESEARCH = `policy: research
applies: agent == "researcher"
rules:
  - id: read
    allow: tool.call
    on: tool/github/{get_*,list_*}
  - id: no-prod
    deny: tool.call
    on: tool/github/*
    when: has(args.owner) && args.owner == "prod"
    because: production is for people
limits:
  - id: pace
    rate: 60/min
    on: tool.call
`;

export const RESEARCH_TESTS = `- name: a researcher reads
  request: { principal: researcher, action: tool.call, resource: tool/github/get_file }
  expect: { effect: permit, rules: [research/read], limits: [research/pace] }
- name: production is for people
  request: { principal: researcher, action: tool.call, resource: tool/github/get_file, args: { owner: prod } }
  expect: { effect: deny, rules: [research/no-prod] }
`;

export const SOUND = { 'policies/research.yaml': RESEARCH, 'policies/research.test.yaml': RESEARCH_TESTS };

export const CONFIG = `version: 1
identity: { dev: true }
upstreams:
  openai: { protocol: openai, url: "https://api.openai.com/v1", credential: env:WAYGATE_TEST_KEY }
  github: { protocol: mcp, url: "https://mcp.example/mcp", credential: "file:secrets/github" }
policies: { dir: policies }
`;
