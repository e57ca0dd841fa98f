// Drives every operation of the Engagement API against a running server, as the vendor's JavaScript client does, and
// asserts every answer. See README.md.

import assert from 'node:assert/strict';
import { recordedClient, vendorClient } from './clients.mjs';
import { recordedWire, wireOf } from './wire.mjs';

const BASE = required('GES_URL').replace(/\/+$/, '') + '/engagement/v3';
const KEY = required('GES_API_KEY');
const SERVICE = required('GES_SERVICE');
const SMALL = required('GES_SMALL_SERVICE');
const GROUP = required('GES_CALL_IN_GROUP');
const CHECKOUT = process.env.GES_VENDOR_CLIENT_JS;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const OFFSET = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;
const STATES = ['SCHEDULED', 'QUEUED', 'ROUTING', 'PROCESSING', 'COMPLETED'];

let passed = 0;
let failed = 0;
let numbers = 0;

const makeClient = CHECKOUT ? (base) => vendorClient(CHECKOUT, base) : recordedClient;
announce();

await check('every request is, byte for byte, the one on record', async () => {
  assert.deepEqual(await wireOf(makeClient), recordedWire());
});
const client = makeClient(BASE);

await check('queryQueueStatus', async () => {
  const status = succeeded(await client.queueStatus(KEY, SERVICE));
  assert.equal(Number.isInteger(status.ewt), true);
  assert.equal(status.offerImmediateCallback, true);
  assert.equal(status.offerScheduledCallback, true);
});

await check('openFor', async () => {
  const start = new Date(Date.now() + 3600_000);
  const { openFor } = succeeded(await client.openFor(KEY, SERVICE, { start, timezone: 'America/New_York' }));
  assert.equal(Number.isInteger(openFor) && openFor > 0, true);
});

// Availability ends with a day, so what is asked for begins far from the end of one, whenever this runs.
const noonTomorrow = () => new Date(new Date(Date.now() + 24 * 3600_000).setUTCHours(12, 0, 0, 0));

let free;
await check('queryAvailabilityV2', async () => {
  const answer = await client.availability(KEY, SERVICE, {
    start: noonTomorrow(), numberOfDays: 1, timezone: 'Asia/Kolkata', maxTimeSlots: 5,
  });
  const { slots, durationMin, timezone } = succeeded(answer);
  assert.equal(slots.length, 5);
  assert.equal(timezone, 'Asia/Kolkata');
  assert.ok([5, 10, 15, 20, 30, 60, 120].includes(durationMin));
  const sent = answer.response.body.data.slots;
  slots.forEach((slot, n) => {
    assert.match(sent[n].utcTime, UTC);
    assert.match(sent[n].localTime, OFFSET);
    assert.ok(sent[n].localTime.endsWith('+05:30'));
    assert.equal(slot.localTime.getTime(), slot.utcTime.getTime());
    assert.ok(Number.isInteger(slot.capacity) && slot.capacity > 0 && slot.capacity <= slot.total);
    if (n > 0) assert.equal((slot.utcTime - slots[n - 1].utcTime) % (durationMin * 60_000), 0);
  });
  [free] = slots;
});

let immediate;
await check('bookCallbackExternal, as soon as possible', async () => {
  const { id } = succeeded(await client.book(KEY, { serviceName: SERVICE, phoneNumber: number() }));
  assert.match(id, UUID);
  immediate = id;
});

await check('queryCallbackById, as soon as possible', async () => {
  const callback = succeeded(await client.retrieve(KEY, immediate));
  assert.equal(callback.id, immediate);
  assert.ok(STATES.includes(callback.callbackState) && callback.callbackState !== 'SCHEDULED');
  assert.equal(callback.phoneNumber, number.last);
  assert.ok(Math.abs(callback.desiredTime - Date.now()) < 60_000);
  const waits = ['QUEUED', 'ROUTING', 'PROCESSING'].includes(callback.callbackState);
  assert.equal(Number.isInteger(callback.positionInQueue), waits);
  assert.equal(Number.isInteger(callback.estimatedWaitTime), waits);
  assert.equal(callback.callbackReason !== undefined, callback.callbackState === 'COMPLETED');
});

let scheduled;
await check('bookCallbackExternal, for a time', async () => {
  const { id } = succeeded(await client.book(KEY, {
    serviceName: SERVICE,
    phoneNumber: number(),
    desiredTime: free.utcTime,
    userData: { tier: 'gold', ordered: 3, 'not-a-name': 1 },
    alwaysCheckCapacity: true,
    priority: 5,
  }));
  assert.match(id, UUID);
  scheduled = id;
});

await check('queryCallbackById, for a time', async () => {
  const answer = await client.retrieve(KEY, scheduled);
  const callback = succeeded(answer);
  assert.equal(callback.callbackState, 'SCHEDULED');
  assert.match(answer.response.body.data.desiredTime, UTC);
  assert.equal(callback.desiredTime.getTime(), free.utcTime.getTime());
  assert.equal(callback.phoneNumber, number.last);
  for (const absent of ['positionInQueue', 'estimatedWaitTime', 'callbackReason']) {
    assert.equal(callback[absent], undefined, absent);
  }
});

await check('queryAvailabilityV2, one place less', async () => {
  const { slots } = succeeded(await client.availability(KEY, SERVICE, { start: free.utcTime, maxTimeSlots: 1 }));
  assert.equal(slots[0].utcTime.getTime(), free.utcTime.getTime());
  assert.equal(slots[0].capacity, free.capacity - 1);
  assert.equal(slots[0].total, free.total);
});

await check('cancelCallback', async () => {
  assert.equal(succeeded(await client.cancel(KEY, scheduled)).id, scheduled);
  const callback = succeeded(await client.retrieve(KEY, scheduled));
  assert.equal(callback.callbackState, 'COMPLETED');
  assert.equal(callback.callbackReason, 'CANCELLED');
});

await check('cancelCallback, a second time', () => refused(client.cancel(KEY, scheduled), 400));
await check('cancelCallback, an unknown id', () =>
  refused(client.cancel(KEY, '00000000-0000-4000-8000-000000000000'), 404));

await check('bookCallbackExternal, a full slot proposes others', async () => {
  const day = { start: noonTomorrow(), maxTimeSlots: 1 };
  const [slot] = succeeded(await client.availability(KEY, SMALL, day)).slots;
  assert.ok(slot.capacity <= 10, 'the small service has at most 10 places in a slot');
  const wish = () => ({ serviceName: SMALL, phoneNumber: number(), desiredTime: slot.utcTime });
  for (let place = 0; place < slot.capacity; place += 1) succeeded(await client.book(KEY, wish()));
  const body = await refused(client.book(KEY, wish()), 429);
  const proposed = Object.entries(body.data.slots);
  assert.equal(Array.isArray(body.data.slots), false);
  assert.ok(proposed.length >= 1 && proposed.length <= 10);
  for (const [time, places] of proposed) {
    assert.match(time, UTC);
    assert.match(places, /^[1-9]\d*$/);
    assert.notEqual(new Date(time).getTime(), slot.utcTime.getTime());
  }
  assert.deepEqual(proposed.map(([time]) => time), proposed.map(([time]) => time).sort());
  succeeded(await client.book(KEY, { ...wish(), desiredTime: new Date(proposed[0][0]) }));
});

await check('estimatedWaitTimeAPI1', async () => {
  const answer = await client.estimatedWaitTime(KEY, `${SERVICE},no such queue`, { mode: 'mode1' });
  // The vendor's model is an array that has lost its methods.
  const waits = Array.from(succeeded(answer));
  assert.equal(waits.length, 2);
  assert.deepEqual(waits.map((wait) => wait.virtualQueue), [SERVICE, 'no such queue']);
  for (const wait of waits) {
    assert.ok(Number.isInteger(wait.estimatedWaitTime) && wait.estimatedWaitTime >= -1);
    assert.ok([0, -1, -2].includes(wait.resultCode));
    assert.equal(wait.resultCode === 0, wait.estimatedWaitTime >= 0);
    assert.equal(typeof wait.message, 'string');
  }
  assert.equal(waits[1].resultCode, -1);
  assert.notEqual(waits[1].message, '');
});

await check('callInRequests', async () => {
  const from = number();
  const answer = await client.callIn(KEY, { groupName: GROUP, fromPhoneNumber: from, userData: { a: 1 } });
  const request = succeeded(answer);
  assert.match(request.id, UUID);
  assert.equal(request.groupName, GROUP);
  assert.equal(request.fromPhoneNumber, from);
  assert.match(request.toPhoneNumber, /^\+?\d+$/);
  assert.ok(Number.isInteger(request.expirationTime) && request.expirationTime > Date.now());
  assert.match(answer.response.body.data.accessCode, /^[1-9]\d{3,8}$/);
  // The vendor's model reads the digits as a number; no leading zero can be lost.
  assert.equal(String(request.accessCode), answer.response.body.data.accessCode);
});

await check('statistics', async () => {
  const answer = await client.statistics(KEY, { cacheControl: 'max-age=15' });
  succeeded(answer);
  const { data } = answer.response.body;
  assert.equal(typeof data === 'object' && !Array.isArray(data), true);
});

await check('an unknown key is refused', () => refused(client.queueStatus('no such key', SERVICE), 401));
await check('an unknown service is refused', () => refused(client.availability(KEY, 'no such service', {}), 400));

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function check(name, act) {
  try {
    await act();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}`);
    const body = error.response?.text ? `\nthe server answered ${error.status}: ${error.response.text}` : '';
    console.log(String(error.message + body).replace(/^/gm, '        '));
  }
}

/** The data of a success; the envelope is asserted as it came, before any client read it. */
function succeeded({ data, response }) {
  assert.equal(response.status, 200);
  assert.match(response.headers['content-type'], /^application\/json\b/);
  assert.equal(response.headers['set-cookie'], undefined);
  assert.equal(response.body.status.code, 0);
  assert.equal(response.body.status.message, 'Successful');
  assert.match(response.body.status.corrId, UUID);
  assert.notEqual(data.data, undefined);
  return data.data;
}

/** The body of a refusal, as an application finds it in the error. */
async function refused(promise, status) {
  const error = await promise.then(() => assert.fail(`accepted; ${status} is right`), (reason) => reason);
  assert.equal(error.status, status, error.message);
  const { body } = error.response;
  assert.equal(body.status.code, status);
  assert.notEqual(body.status.message, '');
  assert.match(body.status.corrId, UUID);
  assert.equal(body.data === undefined, status !== 429);
  return body;
}

/** A customer's number nobody had yet: within the range North America keeps for fiction. */
function number() {
  const areas = ['202', '212', '305', '310', '404', '415', '416', '519', '617', '646'];
  number.last = `1${areas[process.pid % areas.length]}5550${100 + numbers}`;
  numbers += 1;
  return number.last;
}

function announce() {
  const line = CHECKOUT
    ? "the vendor's own client, unmodified"
    : "NOT the vendor's own client (GES_VENDOR_CLIENT_JS is not set): superagent 3.7.0 sending the recorded bytes";
  console.log(`client: ${line}`);
}

function required(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is not set; tests/vendor-js/README.md lists what is needed`);
  process.exit(2);
}
