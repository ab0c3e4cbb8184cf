// SPDX-License-Identifier: Apache-2.0
// driver.js MODULE CASES: what verify() of docs/how-to/receive.md says about each case, a line each. See verifiers.py.
'use strict';
const fs = require('node:fs');
const { verify } = require(process.argv[2]);

for (const one of JSON.parse(fs.readFileSync(process.argv[3], 'utf8'))) {
  const headers = {}; // as Node's http makes them: names in lower case, values in latin1
  for (const [name, value] of Object.entries(one.headers)) headers[name] = Buffer.from(value, 'base64').toString('latin1');
  const body = Buffer.from(one.body, 'base64');
  console.log(verify(one.dialect, one.secrets, headers, body, one.now) ? 'accepted' : 'refused');
}
