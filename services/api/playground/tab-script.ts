import { createHash } from 'node:crypto';

import type { Tab } from './tabs.js';

/**
 * Runs before the editor, which restores the tabs of the last visit. After an update, or on another
 * database, their operations and ids no longer fit, so this script drops them. Otherwise it selects
 * the tab that was open last, because the editor itself would search for the text typed last and
 * add an unnamed tab at every visit.
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
