import { Migration } from '@mikro-orm/migrations';

/** A record tells apart what it changed and what it only wrote again to be sure. */
export class EnsuredRoles extends Migration {
  override up(): void {
    this.addSql(`
alter table audit_record
  add column ensured_added text[] not null default '{}',
  add column ensured_removed text[] not null default '{}';
comment on column audit_record.ensured_added is
  'open: planned roles that the last reading already showed, or all of them where nothing was read; closed: those of them that the member then held';
comment on column audit_record.ensured_removed is
  'open: planned removals of roles that the last reading did not show; closed: those of them that the member then lacked'`);
  }
}
