import type { OpenTrace, OtelDeps } from './otel.js';

export type { OpenTrace };

/** Returns null if tracing is off; the library is then not loaded. */
export async function openTracing(
  deps: Omit<OtelDeps, 'endpoint'> & { readonly endpoint: string | null },
): Promise<OpenTrace | null> {
  const { endpoint } = deps;
  if (endpoint === null) return null;
  const { openOtel } = await import('./otel.js');
  return openOtel({ ...deps, endpoint });
}
