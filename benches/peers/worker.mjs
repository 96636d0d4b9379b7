// The engines in a worker: `POST /open` with an engine's source, then `/run`. The clock of workerd does not
// advance while code runs, so time is taken outside.
import devcycle from './devcycle.wasm';
import flipt from './flipt.wasm';
import throughline from './throughline.wasm';
import { engines, openChecked } from './engines.mjs';
import { worldOf } from './world.mjs';

const modules = { devcycle, flipt, throughline };

let opened;

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const number = (name) => Number(searchParams.get(name));
    try {
      if (pathname === '/open') {
        const key = searchParams.get('engine');
        const engine = engines[key];
        opened?.close();
        opened = undefined;
        const source = engine.format === 'plan' ? new Uint8Array(await request.arrayBuffer()) : await request.text();
        const world = worldOf({ campaigns: number('campaigns'), slots: number('slots') });
        opened = await openChecked(engine, source, world, modules[key]);
        return Response.json({ note: opened.note });
      }
      opened.run[searchParams.get('mode')](number('times'));
      return Response.json({});
    } catch (error) {
      return Response.json({ error: error.message ?? String(error) });
    }
  },
};
