// Compares criterion's measurements (benches/decide.rs) with the budgets of the design.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { duration, note, row } from './results.mjs';

const criterion = process.env.CRITERION_HOME ?? join(process.env.CARGO_TARGET_DIR, 'criterion');

/** Returns the median of a bench in nanoseconds. */
function median(...bench) {
  const estimates = join(criterion, ...bench.map(String), 'new/estimates.json');
  return JSON.parse(readFileSync(estimates, 'utf8')).median.point_estimate;
}

const base = median('decide', 'campaigns', 100);
row('decide natively, 100 campaigns, 1 slot', duration(base), '300 ns', base <= 300);
row('- with facts from JSON and the decision to JSON', duration(median('decide', 'json')));
row('- with an explanation', duration(median('decide', 'explain')));
for (const campaigns of [10, 100, 1_000, 10_000, 100_000]) {
  const nanos = median('decide', 'campaigns', campaigns);
  note({ bench: 'native', campaigns, slots: 1, nanos });
  if (campaigns <= 100) continue;
  const ratio = nanos / base;
  row(
    `- from 100 to ${campaigns.toLocaleString('en')} campaigns, 10 matching`,
    `${ratio.toFixed(1)}x (${duration(nanos)})`,
    '3.0x',
    ratio <= 3,
  );
}
for (const slots of [10, 100]) {
  const nanos = median('decide', 'slots', slots);
  note({ bench: 'native', campaigns: 1_000, slots, nanos });
  row(`- 1,000 campaigns in ${slots} slots`, duration(nanos));
}
const load = median('load');
row('load a plan of 1,000 campaigns natively', duration(load), '1 ms', load <= 1e6);
