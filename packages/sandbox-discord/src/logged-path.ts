const SECRET = /token|secret|code|state|verifier|challenge|password/i;

/** Path and query for the call log, without anything that might be a secret. */
export function loggedPath({ pathname, search, searchParams }: URL): string {
  const names = [...searchParams.keys()];
  if (pathname.includes('/oauth2/')) return pathname;
  if (!names.some((name) => SECRET.test(name))) return pathname + search;
  const kept = new URLSearchParams(searchParams);
  for (const name of names) if (SECRET.test(name)) kept.set(name, 'hidden');
  return `${pathname}?${kept.toString()}`;
}
