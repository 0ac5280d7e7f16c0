/** `iskra contract`: what a contract says, for programs of other languages and for documents. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import type { Contract } from '@iskra/protocol/wire';
import { asyncApi, jsonSchemas } from '@iskra/protocol/asyncapi';
import type { AsyncApiDocument, JsonSchemaDocument, UnsaidSchema } from '@iskra/protocol/asyncapi';
import { Failure, nearest, refuseUnknown, setting, UsageError, valuesOf } from './usage.js';

const args = {
  what: {
    type: 'positional',
    required: false,
    valueHint: 'asyncapi|schema',
    description: 'asyncapi: an AsyncAPI 3 document; schema: the JSON Schema of every payload',
  },
  file: {
    type: 'positional',
    required: false,
    valueHint: 'file',
    description: 'the module that exports the contract',
  },
  export: {
    type: 'string',
    valueHint: 'name',
    description: 'what it is called there [contract, or default]',
  },
  title: {
    type: 'string',
    valueHint: 'text',
    description: 'asyncapi: of the application [the name of the file]',
  },
  'api-version': { type: 'string', valueHint: 'version', description: 'asyncapi: of the contract [1.0.0]' },
  server: {
    type: 'string',
    valueHint: 'name=url',
    description: 'asyncapi: where its transports are, as live=https://chat.example/realtime; repeatable',
  },
  view: {
    type: 'string',
    valueHint: 'client|server',
    description: 'asyncapi: who reads it: a client sends what a server receives [client]',
  },
} satisfies ArgsDef;

const WHATS = ['asyncapi', 'schema'] as const;
const VIEWS = ['client', 'server'] as const;

export const contractCommand = defineCommand({
  meta: { name: 'contract', description: 'print a contract as AsyncAPI or as JSON Schema' },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra contract', rawArgs, args);
    const what = oneOf('iskra contract', given.what, WHATS);
    const said = readSettings(given.file, rawArgs);
    if (what === 'schema') {
      const told = ['title', 'api-version', 'server', 'view'].find(
        (one) => valuesOf(one, rawArgs, args).length > 0,
      );
      if (told !== undefined)
        throw new UsageError(`iskra contract schema takes no --${told}: it has payloads only.`);
    }
    const contract = await load(said.file, given.export);
    const unsaid: UnsaidSchema[] = [];
    const onUnsaid = (one: UnsaidSchema): void => void unsaid.push(one);
    const document: AsyncApiDocument | JsonSchemaDocument =
      what === 'schema'
        ? jsonSchemas(contract, { onUnsaid })
        : asyncApi(contract, { ...said.options, onUnsaid });
    console.log(JSON.stringify(document, null, 2));
    // What goes in and what comes out of a schema is asked for apart.
    const lines = unsaid.map(
      ({ where, vendor, why }) =>
        `${where} lets everything pass there: this schema of ${vendor} has no JSON Schema (${why}).`,
    );
    for (const line of new Set(lines)) console.error(line);
  },
});

function readSettings(file: string | undefined, rawArgs: readonly string[]) {
  if (!file)
    throw new UsageError(
      'iskra contract needs the file of a contract, as in iskra contract asyncapi dist/contract.js.',
    );
  const last = (name: keyof typeof args): string | undefined =>
    setting(name, valuesOf(name, rawArgs, args).at(-1))?.value;
  const view = last('view');
  const servers = valuesOf('server', rawArgs, args).map(readServer);
  const name = file.replace(/^.*[\\/]/, '').replace(/\.\w+$/, '');
  return {
    file,
    options: {
      title: last('title') ?? name,
      version: last('api-version') ?? '1.0.0',
      ...(view !== undefined && { view: oneOf('--view', view, VIEWS) }),
      ...(servers.length > 0 && { servers: Object.fromEntries(servers) }),
    },
  };
}

function readServer(given: string): [name: string, url: string] {
  const [, name, url] = /^([\w-]+)=(https?:\/\/[^\s/?#@]+[^\s?#]*)$/.exec(given) ?? [];
  if (name !== undefined && url !== undefined) return [name, url];
  throw new UsageError(`--server is "${given}"; it looks like live=https://chat.example/realtime.`);
}

function oneOf<Word extends string>(asker: string, given: string | undefined, words: readonly Word[]): Word {
  const found = words.find((one) => one === given);
  if (found !== undefined) return found;
  if (given === undefined) throw new UsageError(`${asker} needs to know what: ${words.join(' or ')}.`);
  const close = nearest(given, words);
  throw new UsageError(
    `${asker} does not know "${given}". ${close === undefined ? `It knows ${words.join(' and ')}.` : `Is it ${close}?`}`,
  );
}

/** The contract of a module. What it is made of decides whether this Node can read it. */
async function load(file: string, name: string | undefined): Promise<Contract> {
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const cure =
      code === 'ERR_UNKNOWN_FILE_EXTENSION' || /\.[cm]?tsx?$/.test(file)
        ? ' Node reads TypeScript from 22.18 on; here, give the built file, or run this under tsx.'
        : '';
    throw new Failure(`${file} cannot be loaded: ${message}.${cure}`);
  }
  const found = name === undefined ? (module.contract ?? module.default) : module[name];
  if (isContract(found)) return found;
  const called = name === undefined ? '"contract" and no default' : `"${name}"`;
  const others = Object.keys(module).join(', ') || 'nothing';
  throw new Failure(
    found === undefined
      ? `${file} exports no ${called}; it exports ${others}. Name it with --export.`
      : `What ${file} exports there is no contract: that has channels or requests, each with schemas.`,
  );
}

const isContract = (value: unknown): value is Contract =>
  typeof value === 'object' &&
  value !== null &&
  ('channels' in value || 'requests' in value) &&
  Object.values(value).every((part) => typeof part === 'object');
