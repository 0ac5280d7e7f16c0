/** Every piece of work, in the order of the report. */
import type { Work } from '../harness/work.js';
import { acrossWorks } from './across.js';
import { connectWork } from './connect.js';
import { echo } from './echo.js';
import { fanoutLongPoll, fanoutSse } from './fanout-http.js';
import { fanoutWorks } from './fanout.js';
import { idleWorks } from './idle.js';
import { observedWorks } from './observed.js';
import { resting } from './resting.js';
import { roundTrips } from './roundtrips.js';
import { size } from './size.js';

export const works: readonly Work[] = [
  ...fanoutWorks,
  echo,
  fanoutSse,
  fanoutLongPoll,
  ...acrossWorks,
  connectWork,
  ...idleWorks,
  ...observedWorks,
  resting,
  roundTrips,
  size,
];
