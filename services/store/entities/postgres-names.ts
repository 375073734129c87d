import { UnderscoreNamingStrategy } from '@mikro-orm/core';

const SUFFIXES: Readonly<Record<string, string>> = { foreign: 'fkey', unique: 'key', index: 'idx' };

/** Gives constraints the names that PostgreSQL would choose. */
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
