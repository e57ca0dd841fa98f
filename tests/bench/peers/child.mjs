// A process of its own that adds or works; the parent tells it what by messages.
//
//   {add: {clients, ms, own}}          adds for so long, answers {durations}; `own` gives each client a connection
//   {work: {options, last, tell}}      works, each job taking `last` ms; answers {ready}; with `tell` also
//                                      {started: of} and {ended: of} for each job
//   {report}                           answers {arrivals: [[of, due, at], …]}

import { load, now, sleep } from './peer.mjs';

const [name, url] = process.argv.slice(2);
const peer = await load(name);
const arrivals = [];

process.on('message', async (message) => {
  if (message.add) process.send(await add(message.add));
  if (message.work) {
    await peer.work(url, message.work.options, (job) => handle(job, message.work));
    process.send({ ready: true });
  }
  if (message.report) process.send({ arrivals: arrivals.splice(0) });
});
process.on('disconnect', () => process.exit());
process.send({ loaded: true });

async function add({ clients, ms, own }) {
  const producers = own
    ? await Promise.all(Array.from({ length: clients }, () => peer.producer(url, 1)))
    : [await peer.producer(url, clients)];
  const durations = [];
  const ends = performance.now() + ms;
  const later = Date.now() + 3_600_000;
  let of = 0;
  const client = async (_, at) => {
    const producer = producers[at % producers.length];
    while (performance.now() < ends) {
      const begun = performance.now();
      of += 1;
      await producer.add({ of, due: later + of });
      durations.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: clients }).map(client));
  await Promise.all(producers.map((producer) => producer.close()));
  return { durations };
}

async function handle({ of, due }, { last, tell }) {
  arrivals.push([of, due, now()]);
  if (tell) process.send({ started: of });
  if (last) await sleep(last);
  if (tell) process.send({ ended: of });
}
