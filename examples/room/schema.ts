/**
 * The few schemas that this room needs, written as Standard Schema
 * (standardschema.dev). Where zod, valibot or arktype is at hand, its schemas
 * stand in the contract just as well.
 */
import type { Schema } from '@iskra/protocol/wire';

interface Issue {
  readonly message: string;
  readonly path?: readonly PropertyKey[] | undefined;
}
type Checked<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

type Shape = Readonly<Record<string, Schema>>;
type Optional<S extends Shape> = {
  [K in keyof S]: undefined extends TypeOf<S[K]> ? K : never;
}[keyof S];
type TypeOf<S> = S extends Schema<infer T> ? T : never;
type ObjectOf<S extends Shape> = { [K in Exclude<keyof S, Optional<S>>]: TypeOf<S[K]> } & {
  [K in Optional<S>]?: TypeOf<S[K]>;
};

const schema = <T>(validate: (value: unknown) => Checked<T>): Schema<T> => ({
  '~standard': { version: 1, vendor: 'iskra-room', validate },
});

const refuse = (message: string): { issues: Issue[] } => ({ issues: [{ message }] });

/** A string of so many characters. */
export const text = (least: number, most: number): Schema<string> =>
  schema((value) => {
    if (typeof value !== 'string') return refuse('a text is expected here');
    const { length } = value;
    return length >= least && length <= most
      ? { value }
      : refuse(`${least} to ${most} characters are expected, and there are ${length}`);
  });

/** A whole number within these bounds. */
export const whole = (least: number, most: number): Schema<number> =>
  schema((value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? { value }
      : refuse(`a whole number from ${least} to ${most} is expected`),
  );

/** The same, or nothing. */
export const optional = <T>(inner: Schema<T>): Schema<T | undefined> =>
  schema<T | undefined>((value) =>
    value === undefined ? { value } : (inner['~standard'].validate(value) as Checked<T>),
  );

/** An object of these fields; any other is left out. */
export const object = <S extends Shape>(shape: S): Schema<ObjectOf<S>> =>
  schema((given) => {
    if (typeof given !== 'object' || given === null) return refuse('an object is expected here');
    const value: Record<string, unknown> = {};
    for (const [name, inner] of Object.entries(shape)) {
      const checked = inner['~standard'].validate(
        (given as Record<string, unknown>)[name],
      ) as Checked<unknown>;
      if (checked.issues !== undefined) {
        return {
          issues: checked.issues.map(({ message, path = [] }) => ({ message, path: [name, ...path] })),
        };
      }
      if (checked.value !== undefined) value[name] = checked.value;
    }
    return { value: value as never };
  });
