import type { Told } from './contract.ts';

/**
 * Returns a trace as lines of text, with each span below its parent. Spans with the same parent are sorted by
 * name.
 */
export function draw(spans: readonly Told[], parent?: string, depth = 0): string {
  return spans
    .filter((span) => span.parent === parent)
    .toSorted((a, b) => (`${a.name}${a.kind}` < `${b.name}${b.kind}` ? -1 : 1))
    .map((span) => {
      const line = `${'  '.repeat(depth)}${span.name} (${span.kind}, ${span.program})`;
      return [line, draw(spans, span.spanId, depth + 1)].filter((text) => text !== '').join('\n');
    })
    .join('\n');
}
