// Every peer has the same face:
//
//   server                                   'redis' or 'postgres'
//   tuned                                    options of `work` that did best here, by case
//   producer(url, clients)                   {add({of, due}), addMany([{of, due}, …]), close()}
//   work(url, options, handle)               runs `handle({of, due})` for what is due until the process ends; options
//                                            are the peer's own, or only {concurrency}, all else as it is shipped

export const peers = ['bullmq', 'graphile-worker', 'pg-boss'];

export async function load(name) {
  if (!peers.includes(name)) throw new Error(`no peer ${name}; there are: ${peers.join(', ')}`);
  return import(`./peer/${name}.mjs`);
}

/** The wall clock in milliseconds, finer than Date.now(). */
export const now = () => performance.timeOrigin + performance.now();

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The value below which this share of an ascending list lies. */
export const percentile = (ascending, share) => ascending[Math.round((ascending.length - 1) * share)];

export const rounded = (value, digits = 1) => Number(value.toFixed(digits));
