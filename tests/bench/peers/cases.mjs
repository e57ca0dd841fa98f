// What is measured. Each case has the servers for itself and answers one object.

import { counted } from './count.mjs';
import { ask, child, stop } from './parent.mjs';
import { load, percentile, rounded, sleep } from './peer.mjs';

const CLIENTS = 64;

/**
 * Single adds, each waited for, 64 at a time; one producing process, then two, of which the better counts. Peers on
 * Postgres have a pool of 64; on Redis, where one connection carries the commands of all in one packet, `own` gives
 * each client a connection of its own, as clients in 64 places have.
 */
export async function adds(name, url, { seconds = 8, own = false }) {
  let best;
  for (const processes of [1, 2]) {
    const children = await Promise.all(Array.from({ length: processes }, () => child(name, url)));
    const run = async (ms) => {
      const message = { add: { clients: CLIENTS / processes, ms, own } };
      return (await Promise.all(children.map((each) => ask(each, message, 'durations')))).flat();
    };
    await run(1000);
    const durations = (await run(seconds * 1000)).sort((a, b) => a - b);
    await Promise.all(children.map(stop));
    const outcome = {
      perSecond: Math.round(durations.length / seconds),
      p50: rounded(percentile(durations, 0.5)),
      p99: rounded(percentile(durations, 0.99)),
      processes,
      own,
    };
    if (!best || outcome.perSecond > best.perSecond) best = outcome;
  }
  return best;
}

/** 500 due a second for ten seconds. */
export const steady = (name, url, options) => due('steady', name, url, { count: 5000, every: 2, ...options });

/** 10,000 due at one instant. */
export const instant = (name, url, options) => due('instant', name, url, { count: 10_000, every: 0, ...options });

/** With the options that did best, one worker process and then two; the better p99 counts. */
async function due(what, name, url, { count, every, lead = 6000, processes = [1, 2], options }) {
  const { tuned, producer } = await load(name);
  options ??= tuned[what];
  let best;
  for (const workers of processes) {
    const children = await Promise.all(Array.from({ length: workers }, () => child(name, url)));
    await Promise.all(children.map((each) => ask(each, { work: { options } }, 'ready')));
    const adding = await producer(url, 10);
    const first = Date.now() + lead;
    const wishes = Array.from({ length: count }, (_, of) => ({ of, due: first + of * every }));
    for (let from = 0; from < count; from += 500) await adding.addMany(wishes.slice(from, from + 500));
    const spare = first - Date.now();
    if (spare < 500) throw new Error(`adding took so long that only ${spare} ms were left`);
    const arrivals = await gather(children, count, first + count * every + 60_000);
    await Promise.all(children.map(stop));
    await adding.close();
    const outcome = { ...lateness(arrivals, count), workers, options };
    if (!best || outcome.p99 < best.p99) best = outcome;
  }
  return best;
}

/** Asks seldom, so that the asking is not in the figures. */
async function gather(children, count, until) {
  const arrivals = [];
  while (arrivals.length < count && Date.now() < until) {
    await sleep(2000);
    for (const each of children) arrivals.push(...(await ask(each, { report: true }, 'arrivals')));
  }
  return arrivals;
}

function lateness(arrivals, count) {
  const seen = new Set(arrivals.map(([of]) => of));
  const late = arrivals.map(([, due, at]) => at - due).sort((a, b) => a - b);
  return {
    p50: rounded(percentile(late, 0.5)),
    p99: rounded(percentile(late, 0.99)),
    last: rounded(late[late.length - 1]),
    early: late.filter((ms) => ms < 0).length,
    earliest: rounded(Math.min(0, late[0])),
    missing: count - seen.size,
    twice: arrivals.length - seen.size,
  };
}

/**
 * What the server counts in ten seconds in which nothing is to be done, one worker: as shipped, or with the options that
 * did best at another case.
 */
export async function idle(name, url, { seconds = 10, tunedFor }) {
  const { server, tuned } = await load(name);
  const worker = await child(name, url);
  await ask(worker, { work: { options: tunedFor ? tuned[tunedFor] : { concurrency: 1 } } }, 'ready');
  await sleep(5000);
  const count = await counted(server, url);
  const before = await count.read();
  await sleep(seconds * 1000);
  const after = await count.read();
  await count.close();
  await stop(worker);
  return { of: server === 'redis' ? 'commands' : 'transactions', perSecond: rounded((after - before) / seconds, 2) };
}

/** Two workers as shipped, jobs of two seconds; one is killed, and what it had in hand has to run on the other. */
export async function takeover(name, url, { giveUp = 65_000 }) {
  const { producer } = await load(name);
  const adding = await producer(url, 10);
  const workers = await Promise.all([child(name, url), child(name, url)]);
  const started = workers.map(() => new Map());
  const unfinished = workers.map(() => new Set());
  workers.forEach((each, at) =>
    each.on('message', (message) => {
      if ('started' in message) {
        started[at].set(message.started, performance.now());
        unfinished[at].add(message.started);
      }
      if ('ended' in message) unfinished[at].delete(message.ended);
    }),
  );
  const work = { options: { concurrency: 10 }, last: 2000, tell: true };
  await Promise.all(workers.map((each) => ask(each, { work }, 'ready')));
  await adding.addMany(Array.from({ length: 60 }, (_, of) => ({ of, due: Date.now() })));
  while (unfinished.some((some) => some.size < 10)) await sleep(20);
  const [killed, other] = workers;
  const killedAt = performance.now();
  killed.kill('SIGKILL');
  await sleep(20);
  const orphans = [...unfinished[0]];
  const left = () => orphans.filter((of) => !started[1].has(of));
  while (left().length > 0 && performance.now() - killedAt < giveUp) await sleep(20);
  await stop(other);
  await adding.close();
  const taken = orphans.filter((of) => started[1].has(of)).map((of) => started[1].get(of) - killedAt);
  return {
    orphans: orphans.length,
    taken: taken.length,
    firstSeconds: taken.length ? rounded(Math.min(...taken) / 1000, 2) : null,
    lastSeconds: left().length ? null : rounded(Math.max(...taken) / 1000, 2),
    gaveUpAfterSeconds: left().length ? giveUp / 1000 : null,
  };
}
