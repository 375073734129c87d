import { UnderscoreNamingStrategy } from '@mikro-orm/core';

const SUFFIXES: Readonly<Record<string, string>> = { foreign: 'fkey', unique: 'key', index: 'idx' };

/** Constraints have the names that PostgreSQL gives them itself. */
export class PostgresNames extends UnderscoreNamingStrategy {
  override indexName(
    table: string,
    columns: string[],
    type: 'primary' | 'foreign' | 'unique' | 'index' | 'sequence' | 'check' | 'default',
  ): string {
    const suffix = SUFFIXES[type];
    return suffix === undefined
      ? super.indexName(table, columns, type)
      : [table, ...columns, suffix].join('_');
  }
}
