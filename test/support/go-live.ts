interface World {
  readonly rig: () => { readonly clientId: string };
  readonly query: (text: string) => Promise<unknown>;
}

/** Sets what a gateway session knows about the client: by default, that nothing is missing. */
export async function goLive(
  { rig, query }: World,
  {
    state = 'LIVE',
    gapAt = 'null',
    liveUntil = "now() + interval '1 hour'",
  }: { readonly state?: string; readonly gapAt?: string; readonly liveUntil?: string } = {},
): Promise<void> {
  await query(`
    insert into live_guild (client_id, state, since, gap_at, live_until)
    values ('${rig().clientId}', '${state}', now(), ${gapAt}, ${liveUntil})
    on conflict (client_id) do update set state = excluded.state, gap_at = excluded.gap_at,
      live_until = excluded.live_until`);
}
