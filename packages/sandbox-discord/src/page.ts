import { createHash } from 'node:crypto';

import { PAGE_RENDERING } from './page-rendering.js';
import { PAGE_SCRIPT } from './page-script.js';
import { PAGE_STYLE } from './page-style.js';

const SCRIPT = `'use strict';\n${PAGE_RENDERING}\n${PAGE_SCRIPT}`;

/**
 * The whole page. It contains no data: that arrives as JSON and is inserted as text, never as
 * markup.
 */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sandbox Discord</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
  <h1><span class="logo" aria-hidden="true"></span>Sandbox Discord</h1>
  <p class="claim">A pretend Discord on this machine. Nothing here reaches discord.com.</p>
  <nav id="guilds" aria-label="Guilds"></nav>
  <span id="live" class="live" role="status">connecting</span>
</header>
<main>
  <div class="column">
  <section class="members" aria-labelledby="members-title">
    <div class="bar"><h2 id="members-title">Members <small id="member-count"></small></h2>
    <input id="search" type="search" placeholder="Find a member" aria-label="Find a member"></div>
    <p class="hint">Select a member to add or remove roles, rename, kick or ban.</p>
    <ul id="members" class="list"></ul>
    <h3 id="strangers-title">Not in this guild</h3>
    <ul id="strangers" class="list"></ul>
  </section>
  <section class="calls" aria-labelledby="calls-title">
    <div class="bar"><h2 id="calls-title">API calls</h2><span id="call-count" class="quiet"></span></div>
    <ol id="calls" class="list scroll mono"></ol>
  </section>
  <section class="sessions" aria-labelledby="sessions-title">
    <h2 id="sessions-title">Gateway sessions <small id="session-count"></small></h2>
    <p class="hint">Bots that listen to events. Each button does to a session what Discord may do.</p>
    <ul id="sessions" class="list"></ul>
  </section>
  </div>
  <div class="column">
  <section class="roles" aria-labelledby="roles-title">
    <h2 id="roles-title">Roles</h2>
    <p class="hint">Highest first. A bot can only change roles below its own highest role.</p>
    <ol id="roles" class="list"></ol>
  </section>
  <section class="limits" aria-labelledby="limits-title">
    <h2 id="limits-title">Rate limits</h2>
    <ul id="buckets" class="list"></ul>
  </section>
  </div>
  <div class="column">
  <section class="audit" aria-labelledby="audit-title">
    <h2 id="audit-title">Audit log</h2>
    <ol id="audit" class="list scroll"></ol>
  </section>
  <section class="scenes" aria-labelledby="scenes-title">
    <h2 id="scenes-title">Play an answer of Discord</h2>
    <p class="hint">One click plays it until you click again. Clear all, below, ends all but screening.</p>
    <ul id="scenes" class="list"></ul>
  </section>
  <section class="faults" aria-labelledby="faults-title">
    <h2 id="faults-title">Plant a fault</h2>
    <p class="hint">Makes the next matching API calls fail.</p>
    <form id="fault-form">
      <select id="fault-effect" aria-label="What happens"></select>
      <select id="fault-route" aria-label="To which calls"></select>
      <select id="fault-times" aria-label="How often"></select>
      <button>Plant</button>
      <button type="button" id="fault-clear" class="plain">Clear all</button>
    </form>
    <ul id="faults" class="list"></ul>
  </section>
  </div>
</main>
<dialog id="dialog"></dialog>
<p id="message" role="alert"></p>
<script>${SCRIPT}</script>
</body>
</html>
`;

const hashOf = (content: string) =>
  `'sha256-${createHash('sha256').update(content).digest('base64')}'`;

export const PAGE_POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)}`,
  `style-src ${hashOf(PAGE_STYLE)}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
