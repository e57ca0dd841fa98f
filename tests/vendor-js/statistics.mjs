// A stand-in for the statistics service the server asks in turn: a token for anybody, the same value for everything.

import http from 'node:http';

http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const answer = request.url.includes('token')
      ? { access_token: 'sample-token', token_type: 'bearer', expires_in: 3600 }
      : { status: { code: 0 }, data: { statistics: values(body) } };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
}).listen(Number(process.argv[2]), '127.0.0.1');

function values(body) {
  const asked = JSON.parse(body || '{}').data?.statistics ?? [];
  return asked.map((statistic) => ({ ...statistic, timestamp: 1930402800, value: 7 }));
}
