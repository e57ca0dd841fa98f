// What a case does with its children.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('child.mjs', import.meta.url));

/** A child of this peer, loaded and waiting for messages. */
export async function child(name, url) {
  const forked = fork(file, [name, url], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await answer(forked, 'loaded');
  return forked;
}

/** The next message that has this member. */
export function answer(forked, member) {
  return new Promise((resolve, reject) => {
    const heard = (message) => {
      if (!(member in message)) return;
      forked.off('message', heard);
      forked.off('exit', ended);
      resolve(message[member]);
    };
    const ended = (code, signal) => reject(new Error(`the child ended with ${code ?? signal}`));
    forked.on('message', heard);
    forked.once('exit', ended);
  });
}

export async function ask(forked, message, member) {
  const heard = answer(forked, member);
  forked.send(message);
  return heard;
}

export async function stop(forked) {
  if (forked.exitCode !== null || forked.signalCode !== null) return;
  const ended = once(forked, 'exit');
  forked.kill('SIGKILL');
  await ended;
}
