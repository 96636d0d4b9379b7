// Decisions in Node with the npm package: before and after an event, without a request to the edge in between.
//
//   node examples/node/decide.mjs        (EDGE=https://shop.example for another edge than that of `make start`)
import { load } from '../../pkg/index.js'; // `from 'throughline'` where the package is installed

const edge = process.env.EDGE ?? 'http://localhost:8787';
const throughline = await load({ plan: `${edge}/_tl/plan` });

const show = (decision) => {
  for (const [slot, { campaign, message }] of Object.entries(decision.slots)) {
    console.log(`  ${slot}: message ${message} of campaign ${campaign}`);
  }
};

console.log(`plan ${throughline.planId}, a new visitor on /category/:`);
show(
  throughline.decide({
    profile: { subject: 'visitor-1' },
    request: { attributes: { path: '/category/' }, consent: { personalization: 'granted' } },
  }),
);

// Every event changes the decision at once.
throughline.subscribe((decision) => {
  console.log('after an order:');
  show(decision);
});
throughline.observe({ type: 'track', event: 'Order Completed', messageId: 'm1', timestamp: Date.now() });
throughline.free();
