const SECRET = /token|secret|code|state|verifier|challenge|password/i;

/** Path and query as the call log may keep them: whatever might be a secret is left out. */
export function loggedPath({ pathname, search, searchParams }: URL): string {
  const names = [...searchParams.keys()];
  if (pathname.includes('/oauth2/')) return pathname;
  if (!names.some((name) => SECRET.test(name))) return pathname + search;
  const kept = new URLSearchParams(searchParams);
  for (const name of names) if (SECRET.test(name)) kept.set(name, 'hidden');
  return `${pathname}?${kept}`;
}
