/** Makes a failing plan small: leaves out whatever it fails without (delta debugging, Zeller 2002). */
import type { Plan } from './plan.js';

/** Plans that are tried: enough for hundreds of parts, and an end where a part that fails only now and then has none. */
const MOST_TRIED = 600;

/** @param stillFails plays a plan; whether it breaks the same promise. */
export async function shrink(plan: Plan, stillFails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan;
  let tried = 0;
  const attempt = async (smaller: Plan): Promise<boolean> => {
    if (++tried > MOST_TRIED || !(await stillFails(smaller))) return false;
    smallest = smaller;
    return true;
  };
  // Faults first: there are few, and most steps matter only through them. Twice, as each makes room for the other.
  for (let round = 0; round < 2; round++) {
    await leaveOut(smallest.faults, (faults) => attempt({ ...smallest, faults }));
    await leaveOut(smallest.steps, (steps) => attempt({ ...smallest, steps }));
  }
  for (let page = smallest.pages - 1; page > 0; page--) {
    const { addresses = [], faults, steps, walls } = smallest;
    await attempt({
      ...smallest,
      pages: page,
      addresses: addresses.slice(0, page),
      walls: walls.slice(0, page),
      faults: faults.filter((fault) => !('page' in fault) || fault.page < page),
      steps: steps.filter((step) => step.page < page),
    });
  }
  if (smallest.walls.some((wall) => wall.length > 0)) {
    await attempt({ ...smallest, walls: smallest.walls.map(() => []) });
  }
  return smallest;
}

/** Leaves out ever smaller pieces as long as that goes. */
async function leaveOut<Item>(
  all: readonly Item[],
  works: (items: readonly Item[]) => Promise<boolean>,
): Promise<void> {
  let items = all;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < items.length;) {
      const rest = [...items.slice(0, at), ...items.slice(at + size)];
      if (await works(rest)) items = rest;
      else at += size;
    }
  }
}
