// A digest of what a tool answered, whether that came as a message of MCP or as the bytes of an API.
import { type Digesting, digesting, sha256 } from '../core/digest.ts';
import type { UsageReading } from '../protocols/protocol.ts';
import { answerText } from '../protocols/tool-steps-mcp.ts';

/** Sees an answer as it passes. */
export class ResultDigest {
  readonly #bytes: Digesting = digesting();
  readonly #status: number;

  constructor(status: number) {
    this.#status = status;
  }

  feed(chunk: Buffer): void {
    this.#bytes.update(chunk);
  }

  /** Of the message that was read in it, else of all its bytes; each with the status. */
  of({ answer }: UsageReading): string {
    return sha256(`${this.#status} ${answer === undefined ? this.#bytes.hex() : answerText(answer)}`);
  }
}
