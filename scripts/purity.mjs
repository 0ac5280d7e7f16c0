// Pure files decide, shells do: a machine that reads a clock or rolls a die cannot be replayed under virtual
// time. These are the files, and what each of them asks for instead.

const files = [
  'packages/protocol/src/*.ts',
  'packages/client/src/{session,liveness,downlink,sending,outbox,attempt,policy,standings,patience,breaker,path,quality,explain,errors}.ts',
  'packages/client/src/devtools/{frames,hide,look,shortcut,watch}.ts',
  'packages/chaos/src/{faults,profile,pace,held,headers}.ts',
  'packages/client/src/tabs/{sharing,group}.ts',
  'packages/client/src/doctor/{seen,verdict,advice,report,row,transport-rows,post-rows,terms,print}.ts',
  'packages/server/src/{session,conversation,frames,deadlines,heartbeats,answer,downlink,uplink,spread,except}.ts',
  'packages/server/src/observe/{catalogue,event,failure,sampling,trace,whereabouts}.ts',
  'packages/server/src/observe/metrics/{absences,distribution,meter}.ts',
  'packages/server/src/observe/{voices,setbacks,patterns,patterns/*}.ts',
  'packages/server/src/stores/redis/{keys,continuity,tails,claims,address}.ts',
];
// The one place that arms a timer, and the tests, which may do as they like.
const excludeFiles = ['packages/protocol/src/machine.ts', '**/*.test.ts'];

const clock = 'A pure file is told the time: take `now` as an argument, as in handle(event, now).';
const timer =
  'A pure file arms no timer: offer the moment as `deadline`, and drive() in packages/protocol/src/machine.ts wakes you.';
const random =
  'A pure file rolls no dice: take the random number as an argument, so that a run can be replayed.';
const effect =
  'A pure file touches nothing outside: return an effect, and let the shell (client.ts, connection.ts) perform it.';

const refused = {
  Date: clock,
  performance: clock,
  setTimeout: timer,
  setInterval: timer,
  setImmediate: timer,
  queueMicrotask: timer,
  crypto: random,
  fetch: effect,
  console: effect,
};

export const purity = {
  files,
  excludeFiles,
  rules: {
    'no-restricted-globals': [
      'error',
      {
        globals: Object.entries(refused).map(([name, message]) => ({ name, message })),
        checkGlobalObject: true,
      },
    ],
    'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: random }],
  },
};
