/**
 * Follows a Dockerfile without an engine: each stage is a folder, and RUN is done here. So it shows what is copied, what is
 * built, and how it starts; not the base images. Paths of its RUN lines must be relative.
 */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../programs.js';
import { fileOf } from './front.js';

export interface Image {
  /** Where its last WORKDIR is. */
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly user: string | undefined;
  readonly command: readonly [string, ...string[]];
  /** A line for a shell. */
  readonly healthcheck: string;
}

interface Stage {
  name: string;
  root: string;
  folder: string;
}

export async function buildImage(below: string): Promise<Image> {
  const stages: Stage[] = [];
  const env: Record<string, string> = {};
  const image: { user?: string; command?: [string, ...string[]]; healthcheck?: string } = {};
  for (const [, verb = '', rest = ''] of instructions()) {
    const stage = stages.at(-1)!;
    switch (verb) {
      case 'FROM': {
        const name = / AS (\S+)$/.exec(rest)?.[1] ?? 'last';
        stages.push({ name, root: path.join(below, name), folder: path.join(below, name) });
        break;
      }
      case 'WORKDIR':
        stage.folder = path.join(stage.root, rest);
        mkdirSync(stage.folder, { recursive: true });
        break;
      case 'COPY':
        copy(rest, stage, stages);
        break;
      case 'RUN':
        await run(rest, stage.folder);
        break;
      case 'ENV': {
        const [name = '', value = ''] = rest.split('=');
        env[name] = value;
        break;
      }
      case 'USER':
        image.user = rest;
        break;
      case 'CMD':
        image.command = JSON.parse(rest) as [string, ...string[]];
        break;
      case 'HEALTHCHECK':
        image.healthcheck = rest.replace(/^.*? CMD /, '');
        break;
      case 'EXPOSE':
        break;
      default:
        throw new Error(`This does not know what ${verb} does.`);
    }
  }
  const { user, command, healthcheck } = image;
  if (command === undefined || healthcheck === undefined) throw new Error('CMD or HEALTHCHECK is missing.');
  return { folder: stages.at(-1)!.folder, env, user, command, healthcheck };
}

/** Lines that go on are one. */
function instructions(): RegExpMatchArray[] {
  const text = readFileSync(fileOf('Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '');
  return [...text.matchAll(/^([A-Z]+) (.*)$/gm)];
}

function copy(rest: string, to: Stage, stages: readonly Stage[]): void {
  const from = /^--from=(\S+) (\S+) \.$/.exec(rest);
  if (from !== null) {
    const stage = stages.find(({ name }) => name === from[1])!;
    cpSync(path.join(stage.root, from[2]!), to.folder, { recursive: true });
    return;
  }
  if (rest !== '. .') throw new Error(`This does not know how to COPY ${rest}.`);
  const ignored = readFileSync(path.join(root, '.dockerignore'), 'utf8').trim().split('\n');
  const isIgnored = (file: string): boolean =>
    ignored.some((pattern) => {
      const name = pattern.replace('**/', '');
      if (name.startsWith('*')) return file.endsWith(name.slice(1));
      return pattern.startsWith('**/') ? path.basename(file) === name : path.relative(root, file) === name;
    });
  cpSync(root, to.folder, { recursive: true, filter: (file) => !isIgnored(file) });
}

function run(line: string, cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', line], { cwd, timeout: 400_000 }, (error, out, complaints) => {
      if (error) reject(new Error(`${line} failed:\n${out}${complaints}`));
      else resolve();
    });
  });
}

/** For whoever it runs as. */
export const openTo = (folder: string): void => chmodSync(folder, 0o755);
