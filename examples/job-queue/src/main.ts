// node dist/main.js add FOLDER TEXT...   queues a job for each text
// node dist/main.js work FOLDER          runs the queued jobs in plugins until none is left
import { fileURLToPath } from 'node:url';
import { Pool } from '@pipework/fleet';
import type { Plugins } from './contract.ts';
import { openQueue, queueName, type Job, type Queue } from './queue.ts';

const [command, folder = 'queue', ...texts] = process.argv.slice(2);
await using queue = await openQueue(folder);
if (command === 'add') await add(queue);
else await work(queue);

async function add({ boss }: Queue): Promise<void> {
  for (const text of texts) await boss.send(queueName, { text } satisfies Job);
  console.log(`queued ${texts.length}`);
}

async function work({ boss }: Queue): Promise<void> {
  const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
  await using pool = new Pool<Plugins>({ cmd: [process.execPath, plugin], name: 'counter', max: 1 });
  const counter = await pool.dispense('counter');
  // The queue decides when a job runs, and whether it runs again. The pool decides which process does it. If
  // the call fails, the job fails.
  await boss.work<Job>(queueName, { pollingIntervalSeconds: 0.5 }, async (jobs) => {
    for (const { data } of jobs) {
      try {
        console.log(`${data.text}: ${await counter.words(data.text)}`);
      } catch (error) {
        console.log(`${data.text}: ${(error as { code?: string }).code}`);
        throw error;
      }
    }
  });
  while ((await boss.getQueueSize(queueName, { before: 'completed' })) > 0)
    await new Promise((resolve) => setTimeout(resolve, 200));
  await boss.offWork(queueName);
}
