/** PURE. Commands, their options and the words that these take, as a completion needs them. */
import type { ArgDef, ArgsDef, CommandDef } from 'citty';

/** What may stand in some place: one of these words, a file, a folder, or something that nobody can guess. */
export type Value = { readonly words: readonly string[] } | 'file' | 'folder' | 'anything';

export interface Option {
  readonly name: string;
  readonly does: string;
  /** What its value is called. */
  readonly hint: string;
  /** Undefined for one that is there or not. */
  readonly value: Value | undefined;
  readonly isRepeatable: boolean;
}

export interface Command {
  readonly name: string;
  readonly does: string;
  readonly options: readonly Option[];
  /** What may stand there without an option. */
  readonly place:
    { readonly hint: string; readonly value: Value; readonly isRepeatable: boolean } | undefined;
  /** Commands below it. */
  readonly commands: readonly Command[];
}

/** A command, whatever its arguments are. */
// oxlint-disable-next-line typescript/no-explicit-any -- each command has arguments of its own type
export type Definition = CommandDef<any>;
export type Definitions = Readonly<Record<string, Definition>>;

export const treeOf = (definitions: Definitions): Promise<Command[]> =>
  Promise.all(
    Object.entries(definitions).map(async ([name, definition]) => {
      const { description = '' } = (await resolved(definition.meta)) ?? {};
      const args = Object.entries(((await resolved(definition.args)) ?? {}) as ArgsDef);
      const place = args.find(([, { type }]) => type === 'positional');
      const below = (await resolved(definition.subCommands)) as Definitions | undefined;
      return {
        name,
        does: description,
        options: args.filter(([, { type }]) => type !== 'positional').map(([own, one]) => optionOf(own, one)),
        place: place && {
          hint: place[0],
          value: valueOf(place[1].valueHint),
          isRepeatable: isRepeatable(place[1]),
        },
        commands: below === undefined ? [] : await treeOf(below),
      };
    }),
  );

/** The help of all, and of one of them, are commands as well. */
export const HELP = { name: 'help', does: 'what there is, or what one command does' };

const optionOf = (name: string, definition: ArgDef): Option => ({
  name,
  does: definition.description ?? '',
  hint: definition.valueHint ?? 'value',
  value: definition.type === 'boolean' ? undefined : valueOf(definition.valueHint),
  isRepeatable: isRepeatable(definition),
});

/** The hint says it: `a|b|c` are the words that there are. */
function valueOf(hint = ''): Value {
  if (hint.includes('|')) return { words: hint.split('|') };
  return hint === 'file' || hint === 'folder' ? hint : 'anything';
}

const isRepeatable = ({ description = '' }: ArgDef): boolean => /\brepeatable\b/.test(description);

/** citty takes a value, a promise of one, or a function that gives either. */
const resolved = async <Value>(
  given: Value | Promise<Value> | (() => Value | Promise<Value>) | undefined,
): Promise<Value | undefined> =>
  typeof given === 'function' ? (given as () => Value | Promise<Value>)() : given;
