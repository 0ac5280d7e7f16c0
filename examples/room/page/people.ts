/** Who is here: the members of `room:<id>~here`, this visitor first. */
import type { Channel, Client, Member } from '@iskra/client';
import type { contract } from '../contract.js';
import { byId, make, pick } from './dom.js';
import { keep, recall } from './keep.js';
import { hueOf } from './messages.js';

const MOST = 24;
const WARM = ['Amber', 'Bright', 'Calm', 'Copper', 'Early', 'Golden', 'Kind', 'Quick', 'Quiet', 'Warm'];
const LIVELY = ['Beacon', 'Cinder', 'Comet', 'Ember', 'Finch', 'Firefly', 'Flint', 'Fox', 'Lantern', 'Wren'];

type Here = Channel<typeof contract, `room:${string}`>;

export interface People {
  readonly name: string;
  /** Goes to another room, under the present name. */
  enter(channel: Here): void;
}

export function showPeople(client: Client<typeof contract>): People {
  const list = byId('members');
  const field = byId<HTMLInputElement>('name');
  let name = recall('name') ?? `${pick(WARM)} ${pick(LIVELY)}`;
  let here: Here | undefined;
  let leave = (): void => {};
  field.value = name;

  const show = (members: readonly Member[]): void => {
    const own = client.status.session;
    const others = members.filter(({ id }) => id !== own);
    const all = [...members.filter(({ id }) => id === own), ...others];
    const chips = all.slice(0, MOST).map((member) => makeChip(nameOf(member), member.id === own));
    if (all.length > MOST) chips.push(make('li', { class: 'more' }, `and ${all.length - MOST} more`));
    list.replaceChildren(...chips);
    list.setAttribute('aria-label', `Who is here: ${all.length}`);
    list.dataset['count'] = String(all.length);
  };

  const come = (): void => {
    here?.subscribe({ presence: { name } }).catch(() => {});
  };

  const rename = (): void => {
    const next = field.value.trim().slice(0, 40);
    if (next === '' || next === name) {
      field.value = name;
      return;
    }
    name = next;
    keep('name', name);
    // A member's data belongs to its subscription: to change it is to come again.
    here?.unsubscribe().catch(() => {});
    come();
  };
  field.addEventListener('change', rename);

  client.on('session', () => here && show(here.members));

  return {
    get name() {
      return name;
    },
    enter(channel) {
      leave();
      here?.unsubscribe().catch(() => {});
      here = channel;
      leave = channel.onMembers(show);
      show([]);
      come();
    },
  };
}

/** What others say of themselves is only shown, and only so much of it. */
function nameOf({ data }: Member): string {
  const name: unknown = typeof data === 'object' && data !== null && 'name' in data ? data.name : undefined;
  return (typeof name === 'string' && name.trim().slice(0, 40)) || 'somebody';
}

function makeChip(name: string, own: boolean): HTMLLIElement {
  const chip = make(
    'li',
    { 'data-testid': 'member', 'data-self': String(own) },
    name,
    ...(own ? [make('small', {}, 'you')] : []),
  );
  chip.style.setProperty('--hue', String(hueOf(name)));
  return chip;
}
