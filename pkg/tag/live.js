// The live channel: a WebSocket on which the page hears that the visitor's profile has another version, and nothing of it.
//
//   first `GET token`, `live` ──> open ──{"ver": n}, newer──> `GET token?ver=n`, and another decision
//                                  │ └── closed ──> a pause, doubled each time ──> open again, while the page is visible
//                                  └── 4001 to 4003: whose page this is may have changed ──> `GET token` at once
/** The time in which several messages are one, in milliseconds; ten times as long after each answer that was not newer. */
const GATHER_MS = 100;
const MAX_TRIES = 3;
/** The pause between two signs of life, in milliseconds. */
const PING_MS = 45 * 1000;
const MIN_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 5 * 60 * 1000;
/** The time after which a connection counts as a success, in milliseconds. */
const STEADY_MS = 60 * 1000;
/** The codes with which the collector ends a connection: from `MOVED` to `SIGNED_OUT` the visitor may be another one. */
const MOVED = 4001;
const SIGNED_OUT = 4003;
const TOO_MANY = 4004;

/** The functions of the tag. */
let tag;
let socket;
/** The visitor whose channel it is. */
let whose;
/** The newest version that the page has heard of, and how often it has asked for it. */
let heard = 0;
let tries = 0;
let failures = 0;
let pausing, gathering, pinging;

/** Listens from now on, whenever the visitor and the edge allow it. `given` are functions of the tag. Returns `hangUp`. */
export function newListener(given) {
  tag = given;
  document.addEventListener('tlrefresh', check);
  document.addEventListener('visibilitychange', check);
  // A page with an open connection cannot go into the back/forward cache.
  addEventListener('pagehide', hangUp);
  tag.recognise().then(check).catch(tag.fail);
  return hangUp;
}

/** Closes the channel. Nothing is heard of the visitor any more. */
function hangUp() {
  for (const timer of [pausing, gathering]) clearTimeout(timer);
  clearInterval(pinging);
  const open = socket;
  socket = whose = pausing = gathering = undefined;
  heard = tries = failures = 0;
  open?.close();
}

/** Opens the channel of the visitor who is here, unless there is one, and closes that of another one. */
async function check() {
  const found = await tag.loadVisitor();
  const visitor = found?.live ? `${found.device} ${found.subject}` : undefined;
  if (visitor !== whose) hangUp();
  if (!visitor) return;
  if (heard > found.ver) gather();
  if (socket || pausing || document.visibilityState === 'hidden') return;
  whose = visitor;
  open();
}

function open() {
  const mine = (socket = new WebSocket(`${tag.base.replace(/^http/, 'ws')}live`));
  const since = Date.now();
  let isAlive = true;
  mine.onopen = () => {
    pinging = setInterval(() => {
      if (!isAlive) return mine.close();
      isAlive = false;
      mine.send('ping');
    }, PING_MS);
  };
  mine.onmessage = ({ data }) => {
    if (mine !== socket) return;
    isAlive = true;
    if (data === 'pong') return;
    heard = Math.max(heard, JSON.parse(data).ver);
    tries = 0;
    gather();
  };
  mine.onclose = ({ code }) => {
    if (mine !== socket) return;
    clearInterval(pinging);
    socket = undefined;
    if (Date.now() - since > STEADY_MS) failures = 0;
    const most = code === TOO_MANY ? MAX_PAUSE_MS : Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** failures++);
    pausing = setTimeout(
      () => {
        pausing = undefined;
        check();
      },
      most * (0.5 + Math.random() / 2),
    );
    if (code >= MOVED && code <= SIGNED_OUT) renew(true);
  };
}

/** Asks for the version that the page has heard of, in a moment. */
function gather() {
  if (gathering || tries >= MAX_TRIES) return;
  gathering = setTimeout(
    () => {
      gathering = undefined;
      renew(false);
    },
    GATHER_MS * 10 ** tries++,
  );
}

/** Asks for the visitor and decides again, if the page has heard of a newer version or something `isOther` than that. */
async function renew(isOther) {
  const mine = whose;
  const found = await tag.loadVisitor();
  if (!found || mine !== whose || !(isOther || heard > found.ver)) return;
  tag.forgetVisitor(isOther ? found.ver + 1 : heard);
  tag.refresh('live');
}
