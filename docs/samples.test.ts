/** What the documents say in code is true: it compiles against the built packages, names what is there, and can be read. */
import { describe, expect, it } from 'vitest';
import { absent } from './samples/commands.js';
import { compile, isCode } from './samples/compile.js';
import { blocks, deadLinks, documents } from './samples/documents.js';

/** Languages in which nothing is compiled, and why that is all that can be done here. */
const NOT_CODE: Readonly<Record<string, string>> = {
  '': 'diagrams, output, and what was said on the wire',
  text: 'output',
  json: 'parsed below',
  sh: 'what it names is looked up below; what is marked is run in walkthrough.test.ts',
  nginx:
    'e2e/doctor follows the lines of the doctor, docs/proxies.test.ts runs whole files, e2e/deploy those of deploy',
  haproxy: 'the same',
  apache: 'the same',
  squid: 'docs/proxies.test.ts',
  vcl: 'docs/proxies.test.ts',
  caddyfile: 'there is no Caddy here to run it',
  yaml: 'for programs that are not here: Kubernetes, CI, Traefik, Docker',
  ini: 'units of systemd',
  vue: 'examples/vue is built, and driven in a browser by e2e/bindings',
  svelte: 'examples/svelte likewise',
  dockerfile: 'there is no engine here to build it',
};

const checkable = blocks.filter(({ unchecked }) => unchecked === undefined);

describe('samples', () => {
  it('are in languages of which somebody knows whether they are checked', () => {
    const strange = blocks.filter((block) => !isCode(block) && !(block.language in NOT_CODE));
    expect(strange.map(({ file, line, language }) => `${file}:${line}: ${language}`)).toEqual([]);
  });

  it('say why, where they are not checked', () => {
    const silent = blocks.filter(({ unchecked }) => unchecked !== undefined && !/\w+ \w+/.test(unchecked));
    expect(silent.map(({ file, line }) => `${file}:${line}`)).toEqual([]);
  });

  it('compile against the built packages', { timeout: 120_000 }, () => {
    const code = checkable.filter(isCode);
    expect(code.length).toBeGreaterThan(30);
    expect(compile(code)).toEqual([]);
  });

  it('are JSON where they say so, as a whole or line by line', () => {
    const broken = checkable
      .filter(
        ({ language, text }) =>
          language === 'json' && !isJson(text) && !text.trim().split('\n').every(isJson),
      )
      .map(({ file, line }) => `${file}:${line}`);
    expect(broken).toEqual([]);
  });

  it('name npm scripts, files, commands and options that are there', { timeout: 180_000 }, () => {
    expect(checkable.filter(({ language }) => language === 'sh').flatMap(absent)).toEqual([]);
  });
});

describe('links', () => {
  it.each(documents)('of %s lead to files and headings that are there', (file) => {
    expect(deadLinks(file)).toEqual([]);
  });
});

describe('the checks', () => {
  const block = {
    file: 'docs/x.md',
    line: 10,
    language: 'ts',
    text: '',
    given: '',
    run: false,
    unchecked: undefined,
  };

  it('say where in the document a sample does not compile', { timeout: 60_000 }, () => {
    const text = "import { connect } from '@iskra/client';\nconst n: number = connect('/').status.state;\n";
    const [wrong, ...more] = compile([{ ...block, text, given: 'const one = 1;\nconst two = one;' }]);
    expect(wrong).toMatch(/^docs\/x\.md:11: error TS2322: /);
    expect(more).toEqual([]);
  });

  it('find what is named and not there', () => {
    const text =
      'npm run nonsense\niskra serve --port 1 --nonsense # --more\niskra nonsense\nnode scripts/nonsense.mjs\n';
    expect(absent({ ...block, language: 'sh', text })).toEqual([
      'docs/x.md:10: there is no npm script nonsense',
      'docs/x.md:11: iskra serve has no --nonsense',
      'docs/x.md:12: there is no command iskra nonsense',
      'docs/x.md:13: there is no file scripts/nonsense.mjs',
    ]);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
