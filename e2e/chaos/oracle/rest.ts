/** PURE. Where everything stands when it has been calm for a while. */
import type { ClientLine, Line, ServerLine } from '../history.js';
import { show } from './log.js';
import type { Judge } from './oracle.js';

type Resting = Extract<ClientLine, { what: 'rest' }>;

export function judgeRest(
  clients: ReadonlyMap<string, readonly ClientLine[]>,
  server: readonly ServerLine[],
  judge: Judge,
): void {
  const kept = lastOf(server, 'kept') as Extract<ServerLine, { what: 'kept' }> | undefined;
  if (!kept) return judge('no rest', 'server', 'The server was never looked at.');
  const living = [...clients.values()].filter((lines) => !lastOf(lines, 'gone'));
  const resting: Resting[] = [];
  for (const lines of living) {
    const rest = lastOf(lines, 'rest') as Resting | undefined;
    if (rest) resting.push(rest);
    else judge('no rest', lines[0]!.by, 'The client was never looked at.');
  }

  for (const rest of resting) {
    const { by, state, transport, unsettled } = rest;
    if (state !== 'connected' || transport !== 'websocket') {
      judge('not connected', by, `It is ${state} over ${transport || 'nothing'}.`, rest);
    }
    if (unsettled > 0) judge('never settled', by, `${unsettled} sends have no end.`, rest);
  }

  for (const { channel, head, members } of kept.channels) {
    const inside = resting.filter(({ by }) => wantsMembers(clients.get(by)!, channel));
    const sessions = inside.map(({ session }) => session);
    if (!same(members, sessions)) {
      const sentence = `${channel} has ${members.length} members, and ${sessions.length} are there: ${differences(members, sessions)}.`;
      judge('members wrong', 'server', sentence, kept);
    }
    for (const rest of resting) {
      const { position, members: seen } = rest.channels.find((one) => one.channel === channel) ?? {};
      if (!position || show(position) !== show(head)) {
        const stands = `It stands at ${position ? show(position) : 'no position'} of ${channel}`;
        judge('not at the head', rest.by, `${stands}, whose head is ${show(head)}.`, rest);
      }
      if (inside.includes(rest) && !same(seen ?? [], sessions)) {
        judge('members wrong', rest.by, `It sees in ${channel}: ${differences(seen ?? [], sessions)}.`, rest);
      }
    }
  }
}

function lastOf<One extends Line>(lines: readonly One[], what: One['what']): One | undefined {
  for (let at = lines.length - 1; at >= 0; at--) if (lines[at]!.what === what) return lines[at];
  return undefined;
}

const wantsMembers = (lines: readonly ClientLine[], channel: string): boolean =>
  lines.some((line) => line.what === 'subscribe' && line.channel === channel && line.presence);

const same = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one));

const differences = (seen: readonly string[], there: readonly string[]): string =>
  [
    ...seen.filter((one) => !there.includes(one)).map((one) => `${one} is listed but gone`),
    ...there.filter((one) => !seen.includes(one)).map((one) => `${one} is there but not listed`),
  ].join(', ') || 'somebody twice';
