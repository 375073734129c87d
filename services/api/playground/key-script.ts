/**
 * Runs before the editor. Each tab has headers of its own; a key typed into one of them serves all
 * whose header still reads `Bearer `, until the browser's tab is closed, and lets the editor read
 * the schema. `/admin#key=…` brings the key along: a fragment never reaches a server or its log.
 */
export const keyScript = `<script>
(() => {
  const name = 'discord-connector-key';
  const given = /^#key=([!-~]+)$/.exec(location.hash);
  if (given) {
    sessionStorage.setItem(name, decodeURIComponent(given[1]));
    history.replaceState(null, '', location.pathname + location.search);
  }
  const send = window.fetch.bind(window);
  window.fetch = (input, init = {}) => {
    const headers = new Headers(init.headers);
    const typed = /^Bearer +(\\S+)$/.exec(headers.get('authorization') || '');
    const kept = sessionStorage.getItem(name);
    if (typed && typed[1] !== kept) {
      sessionStorage.setItem(name, typed[1]);
      const refetch = 'button[aria-label^="Re-fetch GraphQL schema"]';
      setTimeout(() => document.querySelector(refetch)?.click(), 500);
    } else if (!typed && kept) headers.set('authorization', 'Bearer ' + kept);
    return send(input, { ...init, headers });
  };
})();
</script>`;
