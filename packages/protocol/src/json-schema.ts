/**
 * Schemas of a contract as JSON Schema. They say it themselves, by Standard JSON
 * Schema (`~standard.jsonSchema`: zod 4, arktype and others); which library they
 * are of is never asked. What cannot say it lets everything pass, and is told.
 */
import type { Contract, Schema } from './contract.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** AsyncAPI knows neither `true` nor `false`. */
const EVERYTHING: JsonSchema = {};
const NOTHING: JsonSchema = { not: {} };

/** What goes into a schema, or what comes out of it: they differ where it changes what it checks. */
export type SchemaSide = 'input' | 'output';

/** A schema that is not in the document as it is. */
export interface UnsaidSchema {
  /** Where in the contract, as `channels.room:{id}.said`. */
  readonly where: string;
  /** The library that it is of. */
  readonly vendor: string;
  readonly side: SchemaSide;
  readonly why: string;
}

export interface JsonSchemaOptions {
  /** JSON Schema of a schema, for those that cannot say it themselves; asked first. Default: they are asked. */
  convert?: (schema: Schema, side: SchemaSide) => JsonSchema | undefined;
  /** Is told of each schema that cannot be said: there, everything passes. Default: nobody. */
  onUnsaid?: (unsaid: UnsaidSchema) => void;
}

export interface JsonSchemaDocument {
  readonly $schema: string;
  readonly $defs: Readonly<Record<string, JsonSchema>>;
}

const DRAFT = 'draft-2020-12';

/**
 * All schemas of a contract, as definitions of one JSON Schema (draft 2020-12): `room_id.said` for what arrives as `said` in
 * `room:{id}`, `requests.rename.request` and `requests.rename.reply` for a request, as its caller sees them. Where what is published
 * is another than what arrives, the first has `.input` behind its name.
 */
export function jsonSchemas(contract: Contract, options: JsonSchemaOptions = {}): JsonSchemaDocument {
  const { all, add } = createDefinitions(DRAFT, '#/$defs', options);
  for (const { id, deltas } of channelsOf(contract)) {
    for (const { name, where, schema } of deltas) add(`${id}.${name}`, where, schema);
  }
  for (const { id, where, input, output } of requestsOf(contract)) {
    add(`${id}.request`, `${where}.input`, input, 'input');
    add(`${id}.reply`, `${where}.output`, output, 'output');
  }
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $defs: all };
}

/** Where a schema is found in a document. */
export interface Defined {
  readonly input: string;
  readonly output: string;
  /** Whether it may be missing. */
  readonly isOptional: boolean;
}

export interface Definitions {
  /** By name. */
  readonly all: Record<string, JsonSchema>;
  /** Both sides of a schema, or one alone. */
  add(id: string, where: string, schema: Schema, only?: SchemaSide): Defined;
}

/** Collects definitions under `base`, each by its own name. */
export function createDefinitions(
  target: string,
  base: string,
  { convert, onUnsaid }: JsonSchemaOptions,
): Definitions {
  const all: Record<string, JsonSchema> = {};

  const say = (schema: Schema, side: SchemaSide, where: string): JsonSchema => {
    const given = convert?.(schema, side);
    if (given !== undefined) return given;
    const { vendor, jsonSchema } = schema['~standard'] as Schema['~standard'] & Partial<Saying>;
    let why = 'it has no ~standard.jsonSchema: give `convert`, or a version of its library that has it';
    try {
      if (jsonSchema !== undefined) return jsonSchema[side]({ target });
    } catch (error) {
      why = (error as Error).message;
    }
    // There is no JSON without a value.
    if (isNothing(schema)) return NOTHING;
    onUnsaid?.({ where, vendor, side, why });
    return EVERYTHING;
  };

  return {
    all,
    add(id, where, schema, only) {
      const output = say(schema, only ?? 'output', where);
      const input = only === undefined ? say(schema, 'input', where) : output;
      const isSame = textOf(input) === textOf(output);
      const inputId = isSame ? id : `${id}.input`;
      all[id] = moved(isSame ? input : output, `${base}/${id}`);
      if (!isSame) all[inputId] = moved(input, `${base}/${inputId}`);
      return { input: inputId, output: id, isOptional: passes(schema, undefined) };
    },
  };
}

/** Standard JSON Schema, as far as it is used. */
interface Saying {
  readonly jsonSchema: Readonly<Record<SchemaSide, (options: { target: string }) => Record<string, unknown>>>;
}

interface ListedChannel {
  readonly id: string;
  readonly pattern: string;
  readonly deltas: readonly ListedDelta[];
}

interface ListedDelta {
  readonly name: string;
  readonly delta: string;
  readonly where: string;
  readonly schema: Schema;
}

/** The channels of a contract, with names that are good in documents and programs. */
export function channelsOf({ channels = {} }: Contract): ListedChannel[] {
  const nameChannel = namer();
  return Object.entries(channels).map(([pattern, deltas]) => {
    const nameDelta = namer();
    return {
      id: nameChannel(pattern),
      pattern,
      deltas: Object.entries(deltas).map(([delta, schema]) => ({
        name: nameDelta(delta),
        delta,
        where: `channels.${pattern}.${delta}`,
        schema,
      })),
    };
  });
}

interface ListedRequest {
  readonly id: string;
  readonly request: string;
  readonly where: string;
  readonly input: Schema;
  readonly output: Schema;
}

/** Its requests likewise. */
export function requestsOf({ requests = {} }: Contract): ListedRequest[] {
  const nameRequest = namer();
  return Object.entries(requests).map(([request, { input, output }]) => ({
    ...{ id: `requests.${nameRequest(request)}`, request, where: `requests.${request}`, input, output },
  }));
}

/** `room:{id}` is `room_id`; whoever would have the name of another gets a number. */
function namer(): (from: string) => string {
  const taken = new Set<string>();
  return (from) => {
    const plain = from.replace(/[^A-Za-z0-9-]+/g, '_').replace(/^_+|_+$/g, '') || 'unnamed';
    let name = plain;
    for (let count = 2; taken.has(name); count++) name = `${plain}_${count}`;
    taken.add(name);
    return name;
  };
}

/** A copy that says `#` of the place where it lies, and does not name its draft again. */
function moved(schema: JsonSchema, place: string): JsonSchema {
  const copied = copy(schema, (name, value) =>
    name === '$ref' && typeof value === 'string' && value.startsWith('#') ? place + value.slice(1) : value,
  ) as Record<string, unknown>;
  delete copied.$schema;
  return copied;
}

/** To compare: without what says that nothing else may be there, which schemas say of what comes out of them only. */
const textOf = (schema: JsonSchema): string =>
  JSON.stringify(
    copy(schema, (name, value) => (name === 'additionalProperties' && value === false ? undefined : value)),
  );

function copy(value: unknown, change: (name: string, value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => copy(one, change));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([name, one]) => [name, copy(change(name, one), change)] as const,
  );
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
}

/** Lets only `undefined` pass, as far as can be seen from outside. */
const isNothing = (schema: Schema): boolean =>
  passes(schema, undefined) && ![null, false, 0, '', [], {}].some((value) => passes(schema, value));

/** Whether a value passes; false where the schema has to wait to know it. */
function passes(schema: Schema, value: unknown): boolean {
  try {
    const result = schema['~standard'].validate(value);
    // A rejection that nobody hears would end the process.
    if (result instanceof Promise) result.catch(() => {});
    return 'issues' in result ? result.issues === undefined : 'value' in result;
  } catch {
    return false;
  }
}
