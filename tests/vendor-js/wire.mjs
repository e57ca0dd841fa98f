// What a client puts on the wire, byte for byte: each operation once, against a stub that records.
//
// `node wire.mjs record` writes wire.json from the vendor's client (GES_VENDOR_CLIENT_JS).

import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { vendorClient } from './clients.mjs';

const RECORD = path.join(path.dirname(fileURLToPath(import.meta.url)), 'wire.json');
const REPLY = '{"status":{"code":0,"message":"Successful"}}';

/** The bytes of each operation as this client sends them: an object of operation → text. */
export async function wireOf(makeClient) {
  let heard = '';
  const stub = net.createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk;
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      if (end < 0 || Buffer.byteLength(text) < Buffer.byteLength(text.slice(0, end + 4)) + length) return;
      heard = text;
      socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${REPLY.length}\r\n` +
        `Connection: close\r\n\r\n${REPLY}`);
    });
  });
  await new Promise((ready) => stub.listen(0, '127.0.0.1', ready));
  const { port } = stub.address();
  const client = makeClient(`http://127.0.0.1:${port}/engagement/v3`);
  const wire = {};
  for (const [name, act] of Object.entries(OPERATIONS)) {
    await act(client);
    wire[name] = heard.replaceAll(`127.0.0.1:${port}`, 'HOST');
  }
  await new Promise((closed) => stub.close(closed));
  return wire;
}

/** What the vendor's client was recorded to send. */
export function recordedWire() {
  return JSON.parse(fs.readFileSync(RECORD, 'utf8'));
}

const KEY = 'a-key';
const AT = new Date('2031-03-04T15:05:00.000Z');
const ID = 'b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10';
const NAME = 'a b/c+d&é';

const OPERATIONS = {
  'book as soon as possible': (c) => c.book(KEY, { serviceName: NAME, phoneNumber: '15195550123' }),
  'book for a time': (c) =>
    c.book(KEY, {
      serviceName: 'Sales',
      phoneNumber: '15195550123',
      desiredTime: AT,
      userData: { tier: 'gold', n: 1 },
      alwaysCheckCapacity: true,
      priority: 5,
    }),
  'book with its own offer type': (c) =>
    c.book(KEY, { serviceName: 'Sales', phoneNumber: '15195550123', cbOfferType: 'ASAP', language: 'fr-CA' }),
  'cancel': (c) => c.cancel(KEY, ID),
  'retrieve': (c) => c.retrieve(KEY, ID),
  'availability': (c) => c.availability(KEY, NAME, {}),
  'availability with a window': (c) =>
    c.availability(KEY, 'Sales', { start: AT, numberOfDays: 2, timezone: 'Europe/Paris', maxTimeSlots: 5, reportBusy: true }),
  'open for': (c) => c.openFor(KEY, NAME, { start: AT, timezone: 'America/New_York' }),
  'queue status': (c) => c.queueStatus(KEY, NAME),
  'estimated wait time': (c) => c.estimatedWaitTime(KEY, 'Sales,Night line', { mode: 'mode1', includeCallsOnHold: true }),
  'call-in': (c) => c.callIn(KEY, { groupName: 'help', fromPhoneNumber: '5195550123', userData: { a: 1 } }),
  'statistics': (c) => c.statistics(KEY, { cacheControl: 'max-age=15' }),
};

if (process.argv[2] === 'record') {
  const wire = await wireOf((base) => vendorClient(process.env.GES_VENDOR_CLIENT_JS, base));
  fs.writeFileSync(RECORD, `${JSON.stringify(wire, null, 2)}\n`);
}
