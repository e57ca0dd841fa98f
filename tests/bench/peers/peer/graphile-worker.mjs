// Graphile Worker on Postgres.

import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const TASK = 'peer';
const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error(message);
});

export const server = 'postgres';
const batches = { completeJobBatchDelay: 0, failJobBatchDelay: 0 };

export const tuned = {
  steady: { concurrentJobs: 24, pollInterval: 5, localQueue: { size: 500 }, ...batches },
  instant: { concurrentJobs: 24, pollInterval: 50, localQueue: { size: 5000 }, ...batches },
};

export async function producer(url, clients) {
  const pgPool = new pg.Pool({ connectionString: url, max: clients });
  // The package asks for a listener; an error ends the add that meets it.
  for (const event of ['error', 'connect']) {
    pgPool.on(event, (about) => (event === 'error' ? console.error(about.message) : about.on('error', () => {})));
  }
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  return {
    add: ({ of, due }) => utils.addJob(TASK, { of, due }, { runAt: new Date(due) }),
    addMany: (wishes) =>
      utils.addJobs(
        wishes.map(({ of, due }) => ({ identifier: TASK, payload: { of, due }, runAt: new Date(due) })),
      ),
    close: async () => {
      await utils.release();
      await pgPool.end();
    },
  };
}

export async function work(url, { concurrency, ...options }, handle) {
  const worker = concurrency ? { concurrentJobs: concurrency } : options;
  await run({
    connectionString: url,
    logger,
    noHandleSignals: true,
    preset: { worker },
    taskList: { [TASK]: (payload) => handle(payload) },
  });
}
