/** PURE: the text of a configuration file, JSON or YAML, as a layer that knows its lines. What it holds is not repeated when it cannot be read. */
import path from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { Layer, Path, Tree } from './layer.js';
import type { Mistake } from './mistakes.js';

/**
 * @param name as it was given, for sentences
 * @param full the whole path, for what is relative to it
 */
export function fileLayer(name: string, full: string, text: string): Layer | Mistake {
  const lines = new LineCounter();
  // JSON is YAML, so its lines are found the same way; what only YAML allows is refused before.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const wrong = (line: number | undefined, what: string, cure: string): Mistake => {
    const source = line === undefined ? name : `${name}:${line}`;
    return { key: '', source, subject: source, what, cure };
  };
  const [error] = document.errors;
  const at = error === undefined ? undefined : lines.linePos(error.pos[0]).line;
  if (name.endsWith('.json') && !isJson(text)) {
    return wrong(
      at,
      'is no JSON',
      'look for a comma, a quote or a bracket too few or too many; YAML has names that end with .yaml',
    );
  }
  if (error?.code === 'DUPLICATE_KEY')
    return wrong(at, 'names a setting for the second time', 'keep one of them');
  if (error?.code === 'TAB_AS_INDENT') return wrong(at, 'begins with a tab', 'YAML is indented with spaces');
  if (error !== undefined) {
    return wrong(
      at,
      'is no YAML',
      'look at its indentation, and put quotes around values with ": ", "#" or a leading "*"',
    );
  }
  const tree = treeOf(document);
  if (tree === undefined)
    return wrong(1, 'has no settings by name', 'a file looks like "port: 8000", a line for each setting');

  const source = (where: Path): string => {
    const line = lineOf(document, lines, where);
    return line === undefined ? name : `${name}:${line}`;
  };
  return {
    kind: 'file',
    tree,
    base: path.dirname(full),
    source,
    subject: (where) => `${source(where)}: ${where.join('.')}`.replace(/: $/, ''),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Nothing, where there are no settings at all, is as good as an empty file. */
function treeOf(document: Document.Parsed): Tree | undefined {
  try {
    const value: unknown = document.toJS();
    // What names others without end was thrown there; what holds itself is thrown here.
    JSON.stringify(value);
    if (value === null) return {};
    return typeof value === 'object' && !Array.isArray(value) ? (withoutNothing(value) as Tree) : undefined;
  } catch {
    return undefined;
  }
}

/** What has no value, such as a group whose settings are all commented out, is not set. */
function withoutNothing(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([name, one]) => [name, isGroup(one) ? withoutNothing(one) : (one as unknown)]),
  );
}

const isGroup = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The line of the name, or of the nearest thing above it that has one. */
function lineOf(document: Document.Parsed, lines: LineCounter, where: Path): number | undefined {
  for (let depth = where.length; depth > 0; depth--) {
    const above = depth === 1 ? document.contents : document.getIn(where.slice(0, depth - 1), true);
    if (!isMap(above)) continue;
    const name = above.items
      .map(({ key }) => key)
      .find((key) => isScalar(key) && key.value === where[depth - 1]);
    const start = isScalar(name) ? name.range?.[0] : undefined;
    if (start !== undefined) return lines.linePos(start).line;
  }
  return undefined;
}
