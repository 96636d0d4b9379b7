// A client of OpenFeature's SDK: the edge answers its OFREP provider, and no vendor's SDK is involved.
//
//   cp examples/openfeature/features.yaml rules/        `make start` publishes it at once
//   node examples/openfeature/client.mjs                (EDGE=https://shop.example for another edge)
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: process.env.EDGE ?? 'http://localhost:8787' }));
const client = OpenFeature.getClient();

for (const [targetingKey, country] of [
  ['ann', 'US'],
  ['ben', 'AT'],
  ['cleo', 'DE'],
]) {
  const { value, reason, variant, errorCode } = await client.getNumberDetails('checkout-steps', 3, {
    targetingKey,
    country,
  });
  console.log(
    `${targetingKey} in ${country}: ${value} steps (${[reason, variant ?? errorCode].filter(Boolean).join(', ')})`,
  );
}
await OpenFeature.close();
