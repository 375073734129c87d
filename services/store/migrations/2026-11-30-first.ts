import { Migration } from '@mikro-orm/migrations';

import { TABLES } from './2026-11-30-first-tables.js';
import { FUNCTIONS, SEQUENCE, TRIGGERS } from './2026-11-30-first-triggers.js';

export class FirstTables extends Migration {
  override up(): void {
    this.addSql(SEQUENCE);
    this.addSql(TABLES);
    this.addSql(FUNCTIONS);
    this.addSql(TRIGGERS);
  }
}

/** Rewritten in an adopted database, whose comments come from the squashed migrations. */
export const COMMENTS: readonly string[] = [TABLES, FUNCTIONS, TRIGGERS].flatMap(
  (text) => text.match(/^comment on .*;$/gm) ?? [],
);
