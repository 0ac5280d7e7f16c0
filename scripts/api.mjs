// The public surface of each package as a text, api/<package>.md, so that a change of it shows in review: what every entry
// exports, and the declarations that can be reached from there, without their comments. `--update` writes the texts, as
// `npm run api` does; otherwise one that is not current is a failure.
//
// Made with the API of TypeScript 5: that of TypeScript 7 is not stable yet. Both read the same declarations.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'prettier';
import ts from 'typescript-5';
import { at, packages } from './files.mjs';
import { Explained, fail } from './terminal.mjs';

const update = process.argv.includes('--update');
const { singleQuote, printWidth } = JSON.parse(readFileSync(at('.prettierrc.json'), 'utf8'));

const reports = packages.map((folder) => {
  const { name, exports = {} } = JSON.parse(readFileSync(at(folder, 'package.json'), 'utf8'));
  const entries = Object.entries(exports)
    .filter(([, target]) => target.types !== undefined)
    .map(([entry, { types }]) => ({ name: name + entry.slice(1), file: at(folder, types) }));
  return { name, entries, dist: at(folder, 'dist'), file: `api/${path.basename(folder)}.md` };
});

const program = ts.createProgram({
  rootNames: reports.flatMap(({ entries }) => entries.map(({ file }) => file)),
  options: {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    skipLibCheck: true,
    noEmit: true,
  },
});
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });

const resolved = (symbol) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
const fileOf = (declaration) => declaration.getSourceFile().fileName;

/** The package from which others are taken: `hono`, `@iskra/protocol`. */
function packageOf(file) {
  const own = reports.find(({ dist }) => file.startsWith(dist));
  return own?.name ?? /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'the platform';
}

/** A variable is declared by its statement, with what stands before its name. */
const whole = (declaration) =>
  ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
const isTopLevel = (declaration) => ts.isSourceFile(whole(declaration).parent);

/** All that an entry exports, and all that these declarations name in turn, as far as this package declares it: by file. */
function surfaceOf({ entries, dist }) {
  const files = new Map();
  const moduleName = (file) =>
    path
      .relative(dist, file)
      .replace(/\.d\.ts$/, '')
      .replaceAll(path.sep, '/');

  const visit = (symbol) => {
    for (const declaration of symbol.declarations ?? []) {
      if (!fileOf(declaration).startsWith(dist) || !isTopLevel(declaration)) continue;
      const inFile = moduleName(fileOf(declaration));
      const texts = files.get(inFile) ?? files.set(inFile, new Map()).get(inFile);
      const node = whole(declaration);
      const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
      const known = texts.get(symbol.name) ?? texts.set(symbol.name, []).get(symbol.name);
      if (known.includes(text)) continue;
      known.push(text);
      names(node);
    }
  };

  /** Whatever is named in it, is a part of it. */
  const names = (node) => {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol) visit(resolved(symbol));
    }
    ts.forEachChild(node, names);
  };

  const exported = entries.map(({ name, file }) => {
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)));
    const lines = symbols.map((symbol) => {
      const origin = resolved(symbol);
      visit(origin);
      const from = fileOf(origin.declarations[0]);
      return `export { ${symbol.name} } from '${from.startsWith(dist) ? `./${moduleName(from)}` : packageOf(from)}';`;
    });
    return { name, lines: lines.sort() };
  });
  return { exported, files: [...files].sort(([a], [b]) => (a < b ? -1 : 1)) };
}

async function reportOf(report) {
  const { exported, files } = surfaceOf(report);
  const block = (lines) => `\`\`\`ts\n${lines.trim()}\n\`\`\`\n`;
  const declarations = await Promise.all(
    files.map(async ([file, texts]) => {
      const code = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, text]) => text);
      return `### ${file}\n\n${block(await format(code.join('\n\n'), { parser: 'typescript', singleQuote, printWidth }))}`;
    }),
  );
  return [
    `# The public surface of ${report.name}\n`,
    'Made by `npm run api` of what is built. What changes here, changes for users: it needs a changeset.\n',
    '## Entries\n',
    ...exported.map(({ name, lines }) => `### ${name}\n\n${block(lines.join('\n'))}`),
    ...(declarations.length > 0 ? ['## Declarations\n', ...declarations] : []),
  ].join('\n');
}

/** The first lines that are not the same, as a reader of a difference knows them. */
function firstDifference(was, is) {
  const [old, now] = [was, is].map((text) => text.split('\n'));
  const gone = old.filter((line) => !now.includes(line)).slice(0, 8);
  const come = now.filter((line) => !old.includes(line)).slice(0, 8);
  return [...gone.map((line) => `  - ${line}`), ...come.map((line) => `  + ${line}`)].join('\n');
}

try {
  mkdirSync(at('api'), { recursive: true });
  for (const report of reports) {
    if (report.entries.length === 0) continue;
    const text = await reportOf(report);
    const written = existsSync(at(report.file)) ? readFileSync(at(report.file), 'utf8') : '';
    if (update) writeFileSync(at(report.file), text);
    else if (text !== written) {
      throw new Explained(
        `What ${report.name} promises to those who import it has changed, and ${report.file} does not say so:\n\n` +
          `${firstDifference(written, text)}\n\n` +
          'If that was not meant, something internal has become public: see what the entry exports. If it was, run `npm run api`, ' +
          'read the difference as a user would, and commit it with a changeset (`npx changeset`).',
      );
    }
  }
} catch (error) {
  fail(error);
}
