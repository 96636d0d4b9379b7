// A page's end of the live channel, with the headers that a test wants: what browsers do not let scripts choose.
import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { BROWSER, eventually } from './edge.mjs';

const TEXT = 1;
const CLOSE = 8;

/** Opens the channel of a visitor as a page of the site does; throws the answer, with `status`, if the edge refuses. */
export function listen(visitor, { origin = visitor.edge.url, headers = {} } = {}) {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const all = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    'user-agent': BROWSER,
    ...(origin && { origin }),
    ...visitor.headers,
    ...(cookie && { cookie }),
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${visitor.edge.url}/_tl/live`, { headers: sent, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      reject(Object.assign(new Error(`${response.statusCode} ${text}`), { status: response.statusCode, text }));
    });
    request.on('upgrade', (_response, socket, head) => resolve(new Channel(socket, head)));
    request.on('error', reject);
    request.end();
  });
}

class Channel {
  /** The texts that have arrived, oldest first. */
  texts = [];
  /** The code with which the other end has closed; 1006 if it has gone without one. */
  code;
  #rest;

  constructor(socket, head) {
    this.socket = socket;
    this.#rest = head;
    this.#read();
    socket.on('data', (bytes) => {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      this.#read();
    });
    socket.on('close', () => (this.code ??= 1006));
    socket.on('error', () => {});
  }

  /** The versions that have arrived. */
  get versions() {
    return this.texts.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text).ver);
  }

  /** Waits for a version above this one, and returns the newest. */
  hears(after) {
    return eventually(() => {
      const newest = Math.max(0, ...this.versions);
      if (!(newest > after)) throw new Error(`heard ${this.texts.join()}, expected more than ${after}`);
      return newest;
    }, 20_000);
  }

  /** Waits until the other end has closed, and returns its code. */
  closes() {
    return eventually(() => {
      if (this.code === undefined) throw new Error('not closed');
      return this.code;
    }, 20_000);
  }

  send(text) {
    this.#write(TEXT, Buffer.from(text));
  }

  /** Closes as browsers do, which wait for the same from the other end. */
  leave() {
    this.#write(CLOSE, Buffer.from([3, 232]));
    return this.closes();
  }

  close() {
    this.socket.destroy();
  }

  #write(kind, body) {
    const length = body.length < 126 ? [0x80 | body.length] : [0x80 | 126, body.length >> 8, body.length & 255];
    // A mask of zeros changes nothing.
    this.socket.write(Buffer.concat([Buffer.from([0x80 | kind, ...length, 0, 0, 0, 0]), body]));
  }

  #read() {
    while (this.#rest.length >= 2) {
      const [first, length] = this.#rest;
      const end = 2 + length;
      // The collector's messages are short.
      if (length > 125) throw new Error(`a frame of ${length} bytes`);
      if (this.#rest.length < end) return;
      const body = this.#rest.subarray(2, end);
      this.#rest = this.#rest.subarray(end);
      if ((first & 15) === TEXT) this.texts.push(body.toString());
      if ((first & 15) === CLOSE) {
        this.code = body.length ? body.readUInt16BE() : 1005;
        this.#write(CLOSE, body);
        this.socket.end();
      }
    }
  }
}
