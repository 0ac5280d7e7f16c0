/** A short round of `npm run chaos`, with the same schedule each time. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { drawSchedule } from './schedule.js';

const SEED = 11;
const MINUTES = 0.15;
const PROGRAM = fileURLToPath(new URL('../dist/chaos/main.js', import.meta.url));

/** What a round says. */
const play = (...more: string[]): Promise<string> =>
  new Promise((resolve) => {
    const args = [PROGRAM, '--seed', `${SEED}`, '--minutes', `${MINUTES}`, ...more];
    execFile(process.execPath, args, { timeout: 220_000 }, (error, out, complaints) =>
      resolve(error ? `${error.message}\n${out}${complaints}` : out),
    );
  });
const WELL = new RegExp(`^seed ${SEED}: .* in \\d+ s\\n$`);

it('keeps every promise through cuts, stalls, reordering, blocks, frozen and killed servers', async () => {
  expect(await play()).toMatch(WELL);
}, 230_000);

it('keeps every promise with two nodes over Redis, of which one dies, and loses no session', async () => {
  const said = await play('--redis');
  expect(said).toMatch(WELL);
  expect(said).toContain(' 0 sessions lost');
}, 230_000);

it('goes through every kind of fault in that time', () => {
  const kinds = new Set(drawSchedule(SEED, MINUTES * 60_000).map((step) => step.do));
  expect([...kinds].sort()).toEqual(
    ['block', 'cut', 'delay', 'freeze', 'kill', 'reload', 'repeat', 'stall', 'truncate', 'unblock'].sort(),
  );
});

it('draws the same schedule from the same seed, and another from another', () => {
  expect(drawSchedule(SEED, 60_000)).toEqual(drawSchedule(SEED, 60_000));
  expect(drawSchedule(SEED, 60_000)).not.toEqual(drawSchedule(SEED + 1, 60_000));
});
