// The queue is pg-boss. The PostgreSQL for pg-boss runs in this process and keeps its files in a folder, so
// the example needs no server. If you have a server, `new PgBoss(connectionString)` is enough.
import { PGlite } from '@electric-sql/pglite';
import PgBoss from 'pg-boss';

export const queueName = 'count-words';

export interface Job {
  readonly text: string;
}

export interface Queue extends AsyncDisposable {
  readonly boss: PgBoss;
}

export async function openQueue(folder: string): Promise<Queue> {
  const database = await PGlite.create(folder);
  const boss = new PgBoss({
    db: {
      async executeSql(text: string, values: unknown[] = []) {
        if (values.length > 0) return await database.query(text, values);
        return (await database.exec(text)).at(-1) ?? { rows: [] };
      },
    },
    schedule: false,
  });
  boss.on('error', console.error);
  await boss.start();
  // A failed job is tried a second time. Even a job that has succeeded may run again, so a second run must do
  // no harm.
  await boss.createQueue(queueName, { name: queueName, retryLimit: 1 });
  return {
    boss,
    async [Symbol.asyncDispose]() {
      await boss.stop();
      await database.close();
    },
  };
}
