/** PURE. Pages of the reference, made of the sources that they are about: options and limits of their docstrings, codes of their table. */

export interface Option {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** As the docstring says it; undefined when it says none. */
  readonly standard: string | undefined;
  readonly unit: 'ms' | 'bytes' | undefined;
  readonly text: string;
}

/** The members of an exported interface. `what it is. Default 5,000.` has its default taken out. */
export function optionsOf(source: string, name: string): Option[] {
  const found = new RegExp(
    `(?:/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*)?export interface ${name}\\b[^{]*\\{\\n([^]*?)\\n\\}`,
  ).exec(source);
  if (found === null) throw new Error(`There is no exported interface ${name}.`);
  const [, above = '', body = ''] = found;
  return [...body.matchAll(/^ {2}(?:\/\*\*(.*?)\*\/\n {2})?(?:readonly )?(\w+)(\??): (.*?);$/gms)].map(
    ([, doc = '', option = '', optional, type = '']) => {
      const text = sentences(doc);
      const standard = /\bDefault:? (.+?)\.(?= [A-Z]|$)/.exec(text)?.[1];
      return {
        name: option,
        type: type.replaceAll(/\s+/g, ' ').replace(/ \| undefined$/, ''),
        required: optional === '',
        standard,
        // What is said of all of them says the unit of those that are numbers.
        unit: unitOf(text) ?? (/\bnumber\b/.test(type) ? unitOf(sentences(above)) : undefined),
        text: text
          .replace(/ ?\bDefault:? .+?\.(?= [A-Z]|$)/, '')
          .trim()
          .replace(/\.$/, ''),
      };
    },
  );
}

export interface Constant {
  readonly name: string;
  readonly text: string;
}

/** Exported constants and what their docstrings say, in their order. */
export const constantsOf = (source: string): Constant[] =>
  [...source.matchAll(/\/\*\*((?:(?!\*\/)[^])*?)\*\/\nexport const (\w+) =/g)].map(
    ([, doc = '', name = '']) => ({
      name,
      text: sentences(doc),
    }),
  );

/** Members of an exported union of strings, each with the comment behind it. */
export const membersOf = (source: string, name: string): Constant[] =>
  [
    ...(new RegExp(`export type ${name} =\\n([^]*?)\\n\\n`).exec(source)?.[1] ?? '').matchAll(
      /\| '(\w+)';?\s*\/\/ (.*)/g,
    ),
  ].map(([, member = '', text = '']) => ({ name: member, text }));

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

export const code = (text: string): string => `\`${text}\``;

/** 262144 → 262,144, as people read it. */
export const grouped = (value: unknown): string =>
  typeof value === 'number' ? value.toLocaleString('en') : String(value);

/** A docstring on one line, without its stars; a link to a type is its name. */
const sentences = (doc: string): string =>
  doc
    .replaceAll(/^\s*\*/gm, '')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .replaceAll(/\s+/g, ' ')
    .trim();

function unitOf(text: string): Option['unit'] {
  if (/\bmilliseconds\b|\bms\b/i.test(text)) return 'ms';
  return /^\s*Bytes\b|\. Bytes\b|\bBytes (of|that)\b/.test(text) ? 'bytes' : undefined;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
