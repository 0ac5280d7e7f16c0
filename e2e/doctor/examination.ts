/** `iskra doctor` as a program, and what it prints for programs. */
import { iskra } from '../programs.js';
import type { ProxyName } from './proxies.js';

export interface Report {
  readonly state: 'clear' | 'hindered' | 'unreachable';
  readonly exitCode: number;
  readonly proxy: string | null;
  readonly best: string | null;
  readonly checks: readonly {
    readonly check: string;
    readonly result: string;
    readonly detail: string;
    readonly findings?: readonly string[];
  }[];
  readonly findings: readonly {
    readonly code: string;
    readonly lines?: Readonly<Record<ProxyName, string>>;
  }[];
}

/** @param env beside what this process has; of proxies it has nothing, so that a test says itself which one there is. */
export async function diagnose(
  url: string,
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<Report> {
  const none = Object.fromEntries(['http_proxy', 'https_proxy', 'no_proxy'].map((name) => [name, '']));
  const upper = Object.fromEntries(Object.keys(none).map((name) => [name.toUpperCase(), '']));
  const program = iskra(['doctor', url, '--quick', '--json', ...args], { ...none, ...upper, ...env });
  const { code } = await program.ended;
  if (program.stdout === '') throw new Error(`the doctor ended with ${code}: ${program.stderr}`);
  const report = JSON.parse(program.stdout) as Report;
  if (report.exitCode !== code) throw new Error(`it said ${report.exitCode}, and ended with ${code}`);
  return report;
}

export const codes = ({ findings }: Report): string[] => findings.map(({ code }) => code);
