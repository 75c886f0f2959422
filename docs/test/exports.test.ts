// Exported tables are frozen, so that no program can change a table for the other modules that import it.
import * as core from '@pipework/core';
import * as plugin from '@pipework/core/plugin';
import * as fleet from '@pipework/fleet';
import * as isolate from '@pipework/isolate';
import * as mux from '@pipework/mux';
import * as frame from '@pipework/mux/frame';
import * as lean from '@pipework/mux/lean';
import * as otel from '@pipework/otel';
import * as testkit from '@pipework/testkit';
import { expect, test } from 'vitest';

const entries: Record<string, object> = { core, plugin, fleet, isolate, mux, frame, lean, otel, testkit };

test.each(Object.entries(entries))('every table that %s exports is frozen', (_name, entry) => {
  const tables = Object.entries(entry).filter(([, value]) => typeof value === 'object' && value !== null);
  for (const [name, table] of tables) expect(Object.isFrozen(table), name).toBe(true);
});
