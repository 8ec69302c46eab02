import { GatewayError } from './errors.ts';
import type { TreeFacts } from './run.ts';

/** The tree of a call's run is not as it was when the call was judged: it has to be judged again, by what it is now. */
export class TreeMoved extends GatewayError {
  readonly tree: TreeFacts;
  /** What the call was judged by. */
  readonly judged: TreeFacts;

  constructor(tree: TreeFacts, judged: TreeFacts) {
    super('run.moved', 'the run changed time after time while this call was judged; try again');
    this.tree = tree;
    this.judged = judged;
  }
}
