// Writes the results of a run into docs/benchmarks.md, between its marks, with its plots.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { engines } from './peers/engines.mjs';
import { SIZES, versions } from './peers/sources.mjs';
import { plot } from './plot.mjs';
import { digits, duration, results, root } from './results.mjs';

const BEGIN = '<!-- what follows is written by `make bench` -->';
const END = '<!-- what is before this line was written by `make bench` -->';
const HOSTS = ['node', 'workerd'];
const MODES = { objects: 'objects', text: 'JSON text' };

const lines = readFileSync(results, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const peers = lines.filter((line) => line.engine);
const native = lines.filter((line) => line.bench === 'native');
const own = lines.filter((line) => line.what);
const keys = Object.keys(engines);
const version = versions();

const find = (bench, engine, campaigns, slots) =>
  peers.find(
    (row) => row.bench === bench && row.engine === engine && row.campaigns === campaigns && row.slots === slots,
  );
const table = (head, lines) =>
  [head, head.map((_, at) => (at ? '--:' : '---')), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Returns the time, and its ratio to ours. */
function cell(bench, engine, campaigns, slots) {
  const [row, ours] = [engine, 'throughline'].map((key) => find(bench, key, campaigns, slots));
  if (!row) return '';
  if (row.least === undefined) return row.note.startsWith('needs') ? row.note : 'cannot';
  const ratio = engine === 'throughline' || !ours?.least ? '' : ` (${digits(row.least / ours.least)}×)`;
  return duration(row.least) + ratio;
}

function first() {
  const columns = HOSTS.flatMap((host) => Object.keys(MODES).map((mode) => `${host}/${mode}`));
  const head = [
    '100 campaigns, 1 slot',
    'version',
    ...HOSTS.flatMap((host) => Object.values(MODES).map((mode) => `${host === 'node' ? 'Node' : host}, ${mode}`)),
  ];
  return table(
    head,
    keys.map((key) => [engines[key].name, version[key], ...columns.map((bench) => cell(bench, key, 100, 1))]),
  );
}

function growth(bench, sizes, title, name) {
  return table(
    [title, ...sizes.map(name)],
    keys.map((key) => [engines[key].name, ...sizes.map(({ campaigns, slots }) => cell(bench, key, campaigns, slots))]),
  );
}

function factor(bench) {
  const grown = (key) => {
    const [small, large] = [100, 100_000].map((campaigns) => find(bench, key, campaigns, 1)?.least);
    return small && large ? `${engines[key].name} ${digits(large / small)}×` : `${engines[key].name} not measured`;
  };
  return keys.map(grown).join(', ');
}

const byCampaigns = SIZES.filter(({ slots }) => slots === 1);
const bySlots = SIZES.filter(({ campaigns }) => campaigns === 1_000);

function curves(file, title, x, sizes, at, alone) {
  const curves = keys.map((key) => ({
    name: engines[key].name,
    points: sizes
      .map((size) => [size[at], find('node/objects', key, size.campaigns, size.slots)?.least])
      .filter(([, nanos]) => nanos),
  }));
  curves.push({
    name: 'Throughline, native',
    points: alone.map((bench) => [bench[at], bench.nanos]).sort(([a], [b]) => a - b),
  });
  writeFileSync(
    join(root, 'docs', file),
    plot({ title, x, y: 'time of one decision', unit: duration, lines: curves.filter(({ points }) => points.length) }),
  );
}

function notes() {
  const said = new Map();
  for (const { bench, engine, campaigns, slots, note } of peers) {
    if (!note) continue;
    const text = `${engines[engine].name}, ${bench.split('/')[0]}: ${note}`;
    said.set(text, [...(said.get(text) ?? []), `${campaigns.toLocaleString('en')}/${slots}`]);
  }
  const line = ([text, sizes]) => `- ${text} (campaigns/slots: ${[...new Set(sizes)].join(', ')})`;
  return said.size ? [...said].map(line).join('\n') : '- none';
}

function machine() {
  const tool = (name, ...args) => execFileSync(name, args, { cwd: root, encoding: 'utf8' }).trim().split('\n')[0];
  const package_ = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  const spread = peers
    .filter((row) => row.least)
    .map((row) => row.nanos / row.least)
    .sort((a, b) => a - b);
  const at = (share) => `${Math.round((spread[Math.floor((spread.length - 1) * share)] - 1) * 100)} %`;
  return [
    `${cpus()[0].model.trim()}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)} at the end. ${tool('rustc', '--version')}; Node ${process.versions.node}; workerd ${package_('workerd')}.`,
    `Noise of this run: the median turn of an engine exceeds its minimum by ${at(0.5)} in the median case, and by ${at(0.9)} at the 90th percentile.`,
  ].join(' ');
}

function budgets() {
  const verdict = ({ budget, holds }) => (budget === undefined ? ['', ''] : [budget, holds ? 'met' : 'missed']);
  return table(
    ['metric', 'measured', 'budget', ''],
    own.map((line) => [line.what, line.found, ...verdict(line)]),
  );
}

/** Returns the profiles by host. */
function profiles() {
  const parts = lines.filter(({ bench }) => bench === 'profile');
  const hosts = [...new Set(parts.map(({ host }) => host))];
  const share = (host, name) => parts.find((row) => row.host === host && row.part === name)?.share;
  const names = [...new Set(parts.map(({ part }) => part))].sort(
    (a, b) => (share(hosts[0], b) ?? 0) - (share(hosts[0], a) ?? 0),
  );
  const heads = hosts.map((host) => `${host}: ${parts.find((row) => row.host === host).whole}`);
  const cell = (share) => (share === undefined ? '' : `${Math.round(share * 100)} %`);
  return table(
    ['part', ...heads],
    names.map((name) => [name, ...hosts.map((host) => cell(share(host, name)))]),
  );
}

curves(
  'benchmarks-campaigns.svg',
  'One decision, more campaigns (Node, objects; 10 can match)',
  'campaigns',
  byCampaigns,
  'campaigns',
  native.filter(({ slots }) => slots === 1),
);
curves(
  'benchmarks-slots.svg',
  'One decision, 1,000 campaigns in more slots (Node, objects)',
  'slots',
  bySlots,
  'slots',
  native.filter(({ campaigns }) => campaigns === 1_000),
);

const generated = `
${machine()}

### Throughline against its budgets

${budgets()}

### Where the time of a decision goes

100 campaigns; JSON in and JSON out unless noted. Instructions are counted natively; time is sampled in WebAssembly in Node.

${profiles()}

### One decision

${first()}

### More campaigns

![Time of one decision over the number of campaigns](benchmarks-campaigns.svg)

${HOSTS.map((host) => growth(`${host}/objects`, byCampaigns, host === 'node' ? 'Node, objects' : host, ({ campaigns }) => campaigns.toLocaleString('en'))).join('\n\n')}

From 100 to 100,000 campaigns, Node, objects: ${factor('node/objects')}.

### More slots

![Time of one decision over the number of slots](benchmarks-slots.svg)

${HOSTS.map((host) => growth(`${host}/objects`, bySlots, host === 'node' ? 'Node, objects' : host, ({ slots }) => `${slots} ${slots === 1 ? 'slot' : 'slots'}`)).join('\n\n')}

### Cases that engines could not run

${notes()}
`;

const page = join(root, 'docs/benchmarks.md');
const [before, rest] = readFileSync(page, 'utf8').split(BEGIN);
const [, after] = rest.split(END);
writeFileSync(page, `${before}${BEGIN}\n${generated}\n${END}${after}`);
