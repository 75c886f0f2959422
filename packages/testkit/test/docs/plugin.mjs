import { serve } from '@pipework/core/plugin';

await serve({
  plugins: {
    greeter: ({ stdout }) => ({
      async greet(name) {
        if (name === '') throw new Error('nobody to greet');
        stdout.write(`greeting ${name}\n`);
        return `Hello, ${name}!`;
      },
      async *count(to) {
        for (let n = 1; n <= to; n++) yield n;
      },
    }),
  },
});
