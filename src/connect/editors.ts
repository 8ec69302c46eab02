import type { Client } from './client.ts';

const CURSOR: Client = {
  title: 'Cursor',
  mcp: {
    files: [
      {
        format: 'json',
        places: {
          user: { folder: '~/.cursor', names: ['mcp.json'] },
          project: { folder: '.cursor', names: ['mcp.json'] },
        },
        settings: {
          mcpServers: {
            '<server>': { url: '<endpoint>', headers: { Authorization: 'Bearer ${env:<token-env>}' } },
          },
        },
      },
    ],
  },
  notes: [
    'The variable must be in the environment that Cursor is started from; one started from a desktop does not see those of a shell.',
  ],
};

const VSCODE: Client = {
  title: 'VS Code',
  mcp: {
    files: [
      {
        format: 'json',
        places: { project: { folder: '.vscode', names: ['mcp.json'] } },
        settings: {
          servers: {
            '<server>': {
              type: 'http',
              url: '<endpoint>',
              headers: { Authorization: 'Bearer ${input:waygate-token}' },
            },
          },
          inputs: [
            { type: 'promptString', id: 'waygate-token', description: 'Token for the agent gateway', password: true },
          ],
        },
      },
    ],
  },
  notes: [
    'VS Code asks for the token once and keeps it in its own store of secrets.',
    'The user’s own `mcp.json` lies in a profile; `MCP: Open User Configuration` opens it for the same settings.',
  ],
};

export const EDITORS = { cursor: CURSOR, vscode: VSCODE } as const;
