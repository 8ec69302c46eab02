// What an agent does, step by step: it asks the model, calls the tool that the model names, and reports what that returned.
import type { Hands } from './hands.ts';
import { TOOL, type ToolUse } from './mouths.ts';
import { type Member, tagOf } from './plan.ts';

/** One step after the other; each is one governed call. */
export function conversation(member: Member, hands: Hands, firstStep = 1): () => Promise<void> {
  let step = firstStep - 1;
  let prompt = '';
  let tool: ToolUse | undefined;
  let result: string | undefined;
  return async () => {
    step += 1;
    if (tool === undefined) {
      const message = `${tagOf(member, step)} looks into part ${step} of the task`;
      prompt = promptOf(message);
      tool = await hands.ask(prompt);
      must(tool.args.message === message, 'the model asks for the tool with what it was told');
    } else if (result === undefined) {
      result = await hands.use({ ...tool, args: { message: `${tool.args.message}, as ${tagOf(member, step)}` } });
      must(result.includes(tool.args.message), 'the tool returns what it was given');
    } else {
      const said = await hands.report(prompt, tool, result);
      must(said.includes('The tool returned'), 'the model says what the tool returned');
      [tool, result] = [undefined, undefined];
    }
  };
}

/** Has the demo model call the tool with this message. */
export function promptOf(message: string): string {
  return `Please call ${TOOL} with ${JSON.stringify({ message })}`;
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`this was expected: ${what}`);
}
