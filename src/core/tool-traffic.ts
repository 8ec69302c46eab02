// What the traffic of models says of an agent's tools: those that an answer asks for, and what the next request tells of them.

/** Where a request says in its body that it belongs: the session, and the agent in it where that is another. */
export interface NamedPlace {
  readonly session: string;
  readonly agent: string | undefined;
}

/** A tool that a model's answer asks for, as it is told. */
export interface ToolUse {
  /** As the provider gave it, at most 256 characters; empty where it gives none (Gemini). */
  readonly id: string;
  /** As the model wrote it, e.g. `Bash` or `mcp__github__get_issue`. */
  readonly name: string;
  /** Its arguments as the model wrote them, usually JSON; undefined where they are too long to be kept. */
  readonly input: string | undefined;
}

/** The same once the answer is whole. */
export interface ToolAsk {
  readonly id: string;
  /** The tool's own, where a client calls it through another. */
  readonly name: string;
  /** SHA-256 of its arguments as canonical JSON, in hex; empty where they were too long to be kept. */
  readonly argsDigest: string;
}

/** What became of a tool that an earlier answer asked for, as a request to a model tells it. */
export interface ToolResult {
  /** That of its `ToolUse`; where providers give none, `~` and a digest of what is told, the same when it is told again. */
  readonly id: string;
  /** Empty where the request does not repeat the answer that asked for it (`previous_response_id`). */
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** As in `ToolAsk`; empty where the name is. */
  readonly argsDigest: string;
  /** SHA-256 of what it gave, in hex. */
  readonly resultDigest: string;
  readonly isError: boolean;
}

/** The result of a tool that did not come by as a call. */
export interface LocalResult extends ToolResult {
  /** False where it was told before. */
  readonly isNew: boolean;
}
