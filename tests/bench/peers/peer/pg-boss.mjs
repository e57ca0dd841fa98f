// pg-boss on Postgres.

import PgBoss from 'pg-boss';

const QUEUE = 'peer';

export const server = 'postgres';
// Half a second is the least interval allowed; workers out of step make up for it.
export const tuned = {
  steady: { workers: 50, pollingIntervalSeconds: 0.5, batchSize: 1000, priority: false },
  instant: { workers: 5, pollingIntervalSeconds: 0.5, batchSize: 2500, priority: false },
};

async function start(url, options = {}) {
  const boss = new PgBoss({ connectionString: url, ...options });
  boss.on('error', (error) => console.error(error.message));
  await boss.start();
  return boss;
}

export async function producer(url, clients) {
  const boss = await start(url, { max: clients, supervise: false, schedule: false });
  await boss.createQueue(QUEUE);
  return {
    add: ({ of, due }) => boss.send(QUEUE, { of, due }, { startAfter: new Date(due) }),
    addMany: (wishes) =>
      boss.insert(wishes.map(({ of, due }) => ({ name: QUEUE, data: { of, due }, startAfter: new Date(due) }))),
    close: () => boss.stop({ graceful: false, wait: true }),
  };
}

export async function work(url, { concurrency, workers = concurrency, ...options }, handle) {
  const boss = await start(url);
  await boss.createQueue(QUEUE);
  for (let worker = 0; worker < workers; worker += 1) {
    await boss.work(QUEUE, options, (jobs) => Promise.all(jobs.map((job) => handle(job.data))));
    const apart = (1000 * (options.pollingIntervalSeconds ?? 0)) / workers;
    await new Promise((resolve) => setTimeout(resolve, apart));
  }
}
