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
