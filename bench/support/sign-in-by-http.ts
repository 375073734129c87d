/**
 * A browser without a window: opens the address of `beginDiscordLink`, consents at the sandbox as
 * this account, and comes back.
 */
export async function signInByHttp(url: string, discordUserId: string): Promise<void> {
  const cookies = new Map<string, string>();
  const open = async (address: string | URL, form?: URLSearchParams) => {
    const response = await fetch(address, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: {
        cookie: [...cookies].map((pair) => pair.join('=')).join('; '),
        'sec-fetch-site': 'same-origin',
        origin: new URL(address).origin,
      },
      ...(form !== undefined && { body: form }),
    });
    for (const text of response.headers.getSetCookie()) {
      const [name = '', value = ''] = text.split(';')[0]?.split('=') ?? [];
      cookies.set(name, value);
    }
    const text = await response.text();
    const next = response.headers.get('location');
    if (response.status >= 400) throw new Error(`${new URL(address).pathname} answers ${text}`);
    return next === null ? null : new URL(next, address);
  };
  await open(url);
  const consent = await open(url, new URLSearchParams());
  if (consent === null) throw new Error('the start does not lead to Discord');
  const form = new URLSearchParams(consent.search);
  form.set('person', discordUserId);
  form.set('decision', 'authorize');
  const callback = await open(new URL(consent.pathname, consent), form);
  if (callback === null) throw new Error('the consent leads nowhere');
  await open(callback);
}
