/** PURE. What was seen of the nodes so far: each of them now, all together, and the past that a line can show. */
import { figuresOf, together } from './figures.js';
import type { Figures, Reading } from './figures.js';
import type { Look } from './look.js';

export type NodeState =
  /** It takes clients. */
  | 'ready'
  /** It lives, and wants no clients just now. */
  | 'not ready'
  /** Its clients are told to go elsewhere. */
  | 'draining'
  | 'down'
  /** Somebody else answers there. */
  | 'not iskra';

export interface NodeNow {
  url: string;
  /** Its own name, when it says one. */
  name: string | undefined;
  state: NodeState;
  /** Since when it is in this state, as far as we saw, ms. */
  since: number;
  /** How long `/health` took, ms. */
  milliseconds: number;
  /** Why it is not well; empty when it is. */
  why: string;
  figures: Figures | undefined;
}

export interface Moment {
  /** Milliseconds since 1970. */
  at: number;
  nodes: readonly NodeNow[];
  /** How many of them are ready. */
  ready: number;
  /** Undefined where no node tells anything. */
  all: Figures | undefined;
}

/** How many moments a line of the past can show. */
const PAST = 300;

export function createWatch() {
  const states = new Map<string, { state: NodeState; since: number }>();
  const readings = new Map<string, Reading>();
  const past: (Figures | undefined)[] = [];

  const stateSince = (url: string, state: NodeState, at: number): number => {
    const known = states.get(url);
    if (known?.state === state) return known.since;
    states.set(url, { state, since: at });
    return at;
  };

  const nodeNow = (seen: Look, at: number): NodeNow => {
    const { url, health, families } = seen;
    const state = stateOf(seen);
    const reading = families && { families, at };
    const figures = reading && figuresOf(reading, readings.get(url));
    if (reading) readings.set(url, reading);
    const counted = health.health?.active_connections;
    const name = health.health?.['node'];
    return {
      ...{ url, state, since: stateSince(url, state, at), milliseconds: health.milliseconds },
      name: typeof name === 'string' ? name : undefined,
      why: whyOf(seen, state),
      figures: figures ?? (counted === undefined ? undefined : { ...NOTHING, connections: counted }),
    };
  };

  return {
    /** The figures of all nodes together, the newest last, this moment's among them. */
    past: past as readonly (Figures | undefined)[],
    take(looks: readonly Look[], at: number): Moment {
      const nodes = looks.map((one) => nodeNow(one, at));
      const all = together(nodes.flatMap(({ figures }) => figures ?? []));
      past.push(all);
      if (past.length > PAST) past.shift();
      return { at, nodes, ready: nodes.filter(({ state }) => state === 'ready').length, all };
    },
  };
}

export type Watch = ReturnType<typeof createWatch>;

function stateOf({ health, isReady }: Look): NodeState {
  switch (health.state) {
    case 'healthy':
      return isReady === false ? 'not ready' : 'ready';
    case 'shutting_down':
      return 'draining';
    case 'unreachable':
      return 'down';
    case 'not_iskra':
      return 'not iskra';
  }
}

function whyOf({ url, health, families }: Look, state: NodeState): string {
  switch (state) {
    case 'ready':
      return families === undefined ? '/metrics cannot be read from here' : '';
    case 'not ready':
      return '/ready says no: it drains, or its store does not answer';
    case 'draining':
      return `${health.health?.active_connections ?? 0} left`;
    case 'down':
    case 'not iskra':
      // Its column says where already.
      return health.message.replace(`${url}/health `, '').replace(/^[a-z ]+: /, '');
  }
}

/** Of a node that only says how many are there. */
const NOTHING: Figures = {
  ...{ connections: undefined, byTransport: {}, received: undefined, sent: undefined },
  ...{ published: undefined, refused: undefined, refusals: {}, memory: undefined, cpu: undefined },
  ...{ voices: {}, more: {} },
};
