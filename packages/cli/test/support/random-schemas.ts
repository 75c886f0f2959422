// Makes random schemas, the same ones in each run.

const names = ['A', 'B', 'C', 'D'];

/** Returns `count` schemas. Each has four definitions, which refer to each other and to the schema itself. */
export function randomSchemas(count: number): object[] {
  const random = randomNumbers();
  const many = (most: number, depth: number): object[] =>
    Array.from({ length: random(most) }, () => schema(depth + 1));
  const schema = (depth: number): object => {
    switch (random(depth > 3 ? 3 : 9)) {
      case 0:
        return { type: 'string' };
      case 1:
        return { $ref: '#' };
      case 2:
      case 3:
        return { $ref: `#/$defs/${names[random(names.length)]}` };
      case 4:
        return { anyOf: many(4, depth) };
      case 5:
        return { allOf: many(4, depth) };
      case 6:
        return { type: 'array', items: schema(depth + 1) };
      case 7:
        return { type: 'array', prefixItems: many(4, depth), items: schema(depth + 1), minItems: random(3) };
      default:
        return {
          type: 'object',
          properties: { x: schema(depth + 1) },
          required: random(2) === 0 ? ['x'] : [],
        };
    }
  };
  return Array.from({ length: count }, () => ({
    ...schema(0),
    $defs: Object.fromEntries(names.map((name) => [name, schema(0)])),
  }));
}

/** Returns a function that makes whole numbers from 0 to `below - 1`, by a linear congruence. */
function randomNumbers(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(state / 2 ** 16) % below;
  };
}
