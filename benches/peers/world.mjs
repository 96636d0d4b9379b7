// The targeting that all engines decide, in terms that belong to none of them.

/** The maximum number of campaigns of a slot that match one group, whatever the total. */
const MATCHING = 10;
/** A number coprime with powers of ten, which spreads the ranks over the campaigns. */
const SPREAD = 7919;

/**
 * Returns a number of campaigns, distributed over a number of slots. The answer for a slot is its first
 * campaign by rank whose condition holds: `group` is the subject's, `market` is AT or DE, `device` is mobile,
 * and `score` is at least `minimum`.
 */
export function worldOf({ campaigns, slots }) {
  const each = campaigns / slots;
  const groups = Math.max(1, Math.floor(each / MATCHING));
  const slotOf = (at) => ({
    id: `slot${at}`,
    campaigns: Array.from({ length: each }, (_, number) => ({
      id: `c${at}x${number}`,
      group: `g${number % groups}`,
      minimum: number % 50,
      rank: (number * SPREAD) % each,
      content: `<h1>${at} ${number}</h1>`,
    })).sort((a, b) => a.rank - b.rank),
  });
  return { campaigns, slots: Array.from({ length: slots }, (_, at) => slotOf(at)), subjects: subjectsOf(groups) };
}

/** Returns eight subjects: five match between the first and the last campaign, three match none. */
function subjectsOf(groups) {
  const group = (share) => `g${Math.floor((groups - 1) * share)}`;
  const subject = (id, share, market, device, score) => ({ id, group: group(share), market, device, score });
  return [
    subject('p1', 0, 'AT', 'mobile', 99),
    subject('p2', 1, 'DE', 'mobile', 49),
    subject('p3', 0.3, 'AT', 'mobile', 30),
    subject('p4', 0.6, 'DE', 'mobile', 55),
    subject('Zoë 😀', 0.9, 'AT', 'mobile', 70),
    subject('p6', 0.5, 'US', 'mobile', 99),
    subject('p7', 0.5, 'AT', 'desktop', 99),
    { ...subject('p8', 0, 'AT', 'mobile', 99), group: 'none' },
  ];
}

/** Returns the expected content of each slot by a naive evaluation, or nothing. */
export function expected(world, subject) {
  const holds = ({ group, minimum }) =>
    subject.group === group &&
    ['AT', 'DE'].includes(subject.market) &&
    subject.device === 'mobile' &&
    subject.score >= minimum;
  return world.slots.map((slot) => slot.campaigns.find(holds)?.content);
}
