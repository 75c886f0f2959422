import { describe, expect, test, vi } from 'vitest';
import { rawHost, rawPlugin } from '../support/raw-peer.ts';

describe('the control stream', () => {
  test('ignores the limits and the interceptors of the side that answers', async () => {
    const intercepted = vi.fn();
    const never = { hang: () => new Promise(() => {}), ping: () => 1 };
    const options = {
      isControl: true,
      limits: { maxRunningCalls: 1, maxQueuedCalls: 1 },
      interceptors: { handlerInterceptors: [intercepted] },
    };
    const peer = await rawHost(never, options);
    for (const id of ['01', '02', '03']) peer.sends(`94 00 ${id} a4 68616e67 90`);
    peer.sends('94 00 04 a4 70696e67 90');
    await peer.expects('94 01 04 c0 01');
    expect(intercepted).not.toHaveBeenCalled();
  });

  test('ignores the limits and the interceptors of the side that calls', async () => {
    const intercepted = vi.fn();
    const options = {
      isControl: true,
      limits: { maxPendingCalls: 1 },
      interceptors: { callInterceptors: [intercepted] },
    };
    const peer = await rawPlugin(options);
    peer.conversation.call('a', []).catch(() => {});
    peer.conversation.call('b', []).catch(() => {});
    await peer.expects('94 00 00 a1 61 90 94 00 01 a1 62 90');
    expect(intercepted).not.toHaveBeenCalled();
  });
});
