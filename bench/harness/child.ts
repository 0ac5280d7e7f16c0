/** The other end of processes.ts: says that it is ready, answers questions one by one, ends with its parent. */

export function answer(questions: Readonly<Record<string, () => unknown>>): void {
  process.on('message', (question: string) => {
    const ask = questions[question];
    if (!ask) throw new Error(`Nobody answers "${question}" here.`);
    void Promise.resolve(ask()).then((value) => process.send!(value ?? null));
  });
  process.on('disconnect', () => process.exit(0));
  process.send!('ready');
}

/** CPU time of this process so far, user and system, in µs. */
export function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
