import { describe, expect, it } from 'vitest';
import { fileLayer } from './document.js';
import type { Layer } from './layer.js';

const read = (text: string, name = 'iskra.yaml') => fileLayer(name, `/etc/iskra/${name}`, text);
const layer = (text: string, name?: string): Layer => {
  const read_ = read(text, name);
  if ('what' in read_) throw new Error(read_.what);
  return read_;
};

describe('a file', () => {
  it('says of each value in which line it stands, in YAML and in JSON', () => {
    const yaml = layer('# a comment\nport: 1\nlimits:\n  sendRate:\n    burst: 3\n');
    expect(yaml.tree).toEqual({ port: 1, limits: { sendRate: { burst: 3 } } });
    expect(yaml.source(['port'])).toBe('iskra.yaml:2');
    expect(yaml.subject(['limits', 'sendRate', 'burst'])).toBe('iskra.yaml:5: limits.sendRate.burst');

    const json = layer('{\n  "port": 1,\n  "log": {\n    "level": "info" } }', 'a.json');
    expect(json.source(['log', 'level'])).toBe('a.json:4');
  });

  it('says the line of what stands above, where a thing has none of its own', () => {
    const yaml = layer('port: 1\norigins:\n  - a\n  - b\n');
    expect(yaml.source(['origins', 1])).toBe('iskra.yaml:2');
    expect(yaml.source([])).toBe('iskra.yaml');
  });

  it('counts from its own folder', () => expect(layer('port: 1').base).toBe('/etc/iskra'));

  it.each(['', '# nothing\n', '---\n', 'tls:\n  # cert: a\nport:\n'])(
    'takes what has no value for not set: %j',
    (text) => {
      expect(Object.values(layer(text).tree).filter((value) => JSON.stringify(value) !== '{}')).toEqual([]);
    },
  );

  it('follows anchors', () => {
    const { tree } = layer('retention: &few { entries: 5 }\ninbox: *few\n');
    expect(tree).toEqual({ retention: { entries: 5 }, inbox: { entries: 5 } });
  });
});

describe('a file that cannot be read', () => {
  it.each([
    ['port: 1\nport: 2\n', 'iskra.yaml:2', 'names a setting for the second time'],
    ['log:\n\tlevel: info\n', 'iskra.yaml:2', 'begins with a tab'],
    ['secret: "hunter2\nport: 1\n', undefined, 'is no YAML'],
    ['origins: *\n', 'iskra.yaml:1', 'is no YAML'],
    ['- port\n', 'iskra.yaml:1', 'has no settings by name'],
    ['hunter2', 'iskra.yaml:1', 'has no settings by name'],
    ['a: &a [*a, *a]\n', undefined, 'has no settings by name'],
  ])('says in which line, and why: %j', (text, source, what) => {
    const wrong = read(text);
    expect(wrong).toMatchObject({ what });
    if (source !== undefined) expect(wrong).toMatchObject({ source });
    // What is in it may be a secret.
    expect(JSON.stringify(wrong)).not.toContain('hunter2');
  });

  it.each([
    ['{\n  "port": 1,\n  "secret": "hunter2" "log": {}\n}', 'a.json:3'],
    ['{ "port": 1, }', 'a.json'],
    ['port: 1', 'a.json'],
    ['', 'a.json'],
  ])('has only JSON under a name of JSON: %j', (text, source) => {
    expect(read(text, 'a.json')).toMatchObject({ source, what: 'is no JSON' });
    expect(JSON.stringify(read(text, 'a.json'))).not.toContain('hunter2');
  });
});
