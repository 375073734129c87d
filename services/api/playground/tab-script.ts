import { createHash } from 'node:crypto';

import type { Tab } from './tabs.js';

/**
 * Runs before the editor, which shows the tabs of the last visit. After an update, or on another
 * database, those are operations that no longer fit and ids of things that are not there: they are
 * forgotten. Else it is shown the tab that was open last; left to itself it would look for the text
 * that was typed last, and add a nameless tab at every visit without any.
 */
export function tabScript(tabs: readonly Tab[]): string {
  const version = createHash('sha256').update(JSON.stringify(tabs)).digest('base64url');
  return `<script>
(() => {
  const name = 'discord-connector-tabs';
  const keep = (part, text) =>
    text
      ? localStorage.setItem('graphiql:' + part, text)
      : localStorage.removeItem('graphiql:' + part);
  if (localStorage.getItem(name) !== '${version}') keep('tabState', null);
  localStorage.setItem(name, '${version}');
  const kept = JSON.parse(localStorage.getItem('graphiql:tabState'));
  const tab = kept?.tabs?.[kept.activeTabIndex];
  for (const part of ['query', 'variables']) keep(part, tab?.[part]);
})();
</script>`;
}
