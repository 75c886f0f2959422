/** The schemas of {@link Checker}. Only plugins load this file. */
import { defineContract, implement } from '@pipework/core/plugin';
import { z } from 'zod';
import type { Checker } from './index.ts';

const about = z.object({ title: z.string() });

const page = z
  .object({ tree: z.string(), whole: z.boolean(), path: z.string(), text: z.string() })
  .meta({ title: 'page' });

const report = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('finding'),
    severity: z.enum(['error', 'warning']),
    rule: z.string(),
    message: z.string(),
    line: z.number(),
    column: z.number(),
  }),
  z.object({ type: z.literal('tally'), counts: z.record(z.string(), z.number()) }),
  z.object({
    type: z.literal('readability'),
    words: z.number(),
    sentences: z.number(),
    minutes: z.number(),
    ease: z.number().optional(),
  }),
]);

const contract = defineContract<Checker>()({
  about: { doc: 'Says what the checker examines.', input: [], output: about },
  check: { doc: 'Checks one page, and reports each finding.', input: [page], items: report },
});

/**
 * Returns `checker` in the form that a plugin serves. This form checks each page and each report against its
 * schema, and describes its methods to a host.
 */
export function withSchemas(checker: Checker): Checker {
  return implement(contract, checker);
}
