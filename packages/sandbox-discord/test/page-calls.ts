import { GUILD } from './small-world.js';

/** What a button of the page sends. */
export const press = (
  url: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
) =>
  fetch(`${url}/sandbox/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

/** Starts or ends a scene. Resolves with the status. */
export const playScene = async (url: string, scene: string, isOn = true) =>
  (await press(url, 'scenes', { scene, isOn, guildId: GUILD })).status;

export const readState = async (url: string, query = '') =>
  (await fetch(`${url}/sandbox/state${query}`)).json();
