// BullMQ on Redis. Durable as far as the server's `appendfsync` is.

import { Queue, Worker } from 'bullmq';

const QUEUE = 'peer';

export const server = 'redis';
export const tuned = {
  steady: { concurrency: 10 },
  instant: { concurrency: 500 },
};

const connection = (url) => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
};

export async function producer(url) {
  const queue = new Queue(QUEUE, { connection: connection(url) });
  await queue.waitUntilReady();
  // The job is due at `timestamp + delay`, so no time is lost between both.
  const job = ({ of, due }) => {
    const timestamp = Date.now();
    return { name: 'job', data: { of, due }, opts: { timestamp, delay: Math.max(0, due - timestamp) } };
  };
  return {
    add: (wish) => {
      const { name, data, opts } = job(wish);
      return queue.add(name, data, opts);
    },
    addMany: (wishes) => queue.addBulk(wishes.map(job)),
    close: () => queue.close(),
  };
}

export async function work(url, { concurrency }, handle) {
  const options = { concurrency, removeOnComplete: { count: 0 } };
  const worker = new Worker(QUEUE, (job) => handle(job.data), { connection: connection(url), ...options });
  worker.on('error', (error) => console.error(error.message));
  await worker.waitUntilReady();
}
