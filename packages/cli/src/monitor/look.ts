/** One look at one node: what its `/health`, `/ready` and `/metrics` say just now. */
import { readFamilies } from '../families.js';
import type { Families } from '../families.js';
import { check, readStart } from '../health.js';
import type { Verdict } from '../health.js';

export interface Look {
  /** The node, as base of these three addresses. */
  readonly url: string;
  readonly health: Verdict;
  /** Whether it wants clients; undefined where it does not say. */
  readonly isReady: boolean | undefined;
  /** Undefined where it does not tell, or not to us. */
  readonly families: Families | undefined;
}

/** Characters of `/metrics` that are read. */
const MOST = 4_194_304;

/** Never rejects: a node that is down is something to see. `timeout`: ms for each of the three. `stop` ends it early. */
export async function look(url: string, timeout: number, stop: AbortSignal): Promise<Look> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeout), stop]);
  const [health, ready, metrics] = await Promise.all([
    check(`${url}/health`, timeout, stop),
    ask(`${url}/ready`, signal),
    ask(`${url}/metrics`, signal),
  ]);
  const families = metrics?.status === 200 ? readFamilies(metrics.text) : undefined;
  return { url, health, isReady: readinessOf(ready), families: families?.size ? families : undefined };
}

interface Answer {
  status: number;
  text: string;
}

async function ask(url: string, signal: AbortSignal): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, { signal, redirect: 'error', headers: { connection: 'close' } });
    return { status: response.status, text: await readStart(response, MOST) };
  } catch {
    // `/health` says why.
    return undefined;
  }
}

const readinessOf = (answer: Answer | undefined): boolean | undefined =>
  answer?.status === 200 ? true : answer?.status === 503 ? false : undefined;
