/** What happened, as a timeline: a lane for each actor, so that an eye can follow one and still see the others. */
import type { Violation } from './oracle.js';
import type { Note } from './world.js';

/** Lines of the timeline; those around a violation are marked. */
export function printTrace(notes: readonly Note[], violations: readonly Violation[]): string {
  const actors = [...new Set(notes.map(({ actor }) => actor))];
  const width = Math.max(6, ...actors.map(({ length }) => length));
  const marks = violations.map(({ actor, at, text, promise }) => ({
    actor,
    at,
    text: `⚑ ${promise}: ${text}`,
  }));
  const lines = [...notes, ...marks.filter(({ at }) => at !== Infinity)]
    .map((note, order) => ({ ...note, order }))
    .sort((one, other) => one.at - other.at || one.order - other.order)
    .map(({ at, actor, text }) => `${clock(at)}  ${lanes(actors, actor)} ${actor.padEnd(width)}  ${text}`);
  return [
    ...lines,
    ...marks
      .filter(({ at }) => at === Infinity)
      .map(({ actor, text }) => `    at end  ${lanes(actors, actor)} ${actor.padEnd(width)}  ${text}`),
  ].join('\n');
}

/** Seconds, to the millisecond. */
const clock = (ms: number): string => (ms / 1_000).toFixed(3).padStart(10);

const lanes = (actors: readonly string[], own: string): string =>
  actors.map((actor) => (actor === own ? '●' : '│')).join(' ');
