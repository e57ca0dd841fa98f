// What the servers count, asked in a way that is not in the count.

import { Redis } from 'ioredis';
import pg from 'pg';

/** {read(), close()}: commands of the whole Redis, or transactions of the database of this URL. */
export async function counted(server, url) {
  return server === 'redis' ? commands(url) : transactions(url);
}

async function commands(url) {
  const redis = new Redis(url);
  // What is asked here is counted as well: one INFO for each reading, and what the connection says at first.
  await redis.info('stats');
  let own = 0;
  return {
    read: async () => {
      const info = await redis.info('stats');
      const all = Number(/total_commands_processed:(\d+)/.exec(info)[1]);
      own += 1;
      return all - own;
    },
    close: () => redis.quit(),
  };
}

async function transactions(url) {
  const elsewhere = new URL(url);
  const database = elsewhere.pathname.slice(1);
  elsewhere.pathname = '/postgres';
  const client = new pg.Client({ connectionString: elsewhere.href });
  await client.connect();
  return {
    read: async () => {
      const { rows } = await client.query(
        'SELECT xact_commit + xact_rollback AS all FROM pg_stat_database WHERE datname = $1',
        [database],
      );
      return Number(rows[0].all);
    },
    close: () => client.end(),
  };
}
