import { describe, expect, test } from 'vitest';
import type { Client, Settings } from '../../src/connect/client.ts';
import { CLIENTS } from '../../src/connect/clients.ts';
import { fill } from '../../src/connect/fill.ts';
import { CLIENT_NAMES } from '../../src/connect/names.ts';
import { fileText } from '../../src/connect/render.ts';

const VALUES = {
  url: 'http://gw',
  base: 'http://gw/base',
  'token-env': 'HELD_IN',
  token: 'THE-SECRET',
  model: 'some/model-1.5',
  server: 'notes',
  endpoint: 'http://gw/mcp/notes',
};

const settingsOf = ({ models = {}, mcp }: Client): readonly Settings[] => [
  ...Object.values(models),
  ...(mcp ? [mcp] : []),
];
const EACH = CLIENT_NAMES.flatMap((name) =>
  settingsOf(CLIENTS[name]).map((settings, way) => ({ name, way, settings })),
);

test('every client can be connected in some way', () => {
  for (const name of CLIENT_NAMES) expect(settingsOf(CLIENTS[name])).not.toEqual([]);
});

describe.each(EACH)('$name, way $way', ({ settings: template }) => {
  const { shell, beside, files = [], notes = [] } = fill(template, VALUES);

  test('names the gateway, and gets the token from the shell alone', () => {
    const texts = files.map(fileText);
    expect(JSON.stringify([shell, beside, texts, notes])).toContain('http://gw/');
    expect(JSON.stringify([texts, notes])).not.toContain('THE-SECRET');
  });

  test('leaves no template unfilled', () => {
    expect(JSON.stringify([shell, beside, files.map(fileText), notes])).not.toMatch(/<[a-z-]+>/);
  });

  test('has a place for each of its files, and the same scopes for all', () => {
    const scopes = files.map(({ places }) => Object.keys(places).sort());
    for (const one of scopes) {
      expect(one.length).toBeGreaterThan(0);
      expect(one).toEqual(scopes[0]);
    }
  });

  test('refers to the variable that holds the token, or has the client ask for it', () => {
    const all = JSON.stringify([shell, beside, files.map(fileText)]);
    expect(all).toMatch(/HELD_IN|THE-SECRET|promptString/);
  });
});

test('notes are sentences', () => {
  for (const name of CLIENT_NAMES) {
    const notes = [...CLIENTS[name].notes, ...settingsOf(CLIENTS[name]).flatMap(({ notes: own = [] }) => own)];
    for (const note of notes) expect(note).toMatch(/^[^a-z].*\.$/s);
  }
});
