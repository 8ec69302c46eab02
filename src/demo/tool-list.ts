import { type CallToolResult, fromJsonSchema, type McpServer } from '@modelcontextprotocol/server';
import type { Mail, Note, Notebook } from './notes.ts';

const text = (description: string) => ({ type: 'string', description, minLength: 1, maxLength: 10_000 }) as const;
const number = (description: string) => ({ type: 'number', description }) as const;

function input<T>(properties: { readonly [Name in keyof T]: object }) {
  const required = Object.keys(properties);
  return fromJsonSchema<T>({ type: 'object', properties, required, additionalProperties: false });
}

const READS = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

function says(words: string): CallToolResult {
  return { content: [{ type: 'text', text: words }] };
}

function fails(words: string): CallToolResult {
  return { ...says(words), isError: true };
}

/** Tools that need nothing: `echo`, `add`. */
export function registerSimpleTools(server: McpServer): void {
  server.registerTool(
    'echo',
    {
      title: 'Echo',
      description: 'Returns the message it was given.',
      inputSchema: input<{ message: string }>({ message: text('What to return') }),
      annotations: READS,
    },
    ({ message }) => says(message),
  );
  server.registerTool(
    'add',
    {
      title: 'Add',
      description: 'Adds two numbers.',
      inputSchema: input<{ a: number; b: number }>({ a: number('First summand'), b: number('Second summand') }),
      outputSchema: input<{ sum: number }>({ sum: number('a + b') }),
      annotations: READS,
    },
    ({ a, b }) => ({ ...says(String(a + b)), structuredContent: { sum: a + b } }),
  );
}

/** Tools that work on the notebook, from reading to what cannot be undone. */
export function registerNoteTools(server: McpServer, notebook: Notebook): void {
  server.registerTool(
    'read_note',
    {
      title: 'Read a note',
      description: 'Returns the text of one note.',
      inputSchema: input<{ id: string }>({ id: text('Id of the note, as search_notes gives it') }),
      annotations: READS,
    },
    ({ id }) => {
      const note = notebook.read(id);
      return note ? says(`${note.title}: ${note.text}`) : fails(`there is no note \`${id}\`; search_notes lists them`);
    },
  );
  server.registerTool(
    'search_notes',
    {
      title: 'Search notes',
      description: 'Lists the notes whose title or text holds a text, one a line as `id: title`.',
      inputSchema: input<{ query: string }>({ query: text('What to look for, in any case') }),
      annotations: READS,
    },
    ({ query }) => {
      const found = notebook.search(query).map(({ id, title }) => `${id}: ${title}`);
      return says(found.join('\n') || `no note holds \`${query}\``);
    },
  );
  server.registerTool(
    'create_note',
    {
      title: 'Create a note',
      description: 'Creates a note and returns its id.',
      inputSchema: input<Omit<Note, 'id'>>({ title: text('Its title'), text: text('The note itself') }),
      outputSchema: input<{ id: string }>({ id: text('Id of the note') }),
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
    },
    (asked) => {
      const note = notebook.create(asked);
      return note
        ? { ...says(`created \`${note.id}\``), structuredContent: { id: note.id } }
        : fails('the notebook is full; delete_note makes room');
    },
  );
  server.registerTool(
    'delete_note',
    {
      title: 'Delete a note',
      description: 'Deletes one note for good.',
      inputSchema: input<{ id: string }>({ id: text('Id of the note') }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    ({ id }) => (notebook.delete(id) ? says(`deleted \`${id}\``) : fails(`there is no note \`${id}\``)),
  );
  server.registerTool(
    'send_mail',
    {
      title: 'Send a mail',
      description: 'Sends a mail. The demo keeps it in memory and sends nothing.',
      inputSchema: input<Mail>({ to: text('Address'), subject: text('Subject'), text: text('The mail itself') }),
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    },
    (mail) => says(`kept for ${mail.to}, not sent: the outbox holds ${notebook.keepMail(mail)}`),
  );
}
