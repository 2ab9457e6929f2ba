// A first conversation with a running server, by @grpc/grpc-js. Ends with an error where an answer is not as expected.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

process.on('uncaughtException', error => {
  console.error(error.message);
  process.exit(1);
});

const key = process.env.CDP_KEY;
assert(key, 'CDP_KEY is not set. Say: export CDP_KEY="$(cat data/operator.key)"');
const server = new URL(process.env.CDP_URL ?? 'http://127.0.0.1:7878').host;
const protos = fileURLToPath(new URL('../../../src/Cdp.Contracts', import.meta.url));
const files = ['ingest', 'profiles', 'decisions', 'consents'].map(name => `cdp/v1/${name}.proto`);
const { cdp } = grpc.loadPackageDefinition(loadSync(files, { includeDirs: [protos], enums: String, longs: Number }));

// A client of one service, whose methods return promises.
function client(service) {
  const stub = new cdp.v1[service](server, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  const method = name => promisify((request, done) => stub[name](request, metadata, { deadline: Date.now() + 30_000 }, done));
  return new Proxy({}, { get: (_, name) => method(name) });
}
const [ingest, profiles, decisions, consents] = ['Ingest', 'Profiles', 'Decisions', 'Consents'].map(client);

// Somebody reads the prices under a cookie, then signs in with an address. Each event has an id that its sender chooses:
// sent again, as by the next run of this program, it counts once.
const cookie = { namespace: 'cookie', value: 'node-browser' };
const email = { namespace: 'email', value: 'node@example.com' };
const common = { source: 'quick-start-node', channel: 'web' };
const published = await ingest.publishEvents({ events: [
  { id: 'visit', type: 'Pricing Viewed', identifiers: [cookie], ...common },
  { id: 'sign-in', kind: 'EVENT_KIND_IDENTIFY', identifiers: [cookie, email], ...common },
] });
assert.equal(published.accepted, 2);
console.log('published   2 events: a visit under a cookie, a sign-in with the cookie and an address');

// The address finds the customer who made the visit. With the token, the read waits until it sees both events.
const customer = { identifier: email };
const { profile } = await profiles.getProfile({ customer, purpose: 'service', fields: ['activity'], afterToken: published.token });
assert.equal(profile.activity.types.find(seen => seen.type === 'Pricing Viewed')?.count, 1);
console.log(`recognised  customer ${profile.customerId} by the address: Pricing Viewed, once`);

// What may be offered, to whom, and where. Putting both again changes nothing but their version.
await decisions.putAction({ action: {
  id: 'quick_start_trial', displayName: 'Try it for a month', labels: ['quick_start'],
  payloads: [{ channel: 'web', key: 'trial-banner' }], eligibility: 'events["Pricing Viewed"].count >= 1',
} });
await decisions.putPlacement({ placement: { id: 'quick_start', channel: 'web', actionLabels: ['quick_start'] } });
const decision = await decisions.decide({ placement: 'quick_start', identifiers: [cookie], purpose: 'service', afterToken: published.token });
const offer = decision.ranked.find(action => action.actionId === 'quick_start_trial');
assert(offer, `quick_start_trial is not among the offers: ${JSON.stringify(decision)}`);
console.log(`offered     ${offer.actionId}, shown as ${offer.payload.key}`);

// What came of it is what placements learn from.
const { results } = await decisions.recordOutcomes({ outcomes: [
  { id: 'accepted', decisionId: decision.decisionId, actionId: offer.actionId, kind: 'OUTCOME_KIND_ACCEPTED' },
] });
assert.equal(results[0].credit, 'OUTCOME_CREDIT_CREDITED');
console.log('outcome     accepted, and credited to the decision');

// An error says what to do. Remedy: name a declared purpose, as above, or declare this one.
await assert.rejects(profiles.getProfile({ customer, purpose: 'curiosity' }), error => {
  assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
  console.log(`refused     ${grpc.status[error.code]}: ${error.details}`);
  return true;
});

// What the customer allows is in force when the call returns. The same requestId again counts once.
const recorded = await consents.recordConsent({
  customer, source: 'quick-start-node', saidOn: 'web', requestId: 'newsletter-form',
  acts: [{ purpose: 'marketing', granted: true, channel: 'email', proof: 'newsletter form, 2026' }],
});
const marketing = recorded.consents.find(consent => consent.purpose === 'marketing');
assert(marketing.acts.some(act => act.channel === 'email' && act.allowed), `marketing by e-mail is not allowed: ${JSON.stringify(recorded)}`);
console.log('consent     marketing by e-mail is allowed');
console.log('All as expected.');
