import pg from 'pg';

/** A line for each column, constraint, index, trigger, function, sequence and comment. */
export async function readCatalog(url: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(CATALOG);
    return rows.map(({ line }) => line);
  } finally {
    await client.end();
  }
}

const CATALOG = `
with ours as (
  select oid, relname, relkind, reloptions from pg_class where relnamespace = 'public'::regnamespace)
select c.relname || ' column ' || row_number() over (partition by c.oid order by a.attnum) || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || case when a.attnotnull then ' not null' else '' end || ' ' || a.attidentity::text
    || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') as line
  from ours c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where c.relkind = 'r'
union all select c.relname || ' ' || c.relkind::text || ' ' || coalesce(c.reloptions::text, '') from ours c
union all select c.relname || ' constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
  from ours c join pg_constraint k on k.conrelid = c.oid
union all select i.tablename || ' index ' || i.indexdef from pg_indexes i where i.schemaname = 'public'
union all select c.relname || ' trigger ' || pg_get_triggerdef(t.oid)
  from ours c join pg_trigger t on t.tgrelid = c.oid where not t.tgisinternal
union all select 'function ' || pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = 'public'::regnamespace
union all select 'comment ' || (pg_identify_object(classoid, objoid, objsubid)).identity || ': ' || description
  from pg_description where (pg_identify_object(classoid, objoid, objsubid)).schema = 'public'
    or classoid = 'pg_trigger'::regclass
order by line`;
