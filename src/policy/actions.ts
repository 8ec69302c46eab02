import { type Action, ACTIONS, type ResourceKind } from '../core/access.ts';

/** The kinds of resources that an action is done to. A tool server lists its resources and prompts too. */
export const KINDS_OF: Readonly<Record<Action, readonly ResourceKind[]>> = {
  'model.generate': ['model'],
  'model.embed': ['model'],
  'model.image': ['model'],
  'model.speech': ['model'],
  'model.transcribe': ['model'],
  'model.moderate': ['model'],
  // A batch whose requests lie in a file is of no known model.
  'model.batch': ['model', 'object'],
  'model.list': ['model'],
  'model.count': ['model'],
  'tool.call': ['tool'],
  'tool.list': ['tool', 'resource', 'prompt'],
  // What a client runs by itself, read out of the model traffic: `tool/local/Bash`.
  'tool.local': ['tool'],
  'resource.read': ['resource'],
  'prompt.get': ['prompt'],
  'agent.send': ['agent'],
  'agent.task': ['agent'],
  'http.request': ['http'],
  'object.read': ['object'],
  'object.write': ['object'],
  'run.spawn': ['agent'],
};

/** `model.*` and so on: all actions that begin alike. */
export const FAMILIES: readonly string[] = [...new Set(ACTIONS.map((action) => action.replace(/\..*/, '.*')))];

/** The actions that a name stands for: one, a family's, or none where nobody knows it. */
export function actionsOf(name: string): readonly Action[] {
  const family = FAMILIES.includes(name) ? name.slice(0, -1) : undefined;
  return ACTIONS.filter((action) => (family === undefined ? action === name : action.startsWith(family)));
}

/** Arguments that every request of an action has, as they are where it says nothing there. */
export const USUAL_ARGS: Partial<Readonly<Record<Action, Readonly<Record<string, unknown>>>>> = {
  'http.request': { path: {}, query: {}, media: '', opaque: false },
};

/** The arguments that every request of all these actions has. */
export function certainArgs(actions: readonly Action[]): readonly string[] {
  const [first = {}, ...others] = actions.map((action) => USUAL_ARGS[action] ?? {});
  return Object.keys(first).filter((name) => others.every((args) => Object.hasOwn(args, name)));
}
