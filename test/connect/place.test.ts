import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pathOf, scopeOf } from '../../src/connect/place.ts';
import { folder } from '../cli/run.ts';

const HERE = { home: '/home/ana', project: '/work', env: {} };

test('a file of the user is below the home folder, one of a project below the project', () => {
  expect(pathOf({ folder: '~/.codex', names: ['config.toml'] }, HERE)).toBe('/home/ana/.codex/config.toml');
  expect(pathOf({ folder: '.', names: ['.mcp.json'] }, HERE)).toBe('/work/.mcp.json');
});

test('a variable of the client moves its folder', () => {
  const place = { folder: '~/.config/x', moved: { by: 'XDG', within: 'x' }, names: ['x.json'] } as const;
  expect(pathOf(place, { ...HERE, env: { XDG: '/etc/xdg' } })).toBe('/etc/xdg/x/x.json');
  expect(pathOf({ ...place, moved: { by: 'XDG' } }, { ...HERE, env: { XDG: '/x' } })).toBe('/x/x.json');
  expect(pathOf(place, { ...HERE, env: { XDG: '' } })).toBe('/home/ana/.config/x/x.json');
});

test('of several names the one that is there is meant', () => {
  const project = folder({ 'x.jsonc': '{}' });
  const place = { folder: '.', names: ['x.json', 'x.jsonc'] } as const;
  expect(pathOf(place, { ...HERE, project })).toBe(join(project, 'x.jsonc'));
  expect(pathOf(place, { ...HERE, project: folder() })).toMatch(/x\.json$/);
});

test('the user’s file is meant where the client has one, unless another is asked for', () => {
  const place = { folder: '.', names: ['x'] } as const;
  const file = { format: 'json', settings: {} } as const;
  expect(scopeOf({ ...file, places: { user: place, project: place } }, undefined)).toBe('user');
  expect(scopeOf({ ...file, places: { project: place } }, undefined)).toBe('project');
  expect(scopeOf({ ...file, places: { user: place } }, 'project')).toBe('project');
});
