import { Client, isPipeworkError } from '@pipework/core';

const client = new Client({ cmd: [process.execPath, 'missing.js'] });
try {
  await client.client();
} catch (error) {
  if (isPipeworkError(error)) console.log(error.code);
}
