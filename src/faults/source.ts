import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { messageOf } from '../errors.ts';
import { type Complaint, type Fault, formatPath } from './fault.ts';

/** A YAML text with the way back from a value to its line: what every fault's position comes from. */
export interface Source {
  /** The data, or undefined if there is none that can be looked at. */
  value: unknown;
  /** What is wrong with the YAML itself. */
  faults: Fault[];
  /** Gives a complaint its position; a path that does not exist is shown at its nearest parent that does. */
  locate(complaint: Complaint): Fault;
}

/** What would be right, for the YAML errors that people make; the others speak for themselves. */
const YAML_FIXES: Record<string, string> = {
  TAB_AS_INDENT: 'indent with spaces',
  DUPLICATE_KEY: 'keep one of the two',
  BAD_INDENT: 'indent it under the key that it belongs to, and close every [ and {',
  MISSING_CHAR: 'close every quote, and write "key: value" or "- item"',
  BLOCK_AS_IMPLICIT_KEY: 'put a text that contains ": " in quotes',
  MULTIPLE_DOCS: 'one document a file: remove the "---" and move the rest to a file of its own',
  TAG_RESOLVE_FAILED: 'remove the tag: plain YAML is enough',
};

/** Parses one YAML document; never throws. `file` is what the faults name. */
export function parseSource(file: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults: Fault[] = [...document.errors, ...document.warnings].map((error) => ({
    file,
    ...position(error.pos[0]),
    path: '',
    message: `the YAML cannot be read: ${lowerFirst(error.message)}`,
    fix: YAML_FIXES[error.code] ?? 'write it as YAML 1.2',
  }));
  const locate = (complaint: Complaint): Fault => ({
    file,
    ...position(offsetOf(document, complaint)),
    path: formatPath(complaint.path),
    message: complaint.message,
    fix: complaint.fix,
  });
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), faults, locate };
  } catch (thrown) {
    const unresolved = {
      path: [],
      at: 'value' as const,
      message: messageOf(thrown),
      fix: 'name an anchor that exists',
    };
    return { value: undefined, faults: [...faults, locate(unresolved)], locate };
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The offset of a complaint's key or value, or of the nearest parent that the document has. */
function offsetOf(document: Document.Parsed, complaint: Complaint): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of complaint.path.entries()) {
    const child = childOf(isAlias(node) ? node.resolve(document) : node, step);
    if (child === null) return offset;
    const last = depth === complaint.path.length - 1;
    offset =
      (last && complaint.at === 'value' ? startOf(child.value) : null) ??
      startOf(child.key) ??
      startOf(child.value) ??
      offset;
    node = child.value;
  }
  return offset;
}

/** A member of a map or list: its key's node (none in a list) and its value's node. */
function childOf(node: unknown, step: string | number): { key: unknown; value: unknown } | null {
  if (isMap(node)) {
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
    );
    return pair === undefined ? null : { key: pair.key, value: pair.value };
  }
  if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
    return { key: null, value: node.items[step] };
  }
  return null;
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
