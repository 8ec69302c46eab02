// The run's part of an admission as words for scripts/admit.lua, and what a tree holds as words back.
import type { TreeFacts } from '../core/run.ts';
import type { RunAdmission } from '../core/run-book.ts';
import { escaped, escapedPath } from '../core/store-keys.ts';
import { counterField, factsOf, stopWord } from '../core/tree-fields.ts';

/** In words, behind the places of its tree and its key; with `birth` it says how the run begins. */
export function runWords(admission: RunAdmission, birth: boolean): string {
  const { run, action, quote, labels, counts, adds, idle } = admission;
  const { revision, tenantRevision } = run.tree;
  const judged = revision < 0 ? '* *' : `${revision} ${tenantRevision}`;
  let words = `${run.id} ${run.root} ${judged} ${action} ${quote.tokens} ${quote.money} `;
  words += birth ? birthOf(admission) : '-';
  words += ` ${labels.length}`;
  for (const label of labels) words += ` ${escapedPath(label)}`;
  words += ` ${counts.length}`;
  for (const { name, atLeast, below } of counts) words += ` ${counterField(name)} ${atLeast} ${below}`;
  words += ` ${adds.length}`;
  for (const name of adds) words += ` ${counterField(name)}`;
  words += idle ? ` ${idle.ms} ${stopWord(idle.stop)}` : ' -';
  return words;
}

// A word is never empty: a text without characters is `%`, which no escape ends in.
const word = (text: string): string => escaped(text) || '%';

function birthOf({ run, agent, subject }: RunAdmission): string {
  return `${run.path.join('/')} ${word(run.name)} ${run.source} ${word(agent)} ${word(subject)}`;
}

/** What HGETALL says of a tree and of its tenant's stops, from `start` on: how many words are the tree's, and all words. */
export function readFacts(words: readonly string[], start: number): TreeFacts {
  const treeEnd = start + 1 + Number(words[start]);
  return factsOf(words.slice(start + 1, treeEnd), words.slice(treeEnd));
}
