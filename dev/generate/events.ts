import { page, table } from './markdown.ts';

/** One member of the event union, as its declaration documents it. */
interface EventEntry {
  kind: string;
  about: string;
  fields: string;
}

/** The page of all events, made from the doc comments of src/recovery/events.ts: TypeScript 7 has no API to ask. */
export function eventsPage(source: string): string {
  const rows = entriesOf(source).map(({ kind, about, fields }) => [
    `\`${kind}\``,
    about,
    fields === '' ? '' : `\`${fields}\``,
  ]);
  const about =
    'What happens in a recovery, in the order of its declaration (`src/recovery/events.ts`). Every event also has `v: 1`, its number `seq` and its time `at`. They are what the query `record` answers with and what the audit stores.';
  return page('Events', about, [table(['Kind', 'Meaning', 'Fields'], rows)]);
}

/** Takes the union apart at its own indentation: a doc comment, then the member that it belongs to. Throws if there is none. */
export function entriesOf(source: string): EventEntry[] {
  const body = /export type EventBody =\n((?:.|\n)*?);\n\nexport /.exec(source)?.[1];
  if (body === undefined) throw new Error('src/recovery/events.ts: no union "EventBody" was found');
  let about = '';
  return `\n${body}`.split(/\n {2}(?=\/\*\*|\|)/).flatMap((piece) => {
    if (piece.startsWith('/**')) {
      about = plain(piece);
      return [];
    }
    const kind = /kind: '([a-z-]+)'/.exec(piece)?.[1];
    if (kind === undefined) return [];
    const entry = { kind, about, fields: fieldsOf(piece) };
    about = '';
    return [entry];
  });
}

/** A doc comment's words. */
function plain(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/\n\s*\*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A member's fields without its kind and comments, in one line; `&` where another type's fields are among them. */
function fieldsOf(member: string): string {
  return member
    .replace(/\/\*\*(?:.|\n)*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/^\| \(?\{ kind: '[a-z-]+';? ?/, '')
    .replace(/[ ;]*\} & /, ' & ')
    .replace(/^ & /, '')
    .replace(/[ ;})]*$/, '');
}
