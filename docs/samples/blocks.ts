/**
 * The code blocks of a document, and what is said of them in a comment before them, which nobody sees:
 *
 *     <!-- given                          what a sample needs and its reader knows: TypeScript, or shell, put before it
 *     import { connect } from '@iskra/client';
 *     -->
 *     <!-- run -->                        a shell sample that is run against a server on port 8000
 *     <!-- not checked: why -->           a sample that cannot be checked
 */

export interface Block {
  readonly file: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** What it needs before it; empty when it stands alone. */
  readonly given: string;
  readonly run: boolean;
  /** Why it is not checked. */
  readonly unchecked: string | undefined;
}

const FENCE = /^( *)```([\w-]*)[^\n]*\n(.*?)^\1```$/gms;
const NOTE = /<!-- (given|run|not checked:?)\s*(.*?)\s*-->\s*/gs;

export function blocksOf(file: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  let end = 0;
  for (const found of markdown.matchAll(FENCE)) {
    const [whole, indent = '', language = '', text = ''] = found;
    const before = markdown.slice(end, found.index);
    end = found.index + whole.length;
    const notes = notesAtTheEndOf(before);
    blocks.push({
      file,
      line: markdown.slice(0, found.index).split('\n').length + 1,
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      given: notes.get('given') ?? '',
      run: notes.has('run'),
      unchecked: notes.get('not checked'),
    });
  }
  return blocks;
}

/** Only notes that nothing but space parts from the block are about it. */
function notesAtTheEndOf(text: string): Map<string, string> {
  const notes = new Map<string, string>();
  let end = text.trimEnd().length;
  for (const found of [...text.matchAll(NOTE)].reverse()) {
    if (found.index + found[0].trimEnd().length !== end) break;
    end = text.slice(0, found.index).trimEnd().length;
    notes.set((found[1] ?? '').replace(':', ''), found[2] ?? '');
  }
  return notes;
}
