// Two clients with one face: the vendor's own, and one that sends exactly the bytes the vendor's sends.
//
// Every operation answers {data, response} as the vendor's `…WithHttpInfo` functions do: `data` with times as Date,
// `response` as superagent gives it. Both reject on any status but 2xx.

import { createRequire } from 'node:module';
import Module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** The vendor's client from an unmodified checkout; its dependencies are the ones installed beside this file. */
export function vendorClient(checkout, basePath) {
  process.env.NODE_PATH = path.join(here, 'node_modules');
  Module._initPaths();
  const vendor = createRequire(path.join(path.resolve(checkout), 'package.json'))('./src/index.js');
  const client = new vendor.ApiClient();
  client.basePath = basePath;
  client.enableCookies = false;
  const callbacks = new vendor.CallbacksApi(client);
  const availability = new vendor.AvailabilityApi(client);
  return {
    book: (key, body) => {
      const { serviceName, phoneNumber, ...rest } = body;
      const parms = Object.assign(new vendor.CreateCallbackParms(serviceName, phoneNumber), rest);
      return callbacks.bookCallbackExternalWithHttpInfo(key, parms);
    },
    cancel: (key, id) => callbacks.cancelCallbackWithHttpInfo(key, new vendor.CallbackIdParms(id)),
    retrieve: (key, id) => callbacks.queryCallbackByIdWithHttpInfo(key, new vendor.CallbackIdParms(id)),
    availability: (key, service, opts) => availability.queryAvailabilityV2WithHttpInfo(key, service, opts),
    openFor: (key, service, opts) => availability.openForWithHttpInfo(key, service, opts),
    queueStatus: (key, queue) => new vendor.QueueStatusApi(client).queryQueueStatusWithHttpInfo(key, queue),
    estimatedWaitTime: (key, queues, opts) =>
      new vendor.EstimatedWaitTimeApi(client).estimatedWaitTimeAPI1WithHttpInfo(key, queues, opts),
    callIn: (key, body) => {
      const { groupName, ...rest } = body;
      const parms = Object.assign(new vendor.CallInRequestsParms(groupName), rest);
      return new vendor.CallInApi(client).callInRequestsWithHttpInfo(key, parms);
    },
    statistics: (key, opts) => new vendor.StatisticsApi(client).statisticsWithHttpInfo(key, opts),
  };
}

// Members the vendor's models carry on their prototypes; superagent copies inherited members into the body, so every
// untouched request has them, after the members that were set.
const CREATE_DEFAULTS = {
  cbOfferType:
    'ASAP if the request does not include the desiredTime parameter and SCHEDULED if the request includes the ' +
    'desiredTime parameter.',
  language: 'en-US',
};

/** The same operations with superagent 3.7.0 alone, as recorded from the vendor's client (wire.json). */
export function recordedClient(basePath) {
  const superagent = require('superagent');
  const send = (method, url, key, { query = {}, headers = {}, body } = {}) => {
    const request = superagent(method, basePath + url);
    request.query(withTimes(query)).set({}).set({ 'x-api-key': key, ...headers }).timeout(60000);
    request.type('application/json');
    if (body) request.send(body);
    request.accept('application/json');
    return new Promise((resolve, reject) => {
      request.end((error, response) =>
        error ? reject(error) : resolve({ data: response.body && readTimes(response.body), response }));
    });
  };
  const segment = (name) => encodeURIComponent(name);
  return {
    book: (key, body) => send('POST', '/callbacks/create', key, { body: { ...body, ...missing(body) } }),
    cancel: (key, id) => send('POST', '/callbacks/cancel', key, { body: { id } }),
    retrieve: (key, id) => send('POST', '/callbacks/retrieve', key, { body: { id } }),
    availability: (key, service, opts) =>
      send('GET', `/callbacks/availability/${segment(service)}`, key, { query: opts }),
    openFor: (key, service, opts) => send('GET', `/callbacks/open-for/${segment(service)}`, key, { query: opts }),
    queueStatus: (key, queue) => send('GET', `/callbacks/queue-status/${segment(queue)}`, key),
    estimatedWaitTime: (key, queues, opts = {}) =>
      send('GET', '/estimated-wait-time', key, {
        query: withoutAbsent({
          'virtual-queues': queues,
          mode: opts.mode,
          'include-calls-on-hold': opts.includeCallsOnHold,
        }),
      }),
    callIn: (key, body) => send('POST', '/call-in/requests/create', key, { body }),
    statistics: (key, opts = {}) =>
      send('POST', '/statistics/operations/get-statistic-ex', key, {
        headers: opts.cacheControl ? { 'cache-control': opts.cacheControl } : {},
      }),
  };
}

function missing(body) {
  return Object.fromEntries(Object.entries(CREATE_DEFAULTS).filter(([name]) => !(name in body)));
}

function withoutAbsent(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function withTimes(query) {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, value instanceof Date ? value.toJSON() : String(value)]));
}

// What the vendor's client does with a text that is declared to be a time: a blank for the T, then the built-in parser.
const TIMES = new Set(['utcTime', 'localTime', 'desiredTime']);

function readTimes(value) {
  if (Array.isArray(value)) return value.map(readTimes);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) =>
      [name, TIMES.has(name) && typeof member === 'string' ? new Date(member.replace(/T/i, ' ')) : readTimes(member)]));
}
