/**
 * The half of the page's script that turns state into elements. Text is inserted as text, and
 * colours as numbers.
 */
export const PAGE_RENDERING = String.raw`
const byId = (id) => document.getElementById(id);

function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (key === 'class') node.className = value;
    else if (key === 'color') node.style.setProperty('--role', cssColor(value));
    else if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== ''));
  return node;
}

const cssColor = (color) => (color ? '#' + color.toString(16).padStart(6, '0') : '');
const tag = (text, kind) => el('span', { class: 'tag ' + (kind || '') }, text);
const timeOf = (ms) => new Date(ms).toLocaleTimeString();
const fill = (id, items, empty) =>
  byId(id).replaceChildren(...(items.length ? items : [el('li', { class: 'empty' }, empty)]));

// What was shown last, so that differences can flash.
const shown = new Map();
function marked(key, value, node) {
  const text = JSON.stringify(value);
  if (shown.has(key) && shown.get(key) !== text) node.classList.add('changed');
  shown.set(key, text);
  return node;
}

function memberRow(member, roles) {
  const held = roles.filter((role) => member.roleIds.includes(role.roleId));
  const name = el('span', { class: 'name' }, member.name);
  const row = el('button', { class: 'row', type: 'button', onclick: () => memberDialog(member) },
    el('span', { class: 'dot', color: (held.find((role) => role.color) || {}).color || 0 }),
    name,
    el('span', { class: 'handle' }, '@' + member.username),
    member.isBot ? tag('bot', 'bot') : null,
    member.isOwner ? tag('owner') : null,
    member.isPending ? tag('screening', 'warn') : null,
    member.isTimedOut ? tag('timed out', 'warn') : null,
    el('span', { class: 'chips push' }, ...held.map(roleChip), ...member.staleRoleIds.map(() => tag('deleted role', 'warn'))));
  return marked('member ' + member.discordUserId, member, el('li', {}, row));
}

const roleChip = (role) =>
  el('span', { class: 'chip' }, el('span', { class: 'dot', color: role.color }), role.name);

function roleRow(role) {
  const row = el('button', { class: 'row', type: 'button', onclick: () => roleDialog(role) },
    el('span', { class: 'handle' }, String(role.position)),
    el('span', { class: 'dot', color: role.color }),
    el('span', { class: 'name' }, role.name),
    role.isManaged ? tag('managed', 'warn') : null,
    ...role.bots.map((bot) => tag('place of ' + bot, 'bot')),
    el('span', { class: 'handle push' }, role.holders + (role.holders === 1 ? ' member' : ' members')));
  if (!role.isInReach) row.classList.add('far');
  row.title = role.isInReach ? 'The bot can add and remove this role' : 'The bot cannot add or remove this role';
  return marked('role ' + role.roleId, role, el('li', {}, row));
}

function entryRow(entry) {
  const changes = entry.changes.map((change) => {
    if (change.key === '$add') return el('span', { class: 'added' }, '+ ' + change.after);
    if (change.key === '$remove') return el('span', { class: 'removed' }, '− ' + change.after);
    return el('span', {}, change.key + ': ' + (change.before || '(none)') + ' → ' + (change.after || '(none)'));
  });
  return el('li', {},
    el('span', { class: 'handle' }, timeOf(entry.at)),
    el('span', { class: 'name' }, entry.actor),
    el('span', { class: 'handle' }, entry.action.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()),
    el('span', {}, entry.target),
    ...changes,
    entry.reason ? el('span', { class: 'reason' }, '“' + entry.reason + '”') : null);
}

function callRow(call) {
  const kind = call.status === 0 || call.status >= 500 ? 'bad' : call.status >= 400 ? 'warn' : 'good';
  return el('li', {},
    el('span', { class: 'quiet' }, timeOf(call.at)),
    el('span', { class: 'status ' + kind }, call.status === 0 ? 'none' : String(call.status)),
    el('span', { class: 'path', title: call.path }, call.method + ' ' + call.inWords),
    call.code ? tag('code ' + call.code, 'warn') : null,
    call.fault ? tag('fault: ' + call.fault, 'bad') : null,
    call.reason ? el('span', { class: 'reason' }, '“' + call.reason + '”') : null,
    el('span', { class: 'quiet push' }, call.durationMs + ' ms'));
}

const SESSION_ACTIONS = [
  ['Reconnect', 'reconnect'], ['Invalidate', 'invalidate'], ['Freeze', 'freeze'], ['Cut', 'cut'],
];

function sessionRow(session) {
  const heartbeat = session.lastHeartbeatAt === null ? 'none yet' : timeOf(session.lastHeartbeatAt);
  return el('li', {},
    el('span', { class: 'name' }, session.bot),
    tag('shard ' + session.shard[0] + ' of ' + session.shard[1]),
    session.state === 'connected' ? null : tag(session.state, 'warn'),
    session.compression === 'none' ? null : tag(session.compression),
    el('span', { class: 'handle' }, session.intents.join(', ') || 'no intents'),
    el('span', { class: 'quiet' }, 'since ' + timeOf(session.since) + ', last heartbeat ' + heartbeat + ', '
      + session.eventsSent + ' events sent' + (session.resumes ? ', resumed ' + session.resumes + ' times' : '')),
    session.state === 'resumable' ? null : el('span', { class: 'choices push' }, ...SESSION_ACTIONS.map(([text, action]) =>
      button(text, 'plain', () => send('/sandbox/sessions', { action, sessionId: session.sessionId })))));
}

const BUCKET_NAMES = {
  global: 'All calls of a bot', memberPatch: 'Change a member', memberGet: 'Read one member',
  memberRoles: 'Add or remove one role', memberRolesDelete: 'Remove one role',
  memberJoin: 'Add a member',
};

function bucketRow(bucket, sinceMs) {
  const resetMs = Math.max(0, bucket.resetAfterMs - sinceMs);
  const remaining = resetMs === 0 ? bucket.limit : bucket.remaining;
  const meter = el('meter', { min: 0, max: bucket.limit, low: bucket.limit * 0.2, value: remaining, 'aria-label': 'calls left' });
  return el('li', {},
    el('span', {}, BUCKET_NAMES[bucket.name] || bucket.name.replace('/guilds/{guild_id}', '')),
    bucket.guild ? el('span', { class: 'handle' }, bucket.guild) : null,
    el('span', { class: 'push quiet' }, remaining + ' of ' + bucket.limit + ' left' + (resetMs ? ', whole in ' + (resetMs / 1000).toFixed(1) + ' s' : '')),
    meter);
}
`;
