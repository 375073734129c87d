import { expect, test } from 'vitest';

import { createListingFaults } from './listing.js';

const call = { method: 'GET', path: '/guilds/1/members?limit=1000', status: 200 };
const members = ['10', '11', '12'].map((id) => ({ user: { id }, roles: [] }));

test('a falsified member list reports the accounts that it left out', () => {
  const listings = createListingFaults();
  listings.plant('skipsHalf', 1);
  listings.plant('withoutRoles', 1);

  const half = listings.change(call, JSON.stringify(members));
  listings.change(call, JSON.stringify(members));

  expect(JSON.parse(half)).toEqual([members[1]]);
  expect([...listings.omitted]).toEqual(['10', '12']);
});
