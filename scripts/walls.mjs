// The import walls of ARCHITECTURE.md as lint overrides. Every message says why the wall stands and where to
// go instead, because the reader of the message is about to go somewhere.
//
// Two habits of the linter shape this file: an override replaces the whole list of an earlier one for the same
// file, so every place lists all of its patterns; and a `group` with exceptions ends the list, so it comes last.

const pattern = (regex, message, more) => ({ regex, message, ...more });

/** Holds in every file of the repository. */
const everywhere = [
  pattern(
    '(^|/)(src|dist)/',
    'A path into src or dist ties you to a file that may move. Import the public name, such as @iskra/client; if the name is missing there, export it from the index of the package that owns it.',
  ),
  pattern(
    '^@iskra/(e2e|bench|examples)(/|$)|^(\\.\\./)+(e2e|bench|examples)/',
    'e2e, bench and examples stand on top of the packages and nothing stands on them. Move what you need into the package whose concept it is.',
  ),
];

const noServer = pattern(
  '^@iskra/(server|cli)(/|$)',
  'The client never imports the server: a browser would download it, and the two could then agree on something that is not in PROTOCOL.md. What both ends need belongs in packages/protocol.',
);
const noClient = pattern(
  '^@iskra/(client|cli)(/|$)',
  'The server never imports the client: what both ends agree on is written down in packages/protocol, so put it there. A test that needs both ends belongs in e2e.',
);
const noWs = pattern(
  '^ws(/|$)',
  'Only packages/server/src/node.ts and transports/websocket.ts know `ws`, so that Bun and Deno can take their place. Work with the contract in transports/transport.ts instead.',
);
const noRedis = pattern(
  '^ioredis(/|$)',
  'Only packages/server/src/stores/redis/link.ts knows `ioredis`, which whoever has one node does not install. Ask Redis by a script that link.ts runs; types of its options may be imported with `import type`.',
  { allowTypeImports: true },
);
const noMeters = pattern(
  '^(prom-client|@opentelemetry/.*)(/|$)',
  'Only packages/server/src/observe/metrics/prometheus.ts knows `prom-client`, and otel.ts OpenTelemetry, which few install. Count plain numbers in observe/metrics.ts, and name them in metrics/catalogue.ts: each meter reads them when somebody looks.',
);
const onlyTheWire = (outside) => [
  pattern(
    '^@iskra/protocol$',
    'The main entry of the protocol brings zod (8 to 28 kB) into every browser. Import values from @iskra/protocol/wire; types may come from anywhere with `import type`.',
    { allowTypeImports: true },
  ),
  pattern(
    '^zod(/|$)',
    'zod would cost every browser 8 to 28 kB. The client decodes with @iskra/protocol/wire; schemas live in packages/protocol/src/envelope.ts and frame.ts.',
  ),
  pattern(
    outside,
    'The client runs in browsers. What differs between browser and Node (WebSocket, fetch, random, storage) comes in through packages/client/src/environment.ts.',
  ),
  noServer,
];
const clientHasNoOther = (...allowed) => ({
  group: [
    '*',
    '!.',
    '!..',
    '!./**',
    '!../**',
    '!@iskra/**',
    '!zod',
    '!zod/**',
    '!node:*',
    '!ws',
    '!hono',
    '!hono/**',
    '!@hono/**',
    ...allowed,
  ],
  message:
    'The client has one dependency, @iskra/protocol, and a budget of 9 kB. Write the few lines you need. React, Vue and Svelte are known in react.ts, vue.ts and svelte.ts only, each of which is an entry; what they share is in bindings.',
});
const protocolHasNoOther = (...allowed) => ({
  group: ['*', '!.', '!..', '!./**', '!../**', ...allowed],
  message:
    'packages/protocol is loaded by browsers and by every server runtime: it imports its own files, and zod in envelope.ts, frame.ts and *schema*.ts only. Types that users bring are written as Standard Schema; everything else belongs in client or server.',
});
const chaosHasNoOther = {
  group: ['*', '!.', '!..', '!./**', '!../**', '!node:*'],
  message:
    'packages/chaos stands before any application, and in the tests of other people: it imports its own files and Node, and knows nothing of Iskra. What shows how our client does behind a box belongs in e2e.',
};

const place = (files, patterns, excludeFiles = []) => ({
  files,
  excludeFiles,
  rules: { 'no-restricted-imports': ['error', { patterns: [...everywhere, ...patterns] }] },
});

const tests = ['**/*.test.ts'];
const schemas = ['packages/protocol/src/{envelope,frame}.ts', 'packages/protocol/src/**/*schema*.ts'];
/** What the entry for Node brings, so that a program need not. */
const clientForNode = 'packages/client/src/node.ts';
/** The entry for tests of an application, which links the client with a real server: no page loads it. */
const clientForTests = 'packages/client/src/world.ts';
/** The entries of the client that put it into the words of a framework, which an application brings. */
const clientForFrameworks = ['react', 'vue', 'svelte'];
const entryOf = (framework) => `packages/client/src/${framework}.ts`;
const outsideOfBrowsers = '^node:|^(ws|hono|@hono/.*)(/|$)';
const knowsRedis = 'packages/server/src/stores/redis/link.ts';
const knowMeters = ['packages/server/src/observe/metrics/prometheus.ts', 'packages/server/src/otel.ts'];
const knowWs = ['packages/server/src/node.ts', 'packages/server/src/transports/websocket.ts'];

export const walls = [
  place(['**/*.{ts,mjs}'], []),
  place(['packages/protocol/src/**/*.ts'], [protocolHasNoOther()], [...tests, ...schemas]),
  place(schemas, [protocolHasNoOther('!zod')], tests),
  place(
    ['packages/client/src/**/*.ts'],
    [...onlyTheWire(outsideOfBrowsers), clientHasNoOther()],
    [...tests, clientForNode, clientForTests, ...clientForFrameworks.map(entryOf)],
  ),
  place(
    [clientForTests],
    [...onlyTheWire(outsideOfBrowsers).filter((wall) => wall !== noServer), clientHasNoOther()],
  ),
  ...clientForFrameworks.map((name) =>
    place([entryOf(name)], [...onlyTheWire(outsideOfBrowsers), clientHasNoOther(`!${name}`, `!${name}/**`)]),
  ),
  place([clientForNode], [...onlyTheWire('^node:|^(hono|@hono/.*)(/|$)'), clientHasNoOther()]),
  place(['packages/client/src/**/*.test.ts'], [noServer]),
  place(
    ['packages/server/src/**/*.ts'],
    [noClient, noWs, noRedis, noMeters],
    [...tests, ...knowWs, ...knowMeters, knowsRedis],
  ),
  place([knowsRedis], [noClient, noWs, noMeters]),
  place(knowWs, [noClient, noRedis, noMeters]),
  place(knowMeters, [noClient, noWs, noRedis]),
  place(['packages/server/src/**/*.test.ts'], [noClient]),
  place(['packages/chaos/src/**/*.ts'], [chaosHasNoOther], [...tests, 'packages/chaos/src/fixture.ts']),
];
