// The workflows cannot run here. What can be known of them: that they are YAML, that each command of theirs is one of this
// repository, and that nobody but the release may write.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, string>;
}
interface Job {
  permissions?: Record<string, string>;
  'timeout-minutes'?: number;
  steps: Step[];
}
interface Workflow {
  name: string;
  on: object;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const root = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const workflows = new Map(
  readdirSync(new URL('.github/workflows/', root)).map((file) => [
    file,
    parse(read(`.github/workflows/${file}`)) as Workflow,
  ]),
);

describe.each([...workflows])('%s', (file, { name, on, permissions, jobs }) => {
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('has a name, an occasion, and an end', () => {
    expect(file).toBe(`${name}.yml`);
    expect(on).toBeTypeOf('object');
    expect(Object.values(jobs).filter((job) => job['timeout-minutes'] === undefined)).toEqual([]);
  });

  it('runs commands that are in package.json', () => {
    const commands = steps.flatMap(({ run, with: given = {} }) => [run, given.version, given.publish]);
    const named = commands.flatMap((command) => command ?? []);
    expect(named.length).toBeGreaterThan(0);
    const known = (command: string): boolean => {
      const script = /^npm (?:run )?([\w:-]+)$/.exec(command)?.[1];
      return script !== undefined && script in scripts;
    };
    expect(named.filter((command) => !known(command))).toEqual([]);
  });

  it('takes actions of others at a version', () => {
    expect(
      steps.flatMap(({ uses }) => uses ?? []).filter((one) => !/^[\w-]+\/[\w-]+@v\d+$/.test(one)),
    ).toEqual([]);
  });

  it('may write only where it releases, and there proves where a package is from', () => {
    const all = [permissions, ...Object.values(jobs).map((job) => job.permissions ?? {})];
    const writes = all.flatMap((one) => Object.keys(one).filter((key) => one[key] === 'write'));
    expect(writes.sort()).toEqual(name === 'release' ? ['contents', 'id-token', 'pull-requests'] : []);
  });
});
