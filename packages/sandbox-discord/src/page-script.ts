/** The half of the page's script that fetches and watches the state and handles buttons. */
export const PAGE_SCRIPT = String.raw`
let state = null;
let stateAt = 0;
let chosenGuildId = '';
let isAsking = false;
let mustAskAgain = false;
// Updates the open dialog to the new state.
let updateDialog = () => {};

async function refresh() {
  if (isAsking) { mustAskAgain = true; return; }
  isAsking = true;
  const query = new URLSearchParams({ guildId: chosenGuildId, search: byId('search').value });
  try {
    state = await (await fetch('/sandbox/state?' + query)).json();
    stateAt = performance.now();
    render();
  } catch { live(false); }
  isAsking = false;
  if (mustAskAgain) { mustAskAgain = false; refresh(); }
}

function render() {
  const guild = state.guild;
  fill('calls', state.calls.map(callRow), 'No calls yet. Point a client at this address.');
  const total = Object.values(state.counts).reduce((sum, times) => sum + times, 0);
  byId('call-count').textContent = total + ' in all, ' + state.invalidRequests + ' invalid';
  fill('sessions', state.sessions.map(sessionRow), 'No bot is connected to the gateway.');
  byId('session-count').textContent = state.sessions.length || '';
  renderBuckets();
  renderFaults();
  renderScenes();
  if (!guild) return;
  chosenGuildId = guild.guildId;
  byId('guilds').replaceChildren(...state.guilds.map((one) => el('button', {
    class: 'plain', type: 'button', 'aria-pressed': one.guildId === guild.guildId,
    onclick: () => { chosenGuildId = one.guildId; shown.clear(); refresh(); },
  }, one.name)));
  byId('member-count').textContent = guild.foundCount === guild.memberCount
    ? String(guild.memberCount) : guild.foundCount + ' of ' + guild.memberCount;
  fill('members', guild.members.map((member) => memberRow(member, guild.roles)), 'No member with this name.');
  if (guild.foundCount > guild.members.length)
    byId('members').append(el('li', { class: 'empty' }, 'and ' + (guild.foundCount - guild.members.length) + ' more; search for them'));
  fill('roles', guild.roles.map(roleRow), 'No roles.');
  fill('audit', guild.auditLog.map(entryRow), 'Nothing has happened yet.');
  byId('strangers-title').hidden = guild.strangers.length === 0;
  byId('strangers').replaceChildren(...guild.strangers.map(strangerRow));
  updateDialog();
}

function strangerRow(stranger) {
  const key = { guildId: chosenGuildId, discordUserId: stranger.discordUserId };
  return el('li', {}, el('span', { class: 'name' }, stranger.name), stranger.isBanned ? tag('banned', 'bad') : null,
    stranger.isBanned
      ? button('Unban', 'plain push', () => act({ action: 'unban', ...key }))
      : button('Joins', 'plain push', () => act({ action: 'join', ...key })));
}

function renderBuckets() {
  if (!state) return;
  const sinceMs = performance.now() - stateAt;
  fill('buckets', state.buckets.map((bucket) => bucketRow(bucket, sinceMs)), 'No bucket in use yet.');
}

const faultRow = (fault, target) => el('li', {},
  tag(fault.effect.kind, 'bad'),
  el('span', {}, target),
  el('span', { class: 'quiet push' }, fault.left === null ? 'until cleared' : fault.left + ' left'));

function renderFaults() {
  fill('faults', [
    ...state.faults.map((fault) =>
      faultRow(fault, (fault.method || 'any call') + ' ' + (fault.route || '').replace('/guilds/{guild_id}', ''))),
    ...state.gatewayFaults.map((fault) => faultRow(fault, 'gateway: ' + (fault.event || 'any event'))),
  ], 'None planted.');
}

function renderScenes() {
  const guildId = state.guild ? state.guild.guildId : '';
  fill('scenes', state.scenes.map(({ name, label, what, isOn }) => {
    const toggle = button(label, isOn ? '' : 'plain', () => send('/sandbox/scenes', { scene: name, isOn: !isOn, guildId }));
    toggle.setAttribute('aria-pressed', String(isOn));
    return el('li', {}, toggle, isOn ? tag('playing: click again to end it', 'bad') : null, el('span', { class: 'quiet' }, what));
  }), 'None.');
}

const button = (text, kind, onclick) => el('button', { type: 'button', class: kind, onclick }, text);

async function send(path, body) {
  const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  byId('message').textContent = response.ok ? '' : (await response.json()).message;
  if (!response.ok) setTimeout(() => { byId('message').textContent = ''; }, 6000);
  refresh();
  return response.ok;
}
const act = (action) => send('/sandbox/actions', action);

function openDialog(title, ...content) {
  const dialog = byId('dialog');
  updateDialog = () => {};
  dialog.replaceChildren(el('h2', {}, title), ...content, button('Close', 'plain', () => dialog.close()));
  if (!dialog.open) dialog.showModal();
}

function memberDialog(member) {
  const key = { guildId: chosenGuildId, discordUserId: member.discordUserId };
  const done = (action) => act({ action, ...key }).then(() => byId('dialog').close());
  const choices = state.guild.roles.filter((role) => !role.isEveryone && !role.isManaged).map((role) => {
    const choice = button(role.name, 'plain', () => {
      const isHeld = choice.getAttribute('aria-pressed') === 'true';
      act({ action: isHeld ? 'takeRole' : 'giveRole', roleId: role.roleId, ...key });
    });
    return { choice, roleId: role.roleId };
  });
  const showRoles = (roleIds) => {
    for (const { choice, roleId } of choices) choice.setAttribute('aria-pressed', String(roleIds.includes(roleId)));
  };
  showRoles(member.roleIds);
  const nick = el('input', { 'aria-label': 'Nickname', placeholder: 'Nickname', maxlength: 32, value: member.nick || '' });
  const rename = () => act({ action: 'setNick', nick: nick.value || null, ...key });
  openDialog(member.name,
    el('h3', {}, 'Roles: select to add or remove'), el('div', { class: 'choices' }, ...choices.map(({ choice }) => choice)),
    el('div', { class: 'choices' }, nick, button('Rename', '', rename)),
    el('div', { class: 'choices' },
      member.isPending ? button('Finish screening', 'plain', () => done('finishScreening')) : null,
      button('Leaves', 'plain', () => done('leave')),
      button('Kick', 'danger', () => done('kick')),
      button('Ban', 'danger', () => done('ban'))));
  updateDialog = () => {
    const current = state.guild.members.find((one) => one.discordUserId === member.discordUserId);
    if (current) showRoles(current.roleIds);
  };
}

function roleDialog(role) {
  const key = { guildId: chosenGuildId, roleId: role.roleId };
  const move = (by) => act({ action: 'moveRole', position: Math.max(1, role.position + by), ...key }).then(() => byId('dialog').close());
  if (role.isEveryone) return openDialog(role.name, el('p', {}, 'Every member has this role. It cannot be moved, added or removed.'));
  openDialog(role.name,
    el('p', { class: 'quiet' }, 'Position ' + role.position + ', id ' + role.roleId),
    el('div', { class: 'choices' },
      button('Move up', '', () => move(1)), button('Move down', '', () => move(-1)),
      button('Delete', 'danger', () => act({ action: 'deleteRole', ...key }).then(() => byId('dialog').close()))));
}

const MEMBER = '/guilds/{guild_id}/members/{user_id}';
const ROUTES = [
  ['any call', {}], ['change a member', { method: 'PATCH', route: MEMBER }],
  ['give one role', { method: 'PUT', route: MEMBER + '/roles/{role_id}' }],
  ['take one role', { method: 'DELETE', route: MEMBER + '/roles/{role_id}' }],
  ['read one member', { method: 'GET', route: MEMBER }],
  ['list members', { method: 'GET', route: '/guilds/{guild_id}/members' }],
  ['list roles', { method: 'GET', route: '/guilds/{guild_id}/roles' }],
  ['add a member who agreed', { method: 'PUT', route: MEMBER }],
  ['exchange a code or refresh', { method: 'POST', route: '/oauth2/token' }],
  ['revoke a token', { method: 'POST', route: '/oauth2/token/revoke' }],
  ['the consent page', { route: '/oauth2/authorize' }],
];
const EFFECTS = [
  ['answers 503', { kind: 'status', status: 503 }], ['answers 502 in HTML', { kind: 'html', status: 502 }],
  ['is forbidden (50013)', { kind: 'status', status: 403, code: 50013, message: 'Missing Permissions' }],
  ['token refused (401)', { kind: 'status', status: 401, message: '401: Unauthorized' }],
  ['never answers', { kind: 'silence' }], ['does it, never answers', { kind: 'silence', moment: 'after' }],
  ['drops the connection', { kind: 'drop' }], ['does it, drops the connection', { kind: 'drop', moment: 'after' }],
  ['takes 3 s longer', { kind: 'latency', ms: 3000 }], ['shared rate limit, 5 s', { kind: 'sharedLimit', retryAfterMs: 5000 }],
  ['global rate limit, 5 s', { kind: 'globalLimit', retryAfterMs: 5000 }], ['Cloudflare rate limit', { kind: 'cloudflareLimit' }],
  ['loses the write', { kind: 'lostWrite' }], ['reads stale members', { kind: 'staleRead' }],
];
const TIMES = [['once', 1], ['5 times', 5], ['until cleared', null]];
const options = (id, pairs) => byId(id).append(...pairs.map(([text], index) => el('option', { value: index }, text)));
const chosen = (id, pairs) => pairs[Number(byId(id).value)][1];
options('fault-effect', EFFECTS);
options('fault-route', ROUTES);
options('fault-times', TIMES);

byId('fault-form').addEventListener('submit', (event) => {
  event.preventDefault();
  send('/sandbox/faults', { ...chosen('fault-route', ROUTES), effect: chosen('fault-effect', EFFECTS), times: chosen('fault-times', TIMES) });
});
byId('fault-clear').addEventListener('click', () => send('/sandbox/faults/clear', {}));
byId('search').addEventListener('input', () => refresh());
byId('dialog').addEventListener('click', (event) => { if (event.target === byId('dialog')) byId('dialog').close(); });

function live(isOn) {
  byId('live').textContent = isOn ? 'live' : 'not connected';
  byId('live').classList.toggle('on', isOn);
}
const events = new EventSource('/sandbox/events');
events.onopen = () => live(true);
events.onerror = () => live(false);
events.onmessage = () => refresh();
setInterval(renderBuckets, 500);
`;
