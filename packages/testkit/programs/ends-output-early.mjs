// Finishes both synced streams as soon as they open, while the session continues.
import { startPlugin } from './base.mjs';
startPlugin({
  onStream(stream) {
    if (stream.id === 3 || stream.id === 5) stream.finish();
  },
});
