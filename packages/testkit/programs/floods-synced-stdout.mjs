// Writes to its synced standard output without end, within the window, while everything else works.
import { startPlugin } from './base.mjs';
const lines = 'a line that nobody asked for\n'.repeat(256);
startPlugin({
  onStream(stream) {
    if (stream.id !== 3) return;
    setInterval(() => {
      if (stream.waiting.length === 0) stream.write(lines);
    }, 0);
  },
});
