import { Migration } from '@mikro-orm/migrations';

/** The row that a process writes to learn whether the database can be written to again. */
export class WriteProbe extends Migration {
  override up(): void {
    this.addSql(`
create table write_probe (
  is_only boolean primary key check (is_only),
  written_at timestamptz not null
)`);
  }
}
