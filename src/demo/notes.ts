/** A note that the demo's tools find, read, create and delete. */
export interface Note {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

const FIRST_NOTES: readonly Note[] = [
  { id: 'welcome', title: 'Welcome', text: 'Waygate stands between agents and everything they call.' },
  { id: 'roadmap', title: 'Roadmap', text: 'Ship the governed call first, then whole runs of agents.' },
  { id: 'groceries', title: 'Groceries', text: 'Bread, apples, coffee.' },
  { id: 'on-call', title: 'On call', text: 'Ana until Friday, then Ben. Page only for what cannot wait.' },
];

const OUTBOX_MAX = 100;
const NOTES_MAX = 1_000;

/** What the demo's tools work on, in memory and gone with the process. */
export class Notebook {
  readonly #notes = new Map(FIRST_NOTES.map((note) => [note.id, note]));
  readonly #outbox: Mail[] = [];
  #created = 0;

  all(): readonly Note[] {
    return [...this.#notes.values()];
  }

  read(id: string): Note | undefined {
    return this.#notes.get(id);
  }

  /** The notes whose title or text holds a text, whatever the case. */
  search(text: string): readonly Note[] {
    const wanted = text.toLowerCase();
    return this.all().filter((note) => `${note.title}\n${note.text}`.toLowerCase().includes(wanted));
  }

  /** The new note; undefined where the notebook is full. */
  create({ title, text }: Omit<Note, 'id'>): Note | undefined {
    if (this.#notes.size >= NOTES_MAX) return undefined;
    this.#created += 1;
    const note = { id: `note-${this.#created}`, title, text };
    this.#notes.set(note.id, note);
    return note;
  }

  /** False where there is no such note. */
  delete(id: string): boolean {
    return this.#notes.delete(id);
  }

  /** Keeps a mail; the oldest go first. Nothing is ever sent. Gives the number of mails kept. */
  keepMail(mail: Mail): number {
    this.#outbox.push(mail);
    if (this.#outbox.length > OUTBOX_MAX) this.#outbox.shift();
    return this.#outbox.length;
  }
}
