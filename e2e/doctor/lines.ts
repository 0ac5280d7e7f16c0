/** A configuration as someone keeps it who follows advice: lines in sections, where a new line takes the place of an old one. */

/** Sections in their order; the text of one has no braces of its own section. */
export type Sections = Readonly<Record<string, readonly string[]>>;

/** What the lines of a finding ask for. */
export interface Asked {
  /** To be written: single lines, and blocks of several. */
  readonly statements: readonly string[];
  /** To be taken out wherever they stand: what a comment has in quotes. */
  readonly refused: readonly string[];
}

export function readLines(text: string): Asked {
  const all = text.split('\n');
  const comments = all.filter((line) => line.startsWith('#'));
  const refused = comments.flatMap((line) => [...line.matchAll(/"([^"]+)"/g)].map(([, what = '']) => what));
  const statements: string[] = [];
  for (const line of all.filter((one) => !one.startsWith('#'))) {
    const last = statements.at(-1);
    // What is indented, and what ends a block, belongs to what was before.
    if (last !== undefined && /^(\s|\}|<\/)/.test(line))
      statements[statements.length - 1] = `${last}\n${line}`;
    else statements.push(line);
  }
  return { statements, refused };
}

/**
 * @param sectionOf where a statement belongs.
 * @param keyOf what two statements have in common of which only one can stand.
 */
export function follow(
  sections: Sections,
  text: string,
  sectionOf: (statement: string) => string,
  keyOf: (statement: string) => string,
): Sections {
  const { statements, refused } = readLines(text);
  const kept: Record<string, string[]> = Object.fromEntries(
    Object.entries(sections).map(([name, lines]) => [
      name,
      lines.filter((line) => !refused.some((what) => line.trim().startsWith(what))),
    ]),
  );
  for (const statement of statements) {
    const lines = (kept[sectionOf(statement)] ??= []);
    const at = lines.findIndex((line) => keyOf(line.trim()) === keyOf(statement.trim()));
    // At the top: who takes the first that fits has to meet it first.
    if (at < 0) lines.unshift(statement);
    else lines[at] = statement;
  }
  return kept;
}
