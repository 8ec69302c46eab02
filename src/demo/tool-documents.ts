import { fromJsonSchema, type McpServer } from '@modelcontextprotocol/server';
import type { Notebook } from './notes.ts';

/** What is not a tool: the resource `notes://index` and the prompt `summarize_note`. */
export function registerDocuments(server: McpServer, notebook: Notebook): void {
  server.registerResource(
    'index',
    'notes://index',
    { title: 'All notes', description: 'Id and title of every note, one a line.', mimeType: 'text/plain' },
    ({ href }) => ({
      contents: [
        {
          uri: href,
          mimeType: 'text/plain',
          text: notebook
            .all()
            .map(({ id, title }) => `${id}: ${title}`)
            .join('\n'),
        },
      ],
    }),
  );
  server.registerPrompt(
    'summarize_note',
    {
      title: 'Summarize a note',
      description: 'Asks for a summary of one note in one sentence.',
      argsSchema: fromJsonSchema<{ id: string }>({
        type: 'object',
        properties: { id: { type: 'string', description: 'Id of the note' } },
        required: ['id'],
      }),
    },
    ({ id }) => ({
      messages: [
        {
          role: 'user',
          content: { type: 'text', text: `Summarize this note in one sentence:\n\n${notebook.read(id)?.text ?? ''}` },
        },
      ],
    }),
  );
}
