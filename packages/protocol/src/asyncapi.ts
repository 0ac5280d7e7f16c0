/**
 * The entry ./asyncapi: a contract as an AsyncAPI 3 document, and its schemas as
 * JSON Schema. Made where documents are made; no client and no server loads it.
 */
import type { Contract } from './contract.js';
import { envelopeSchema } from './envelope.js';
import { channelsOf, createDefinitions, requestsOf } from './json-schema.js';
import type { Defined, JsonSchema, JsonSchemaOptions } from './json-schema.js';
import { SUBPROTOCOL } from './limits.js';

export { jsonSchemas } from './json-schema.js';
export type {
  JsonSchema,
  JsonSchemaDocument,
  JsonSchemaOptions,
  SchemaSide,
  UnsaidSchema,
} from './json-schema.js';

export interface AsyncApiOptions extends JsonSchemaOptions {
  /** Of the application. */
  title: string;
  /** Of the contract, as `1.4.0`. */
  version: string;
  description?: string;
  /** By name, where its transports are, as `https://chat.example/realtime`. Default: none are named. */
  servers?: Readonly<Record<string, string>>;
  /** Who reads it: a client sends what a server receives. Default `client`. */
  view?: 'client' | 'server';
}

type Part = Readonly<Record<string, unknown>>;

/** What is used of AsyncAPI 3.0. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly defaultContentType: 'application/json';
  readonly servers?: Readonly<Record<string, Part>>;
  readonly channels: Readonly<Record<string, Part>>;
  readonly operations: Readonly<Record<string, Part>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly messages: Readonly<Record<string, Part>>;
  };
}

const SCHEMAS = '#/components/schemas';
const WEBSOCKET = { ws: { method: 'GET', bindingVersion: '0.1.0' } };
/** The delta of every reply. */
const REPLY = 'reply';

/**
 * Describes a contract: a channel for each pattern, with a message for each delta, and one for each request, with its
 * reply. Messages are envelopes, as handlers see them.
 *
 * @throws TypeError when the address of a server is none.
 */
export function asyncApi(contract: Contract, options: AsyncApiOptions): AsyncApiDocument {
  const { title, version, description, servers, view = 'client' } = options;
  const { all: schemas, add } = createDefinitions('draft-07', SCHEMAS, options);
  const messages: Record<string, Part> = {};
  const channels: Record<string, Part> = {};
  const operations: Record<string, Part> = {};
  const [up, down] = view === 'client' ? ['send', 'receive'] : ['receive', 'send'];

  for (const { id, pattern, deltas } of channelsOf(contract)) {
    const listed: Record<string, Part> = {};
    const published: Part[] = [];
    const delivered: Part[] = [];
    for (const { name, delta, where, schema } of deltas) {
      const defined = add(`${id}.${name}`, where, schema);
      for (const [side, names] of [
        ['output', delivered],
        ['input', published],
      ] as const) {
        const key = defined[side].slice(id.length + 1);
        messages[`${id}.${key}`] = messageOf(delta, defined, side);
        listed[key] = { $ref: `#/components/messages/${id}.${key}` };
        names.push({ $ref: `#/channels/${id}/messages/${key}` });
      }
    }
    const parameters = parametersOf(pattern);
    channels[id] = {
      address: pattern,
      messages: listed,
      ...(parameters && { parameters }),
      bindings: WEBSOCKET,
    };
    const channel = { $ref: `#/channels/${id}` };
    operations[`publish.${id}`] = { action: up, channel, messages: published };
    operations[`subscribe.${id}`] = { action: down, channel, messages: delivered };
  }

  for (const { id, request, where, input, output } of requestsOf(contract)) {
    const asked = add(`${id}.request`, `${where}.input`, input, 'input');
    const answered = add(`${id}.reply`, `${where}.output`, output, 'output');
    messages[asked.input] = messageOf(request, asked, 'input');
    messages[answered.output] = messageOf(REPLY, answered, 'output');
    channels[id] = {
      address: null,
      description: 'A request and its reply, over the connection that is open.',
      messages: {
        request: { $ref: `#/components/messages/${asked.input}` },
        reply: { $ref: `#/components/messages/${answered.output}` },
      },
      bindings: WEBSOCKET,
    };
    const channel = { $ref: `#/channels/${id}` };
    const said = (key: string): Part[] => [{ $ref: `#/channels/${id}/messages/${key}` }];
    const reply = { channel, messages: said('reply') };
    operations[id] = { action: up, channel, messages: said('request'), reply };
  }

  return {
    asyncapi: '3.0.0',
    info: { title, version, ...(description !== undefined && { description }) },
    defaultContentType: 'application/json',
    ...(servers !== undefined && { servers: serversOf(servers) }),
    channels,
    operations,
    components: { schemas: { ...schemas, [METADATA]: properties[METADATA] ?? {} }, messages },
  };
}

const { properties, required } = envelopeSchema['~standard'].jsonSchema.output({ target: 'draft-07' }) as {
  properties: Record<string, JsonSchema>;
  required: string[];
};
const METADATA = 'fractal_metadata';

/** An envelope with this delta and payload. */
function messageOf(delta: string, defined: Defined, side: 'input' | 'output'): Part {
  return {
    name: delta,
    payload: {
      type: 'object',
      properties: {
        ...properties,
        delta: { const: delta },
        payload: { $ref: `${SCHEMAS}/${defined[side]}` },
        [METADATA]: { $ref: `${SCHEMAS}/${METADATA}` },
      },
      required: defined.isOptional ? required : [...required, 'payload'],
      additionalProperties: false,
    },
  };
}

/** Each `{name}` of a pattern. */
function parametersOf(pattern: string): Part | undefined {
  const names = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
  if (names.length === 0) return undefined;
  const parameter = { description: 'One part of the name: letters, digits and . _ ~ -' };
  return Object.fromEntries(names.map((name) => [name, parameter]));
}

/** Its parts; this module has no URL, as it runs where the wire does. */
const ADDRESS = /^(?:http|ws)(s?):\/\/([^\s/?#@]+)([^\s?#]*)$/;

function serversOf(servers: Readonly<Record<string, string>>): Record<string, Part> {
  return Object.fromEntries(
    Object.entries(servers).map(([name, address]) => {
      const found = ADDRESS.exec(address);
      if (found === null) {
        throw new TypeError(
          `"${address}" is no address of a server; it looks like https://chat.example/realtime.`,
        );
      }
      const [, secure = '', host = '', path = ''] = found;
      return [
        name,
        {
          host,
          pathname: `${path.replace(/\/+$/, '')}/ws`,
          protocol: `ws${secure}`,
          description:
            `WebSocket with the subprotocol ${SUBPROTOCOL}; the other transports are beside it. One connection carries all ` +
            'channels: envelopes travel in the frames of the protocol.',
        },
      ];
    }),
  );
}
