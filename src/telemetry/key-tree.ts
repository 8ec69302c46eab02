interface Node<Value> {
  readonly children: Map<unknown, Node<Value>>;
  value: Value | undefined;
}

/** A bounded cache by a list of keys. A text joined of them would have to be built and hashed at every look-up. */
export class KeyTree<Value> {
  readonly #max: number;
  #root: Node<Value> = emptyNode();
  #size = 0;

  /** Past `max` values all are forgotten and made anew. */
  constructor(max: number) {
    this.#max = max;
  }

  find(keys: readonly unknown[], make: () => Value): Value {
    let node: Node<Value> | undefined = this.#root;
    for (const key of keys) {
      node = node.children.get(key);
      if (!node) return this.#add(keys, make());
    }
    return node.value ?? this.#add(keys, make());
  }

  #add(keys: readonly unknown[], value: Value): Value {
    if (this.#size >= this.#max) {
      this.#root = emptyNode();
      this.#size = 0;
    }
    this.#size += 1;
    let node = this.#root;
    for (const key of keys) {
      let child = node.children.get(key);
      if (!child) node.children.set(key, (child = emptyNode()));
      node = child;
    }
    node.value = value;
    return value;
  }
}

function emptyNode<Value>(): Node<Value> {
  return { children: new Map(), value: undefined };
}
