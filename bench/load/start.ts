/** The load process of a case: connects, then answers the harness. */
import { answer, cpu } from '../harness/child.js';
import type { Case } from '../harness/work.js';
import { works } from '../works/works.js';

const the = JSON.parse(process.argv[2]!) as Case;
const [port, publisher] = process.argv.slice(3).map(Number);

const work = works.find(({ name }) => name === the.work);
if (!work?.load) throw new Error(`There is no load for ${the.work}.`);
const load = await work.load(the, port!, publisher!);

answer({
  begin: () => load.begin(),
  moment: () => ({ cpu: cpu(), counted: load.counted() }),
  figure: () => load.figure?.(),
});
