/** Colours, where somebody sees them: how a piece of text looks on a terminal, and whether it may. */

export type Tone = 'plain' | 'quiet' | 'good' | 'bad' | 'strong' | 'title';

/** On a terminal, unless `NO_COLOR` (https://no-color.org) or a terminal without colours says otherwise. */
export function hasColor(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && !NO_COLOR && TERM !== 'dumb';
}

/** The text in this tone, whoever reads it. */
export function paint(tone: Tone, text: string): string {
  const code = CODES[tone];
  return code === undefined || text === '' ? text : `\u001b[${code}m${text}\u001b[0m`;
}

/** Of ECMA-48's "select graphic rendition". */
const CODES: Record<Tone, string | undefined> = {
  plain: undefined,
  quiet: '2',
  good: '32',
  bad: '31',
  strong: '1',
  title: '1;4',
};
