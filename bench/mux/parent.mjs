// node parent.mjs CANDIDATE WORK MILLISECONDS: measures one work of one mux, and prints the rate. It starts
// child.mjs, which answers over descriptors 3 and 4.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { candidates } from '../lib/muxes.mjs';
import { works } from './works.mjs';

const [name, workName, milliseconds] = process.argv.slice(2);
const work = works.find((one) => one.name === workName);
const child = spawn(process.execPath, [fileURLToPath(new URL('child.mjs', import.meta.url)), name], {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
});
const died = new Promise((_, reject) => child.once('exit', () => reject(new Error('the child died'))));
died.catch(() => {});
const fail = (error) => {
  console.log(JSON.stringify({ error: error.message }));
  child.kill('SIGKILL');
  process.exit(1);
};
process.on('uncaughtException', fail);

const mux = await candidates[name]('client', child.stdio[4], child.stdio[3]);
// Give the child time to load its code, so that this time is not measured.
await new Promise((resolve) => setTimeout(resolve, 300));
try {
  const rate = await Promise.race([work.run(mux, Number(milliseconds)), died]);
  console.log(JSON.stringify({ rate }));
  child.kill('SIGKILL');
  process.exit();
} catch (error) {
  fail(error);
}
