// node main.mjs <case> <peer> <url of an empty database or Redis> [options as JSON]
//
// Measures one case of one peer and prints one line of JSON.

import { createRequire } from 'node:module';

import * as cases from './cases.mjs';
import { load } from './peer.mjs';

const [what, name, url, options = '{}'] = process.argv.slice(2);
if (!Object.hasOwn(cases, what)) throw new Error(`no case ${what}; there are: ${Object.keys(cases).join(', ')}`);
const { server } = await load(name);
const { version } = createRequire(import.meta.url)('./package-lock.json').packages[`node_modules/${name}`];
const outcome = await cases[what](name, url, JSON.parse(options));
console.log(JSON.stringify({ case: what, peer: name, version, server, ...outcome }));
process.exit();
