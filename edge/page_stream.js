// Streams a page through the filler of its slots (src/page/stream.rs), with the platform's streams.
//
// A trap of the wasm instance cannot take the page down: the bytes that the filler has not let go are kept here as well. If
// it fails, they and the rest of the page go on as they came.

/**
 * Returns `[readable, done]`: the page, and a promise that settles once it has been sent or the visitor has left. Then
 * `signal` aborts, which ends the reading even while the origin says nothing.
 */
export function streamPage(body, filler, signal) {
  const { readable, writable } = new IdentityTransformStream();
  const done = pump(body, writable, filler, signal).finally(() => attempt(() => filler.free()));
  return [readable, done];
}

async function pump(body, writable, filler, signal) {
  const reader = body.getReader();
  const writer = writable.getWriter();
  const leave = () => reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener('abort', leave);
  // What has gone wrong is told by `write`.
  writer.closed.catch(leave);
  /** The bytes that the filler has and the visitor has not. */
  let waiting = [];

  for (;;) {
    const next = await reader.read().catch((error) => ({ error }));
    if ('error' in next) {
      // The origin has broken off: the visitor gets what it has sent, and no proper end.
      await sendWaiting();
      return writer.abort(next.error);
    }
    if (!next.done) waiting.push(next.value);
    let out;
    let isFinished = next.done;
    try {
      out = next.done ? filler.finish() : filler.push(next.value);
      waiting = last(waiting, filler.waiting);
      isFinished ||= filler.isFinished;
    } catch (error) {
      // As an uncaught error, so that the guard starts another instance.
      reportError(error);
      await sendWaiting();
      return next.done ? writer.close() : pass();
    }
    await send(out ?? next.value);
    if (isFinished) {
      // Each call of `push` says the same of all before it.
      attempt(() => filler.sent());
      return next.done ? writer.close() : pass();
    }
  }

  async function send(bytes) {
    if (bytes.length) await writer.write(bytes);
  }

  async function sendWaiting() {
    for (const bytes of waiting) await send(bytes);
  }

  /** Sends the rest of the page as it comes. */
  function pass() {
    reader.releaseLock();
    writer.releaseLock();
    signal.removeEventListener('abort', leave);
    return body.pipeTo(writable, { signal });
  }
}

/** Calls the filler, whose instance may be gone. */
function attempt(call) {
  try {
    call();
  } catch (error) {
    console.error(error);
  }
}

/** Returns the last bytes of these chunks. */
function last(chunks, length) {
  const kept = [];
  for (let index = chunks.length - 1; index >= 0 && length > 0; index -= 1) {
    const chunk = chunks[index];
    kept.unshift(chunk.length > length ? chunk.subarray(chunk.length - length) : chunk);
    length -= kept[0].length;
  }
  return kept;
}
