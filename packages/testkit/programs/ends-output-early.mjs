// Finishes both synced streams at once, with the session still running.
import { startPlugin } from './base.mjs';
startPlugin({
  onStream(stream) {
    if (stream.id === 3 || stream.id === 5) stream.finish();
  },
});
