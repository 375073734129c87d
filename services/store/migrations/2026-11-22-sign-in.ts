import { Migration } from '@mikro-orm/migrations';

/** Linking by OAuth2: tickets, what people granted us, and what is to be revoked. */
export class SignIn extends Migration {
  override up(): void {
    this.addSql(tickets);
    this.addSql(grants);
    this.addSql(`alter table member add column join_refusal text;
comment on column member.join_refusal is 'why Discord last did not let the person in; null once they are seen in the guild'`);
  }
}

const tickets = `
create table link_ticket (
  ticket_hash text primary key,
  client_id uuid not null references client on delete cascade,
  platform_user_id text not null references platform_user,
  email text,
  return_to text,
  expires_at timestamptz not null,
  browser_hash text,
  state_hash text unique,
  code_verifier text,
  spent_at timestamptz
);
comment on column link_ticket.browser_hash is 'of the first browser that went on; no other may';
comment on column link_ticket.code_verifier is 'AES-256-GCM, key id in front';
create index link_ticket_expiry on link_ticket (expires_at);
`;

const grants = `
create table discord_grant (
  id uuid primary key,
  client_id uuid not null references client on delete cascade,
  discord_user_id text not null,
  access_token text not null,
  refresh_token text,
  scopes text[] not null,
  expires_at timestamptz not null,
  is_join_wanted boolean not null
);
create unique index discord_grant_one_per_member on discord_grant (client_id, discord_user_id);
create index discord_grant_account on discord_grant (discord_user_id);
comment on column discord_grant.access_token is 'AES-256-GCM, key id in front; likewise refresh_token';

create table revocation (
  id uuid primary key,
  client_id uuid not null,
  application_id text not null,
  discord_user_id text,
  access_token text not null,
  refresh_token text,
  scopes text[] not null,
  expires_at timestamptz not null,
  client_secret text not null,
  api_base text not null,
  authorize_url text not null,
  token_url text not null,
  revoke_url text not null,
  due_at timestamptz not null,
  attempts integer not null default 0
);
comment on table revocation is 'holds all it needs, so that it outlives its client';
create index revocation_due on revocation (due_at);

create function revocation_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('revocation', '');
  return null;
end $$;
create trigger revocation_notify after insert on revocation
  for each statement execute function revocation_notify();
create trigger revocation_sooner_notify after update of due_at on revocation
  for each row when (new.due_at < old.due_at) execute function revocation_notify();
comment on trigger revocation_sooner_notify on revocation is 'a claim only ever postpones: whoever looks must not wake himself';

create function revoke_deleted_grant() returns trigger language plpgsql as $$
begin
  insert into revocation (id, client_id, application_id, discord_user_id, access_token, refresh_token, scopes, expires_at,
    client_secret, api_base, authorize_url, token_url, revoke_url, due_at)
  select old.id, c.id, c.application_id, old.discord_user_id, old.access_token, old.refresh_token, old.scopes, old.expires_at,
    c.client_secret, c.api_base, c.authorize_url, c.token_url, c.revoke_url, clock_timestamp()
  from client c where c.id = old.client_id;
  return null;
end $$;
comment on function revoke_deleted_grant is 'a grant that is given up, by whichever door, is revoked';
create trigger revoke_deleted_grant after delete on discord_grant
  for each row execute function revoke_deleted_grant();

create function give_up_grants() returns trigger language plpgsql as $$
begin
  delete from discord_grant where client_id = old.id;
  return old;
end $$;
comment on function give_up_grants is 'before the client is gone, with the secret that revoking needs';
create trigger give_up_grants before delete on client for each row execute function give_up_grants();
`;
