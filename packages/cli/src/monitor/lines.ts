/** PURE. A moment where nobody sees a screen: a line for a log, or an object for a program. */
import type { Figures } from './figures.js';
import type { Moment, NodeNow } from './watch.js';
import { clock, count, megabytes, percent, perSecond } from './words.js';

export function lineOf({ at, nodes, ready, all }: Moment): string {
  const unwell = nodes.filter(({ state }) => state !== 'ready');
  return [
    `${clock(at)} ${ready} of ${nodes.length} ready`,
    `${count(all?.connections)} connections`,
    `in ${perSecond(all?.received)}/s`,
    `out ${perSecond(all?.sent)}/s`,
    `refused ${perSecond(all?.refused)}/s`,
    megabytes(all?.memory),
    `CPU ${percent(all?.cpu)}`,
    ...unwell.map(({ url, state, why }) => `${url} ${state} (${why})`),
  ].join(' · ');
}

/** What is not known is null: a field that is sometimes missing is a trap for whoever reads it. */
export const objectOf = ({ at, nodes, ready, all }: Moment) => ({
  at: new Date(at).toISOString(),
  ready,
  nodes: nodes.map(nodeOf),
  all: figuresOf(all),
});

const nodeOf = ({ url, name, state, since, milliseconds, why, figures }: NodeNow) => ({
  ...{ url, name: name ?? null, state, since: new Date(since).toISOString(), milliseconds },
  ...{ why: why === '' ? null : why, figures: figuresOf(figures) },
});

const figuresOf = (figures: Figures | undefined) =>
  figures === undefined
    ? null
    : {
        connections: figures.connections ?? null,
        byTransport: figures.byTransport,
        received: figures.received ?? null,
        sent: figures.sent ?? null,
        published: figures.published ?? null,
        refused: figures.refused ?? null,
        refusals: figures.refusals,
        memory: figures.memory ?? null,
        cpu: figures.cpu ?? null,
        voices: figures.voices,
        more: figures.more,
      };
