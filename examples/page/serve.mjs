// Serves the page, with /_tl/ passed on to the edge as if both were one site. In production the edge is in front of the
// site, and nothing of this is needed.
//
//   node examples/page/serve.mjs         (PORT=8000, EDGE=http://localhost:8787)
import { readFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';

const edge = new URL(process.env.EDGE ?? 'http://localhost:8787');
const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://page.example');
  if (pathname.startsWith('/_tl/')) return passOn(request, response);
  const [name, type] = files[pathname] ?? [];
  if (!name) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': type }).end(await readFile(new URL(name, import.meta.url)));
});
server.listen(process.env.PORT ?? 8000, () => console.log(`http://localhost:${server.address().port}/`));

function passOn(request, response) {
  const { method, url: path, headers } = request;
  const asked = ask({ hostname: edge.hostname, port: edge.port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  asked.on('error', () => response.writeHead(502).end());
  request.pipe(asked);
}
