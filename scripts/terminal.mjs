// How the scripts speak and how they run other programs: one line per step with the time it took, and the whole
// output of a program when, and only when, it fails.

import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import path from 'node:path';

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
export const dim = (text) => paint(2, text);
export const bold = (text) => paint(1, text);
export const green = (text) => paint(32, text);
export const red = (text) => paint(31, text);

/** A failure that is already fully explained by its message: no stack follows it. */
export class Explained extends Error {}

export function seconds(since) {
  const passed = performance.now() - since;
  return passed < 995 ? `${Math.round(passed)} ms` : `${(passed / 1000).toFixed(1)} s`;
}

/** Runs one step of preparation behind one line: `✓ install  12.3 s`. */
export async function step(label, work) {
  const began = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`  ${dim(`· ${label} …`)}`);
  const rewind = process.stdout.isTTY ? '\r\u001b[K' : '';
  try {
    const result = await work();
    process.stdout.write(`${rewind}  ${green('✓')} ${label.padEnd(22)} ${dim(seconds(began))}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`${rewind}  ${red('✗')} ${label.padEnd(22)} ${dim(seconds(began))}\n`);
    throw error;
  }
}

/**
 * Runs a program to its end. `show: true` lets it write to the terminal; otherwise its output is kept, returned,
 * and shown if it fails. `yields: true` lets others have the processor first. SIGINT and SIGTERM reach it, so that
 * nothing keeps running behind our back.
 */
export function run(command, args, { show = false, yields = false, env = {}, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    // What it starts itself inherits that.
    if (yields && child.pid) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));

    let stopped;
    const stop = (signal) => {
      stopped = signal;
      child.kill(signal);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
    const settle = (act) => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      if (stopped) process.kill(process.pid, stopped);
      else act();
    };
    child.on('error', (error) =>
      settle(() => reject(new Explained(`Could not run \`${command}\`: ${error.message}`))),
    );
    child.on('close', (code, signal) =>
      settle(() => {
        if (code === 0) return resolve(output);
        const how = signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
        const what = `${path.basename(command === process.execPath ? args[0] : command)} ${how}.`;
        reject(new Explained(output.trim() ? `${output.trimEnd()}\n\n${what}` : what));
      }),
    );
  });
}

/** Says what went wrong the way its reader needs it: an explained failure as its message, a bug with its stack. */
export function explain(error) {
  console.error(error instanceof Explained ? `\n${error.message}` : error);
}

/** Explains, and ends the script. */
export function fail(error) {
  explain(error);
  process.exit(1);
}
