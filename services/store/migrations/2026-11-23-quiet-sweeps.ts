import { Migration } from '@mikro-orm/migrations';

/**
 * Looking for a sweep is an update, which called everybody who waits for sweeps even when it found
 * none: so each look led to the next, for ever. Now only a sweep that waits calls.
 */
export class QuietSweeps extends Migration {
  override up(): void {
    this.addSql(`
drop trigger sweep_notify on sweep;
create trigger sweep_notify after insert or update of state on sweep for each row
  when (new.state = 'WAITING') execute function sweep_notify();
comment on trigger sweep_notify on sweep is 'a claim only ever takes: whoever looks must not wake himself'`);
  }
}
