import { Migration } from '@mikro-orm/migrations';

export class HandAuthors extends Migration {
  override up(): void {
    this.addSql(`
      create function cause_authors(causes jsonb) returns text[] language sql immutable as $$
        select array_agg(substring(c ->> 'actor' from '\\((\\d+)\\)$')) from jsonb_array_elements(causes) as e (c)
        where c ->> 'kind' = 'DISCORD'
      $$;
      comment on function cause_authors is 'the accounts whose changes on Discord are among the causes';
      create index audit_record_authors on audit_record using gin (cause_authors(causes)) where causes @> '[{"kind": "DISCORD"}]';`);
  }
}
