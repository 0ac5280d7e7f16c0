/**
 * A contract ties channels to their deltas and payloads, and requests to their
 * input and output. Server and client infer everything from it: a wrong payload
 * is a compile error, and at run time a fault that names the field.
 *
 * Any Standard Schema will do (standardschema.dev): zod, valibot, arktype …
 */
import { isChannel } from './check.js';
import type { CodeName } from './codes.js';
import type { Envelope } from './envelope.js';
import { MAX_CHANNEL } from './limits.js';

/** The part of Standard Schema v1 that is used here. */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What `defineContract` takes. */
export interface Contract {
  /** By channel pattern (`room:{id}`), the schema of each delta's payload. */
  readonly channels?: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
  /** By name, the schemas of a request's input and output. */
  readonly requests?: Readonly<Record<string, { readonly input: Schema; readonly output: Schema }>>;
  /** By delta, the payload of what the server sends to a session or a subject alone. */
  readonly messages?: Readonly<Record<string, Schema>>;
}

/** The contract of those who use none: every channel, delta and request is allowed, every payload is unknown. */
export interface Untyped {
  readonly channels: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
  readonly requests: Readonly<Record<string, { readonly input: Schema; readonly output: Schema }>>;
}

/**
 * Defines a contract. A pattern's `{name}` stands for one part between colons:
 * `room:{id}` covers `room:7`, not `room:7:staff`.
 *
 * @throws TypeError when a pattern can never be a channel name.
 */
export function defineContract<const C extends Contract>(contract: C): C {
  for (const pattern of Object.keys(contract.channels ?? {})) patternExpression(pattern);
  return contract;
}

type Channels<C extends Contract> = C extends { channels: infer Found } ? Found : Record<never, never>;
type Messages<C extends Contract> = C extends { messages: infer Found } ? Found : Record<string, Schema>;
type Requests<C extends Contract> = C extends { requests: infer Found } ? Found : Record<never, never>;

type Template<Pattern extends string> = Pattern extends `${infer Before}{${string}}${infer After}`
  ? `${Before}${string}${Template<After>}`
  : Pattern;

type InputOf<S> = S extends { '~standard': { types?: infer T } }
  ? NonNullable<T> extends { input: infer I }
    ? I
    : unknown
  : unknown;
type OutputOf<S> = S extends { '~standard': { types?: infer T } }
  ? NonNullable<T> extends { output: infer O }
    ? O
    : unknown
  : unknown;

/** The channel names that a contract knows. */
export type ChannelName<C extends Contract> = Template<keyof Channels<C> & string>;

/** Part by part between the colons, as at run time: else `room:{id}` would claim `room:7:staff` too. */
type Covers<Pattern extends string, Channel extends string> = string extends Pattern
  ? true
  : Pattern extends `${infer Part}:${infer More}`
    ? Channel extends `${infer Found}:${infer Rest}`
      ? Found extends Template<Part>
        ? Covers<More, Rest>
        : false
      : false
    : Channel extends `${string}:${string}`
      ? false
      : Channel extends Template<Pattern>
        ? true
        : false;

type PatternOf<C extends Contract, Channel extends string> = {
  [P in keyof Channels<C> & string]: Covers<P, Channel> extends false ? never : P;
}[keyof Channels<C> & string];

type DeltasOf<C extends Contract, Channel extends string> = Channels<C>[PatternOf<C, Channel>];

/** The deltas of one channel. */
export type DeltaName<C extends Contract, Channel extends string> = keyof DeltasOf<C, Channel> & string;

/** What may be published as this delta. */
export type PublishPayload<C extends Contract, Channel extends string, Delta extends string> = InputOf<
  DeltasOf<C, Channel>[Delta & keyof DeltasOf<C, Channel>]
>;

/** What arrives as this delta. */
export type DeliveredPayload<C extends Contract, Channel extends string, Delta extends string> = OutputOf<
  DeltasOf<C, Channel>[Delta & keyof DeltasOf<C, Channel>]
>;

/** What somebody publishes, as it arrives: told apart by its delta, and by its channel where that is one name. */
export type Published<C extends Contract> = C extends { channels: infer Found }
  ? {
      [Pattern in keyof Found & string]: {
        [Delta in keyof Found[Pattern] & string]: {
          readonly channel: Template<Pattern>;
          readonly delta: Delta;
          readonly payload: OutputOf<Found[Pattern][Delta]>;
        };
      }[keyof Found[Pattern] & string];
    }[keyof Found & string]
  : { readonly channel: string; readonly delta: string; readonly payload: unknown };

/** What somebody requests, as its handler is given it: told apart by its name. */
export type Requested<C extends Contract> = C extends { requests: infer Found }
  ? {
      [Name in keyof Found & string]: {
        readonly name: Name;
        readonly input: HandledInput<C, Name>;
      };
    }[keyof Found & string]
  : { readonly name: string; readonly input: unknown };
/** The deltas that a session or a subject is sent alone; any, where the contract does not say. */
export type MessageName<C extends Contract> = keyof Messages<C> & string;

/** What may be sent as this delta. */
export type MessagePayload<C extends Contract, Delta extends string> = InputOf<
  Messages<C>[Delta & keyof Messages<C>]
>;

type MessageOf<Delta extends string, Payload> = Omit<Envelope, 'delta' | 'payload'> & {
  delta: Delta;
  payload: Payload;
};

/** What a session is sent alone, as it arrives: told apart by its delta. The server says by itself that it ended a subscription. */
export type DeliveredMessage<C extends Contract> =
  string extends MessageName<C>
    ? Envelope
    : | { [Delta in MessageName<C>]: MessageOf<Delta, OutputOf<Messages<C>[Delta]>> }[MessageName<C>]
      | MessageOf<'unsubscribed', { channel: string }>;

/** The requests of a contract. */
export type RequestName<C extends Contract> = keyof Requests<C> & string;

type RequestOf<C extends Contract, Name> = Requests<C>[Name & keyof Requests<C>];

/** What a caller passes to a request. */
export type RequestInput<C extends Contract, Name extends string> = InputOf<
  RequestOf<C, Name> extends { input: infer S } ? S : unknown
>;
/** What a request's handler is given. */
export type HandledInput<C extends Contract, Name extends string> = OutputOf<
  RequestOf<C, Name> extends { input: infer S } ? S : unknown
>;
/** What a request's handler gives back. */
export type HandledOutput<C extends Contract, Name extends string> = InputOf<
  RequestOf<C, Name> extends { output: infer S } ? S : unknown
>;
/** What the caller of a request receives. */
export type RequestOutput<C extends Contract, Name extends string> = OutputOf<
  RequestOf<C, Name> extends { output: infer S } ? S : unknown
>;

/** A value that passed, or why it did not. */
export type Checked =
  | { ok: true; value: unknown }
  | { ok: false; code: Extract<CodeName, 'not_found' | 'invalid'>; field: string; message: string };

/** A contract made ready for use at run time. */
export interface ContractCheck {
  /** Whether the contract has a pattern for this channel; true without channels in it. */
  hasChannel(channel: string): boolean;
  payload(channel: string, delta: string, payload: unknown): Checked | Promise<Checked>;
  /** Of what is sent to a session or a subject alone. */
  message(delta: string, payload: unknown): Checked | Promise<Checked>;
  input(request: string, value: unknown): Checked | Promise<Checked>;
  output(request: string, value: unknown): Checked | Promise<Checked>;
}

/** Compiles a contract. Parts that the contract does not have (or no contract at all) allow everything. */
export function compileContract(contract: Contract = {}): ContractCheck {
  const { channels, requests, messages } = contract;
  const patterns = Object.entries(channels ?? {}).map(([pattern, deltas]) => ({
    expression: patternExpression(pattern),
    deltas: new Map(Object.entries(deltas)),
  }));
  const methods = new Map(Object.entries(requests ?? {}));
  const find = (channel: string) => patterns.find(({ expression }) => expression.test(channel));

  const request = (name: string, side: 'input' | 'output', value: unknown): Checked | Promise<Checked> => {
    if (requests === undefined) return { ok: true, value };
    const method = methods.get(name);
    if (method === undefined) {
      return missing('delta', `The contract has no such request; it knows ${list(methods)}.`);
    }
    return check(method[side], value);
  };

  return {
    hasChannel: (channel) => channels === undefined || find(channel) !== undefined,
    payload(channel, delta, payload) {
      if (channels === undefined) return { ok: true, value: payload };
      const found = find(channel);
      if (found === undefined)
        return missing('channel', 'No channel pattern of the contract covers this name.');
      const schema = found.deltas.get(delta);
      if (schema === undefined) {
        return missing('delta', `This channel has no such delta; it knows ${list(found.deltas)}.`);
      }
      return check(schema, payload);
    },
    message(delta, payload) {
      if (messages === undefined) return { ok: true, value: payload };
      const schemas = new Map(Object.entries(messages));
      const schema = schemas.get(delta);
      if (schema !== undefined) return check(schema, payload);
      return missing('delta', `The contract has no such message; it knows ${list(schemas)}.`);
    },
    input: (name, value) => request(name, 'input', value),
    output: (name, value) => request(name, 'output', value),
  };
}

const missing = (field: string, message: string): Checked => ({
  ok: false,
  code: 'not_found',
  field,
  message,
});

const list = (names: ReadonlyMap<string, unknown>): string => [...names.keys()].join(', ') || 'none';

function check(schema: Schema, value: unknown): Checked | Promise<Checked> {
  const result = schema['~standard'].validate(value);
  // Not `instanceof Promise`: a promise of another realm would then pass for a value.
  return 'then' in result ? Promise.resolve(result).then(verdict) : verdict(result);
}

function verdict(result: SchemaResult<unknown>): Checked {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const issue = result.issues[0];
  const path = (issue?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  const message = issue?.message ?? 'The schema refused this and did not say why.';
  return { ok: false, code: 'invalid', field: ['payload', ...path].join('.'), message };
}

/** A part of a pattern that stands for one part of a name. */
const PART = /\{[A-Za-z]\w*\}/g;

/**
 * The names that a pattern covers.
 *
 * @throws TypeError when it can never be a channel name.
 */
export function patternExpression(pattern: string): RegExp {
  const shortest = pattern.replace(PART, 'x');
  if (!isChannel(shortest)) {
    throw new TypeError(
      `The channel pattern "${pattern}" can never match: a name has 1 to ${MAX_CHANNEL} characters, letters, digits ` +
        'and : . _ ~ - only, the first a letter or digit. Write a variable part as {name}, as in "room:{id}".',
    );
  }
  const source = pattern
    .split(PART)
    .map((literal) => literal.replaceAll('.', '\\.'))
    .join('[A-Za-z0-9._~-]+');
  return new RegExp(`^${source}$`);
}
