import { API_KEY } from './api-stage.js';
import { askOnce, postJson } from './http-load.js';

export interface Data {
  readonly [field: string]: unknown;
}

export async function dataOf(port: number, body: object): Promise<Data> {
  const answered = await askOnce(requestOf(port, body));
  const data: unknown =
    typeof answered === 'object' && answered !== null && 'data' in answered ? answered.data : null;
  if (typeof data === 'object' && data !== null) return { ...data };
  throw new Error(`no data: ${JSON.stringify(answered)}`);
}

export const requestOf = (port: number, body: object) =>
  postJson({ port, path: '/graphql', key: API_KEY, body });
