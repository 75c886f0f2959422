// Draws the texts, bars and lines of the charts, all in one style.

export const WIDTH = 1120;
const FONT = 'ui-sans-serif, system-ui, Helvetica, Arial, sans-serif';

export const colors = {
  text: '#1f2328',
  quiet: '#656d76',
  rule: '#d0d7de',
  floor: '#8c959f',
  ours: '#0969da',
  process: '#bf8700',
  thread: '#8250df',
};

/** The colours of lines. The first two colours are those of pipework and of the floor. */
export const palette = [
  '#0969da',
  '#8c959f',
  '#bf8700',
  '#8250df',
  '#1a7f37',
  '#cf222e',
  '#bc4c00',
  '#bf3989',
  '#1b7c83',
];

export function document(height, parts, title) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="${FONT}" font-size="12">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

export function text(x, y, content, { size = 12, fill = colors.text, anchor = 'start', weight = 400 } = {}) {
  return `<text x="${n(x)}" y="${n(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}" font-weight="${weight}">${escape(content)}</text>`;
}

export function rect(x, y, width, height, fill) {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(Math.max(0.5, width))}" height="${n(height)}" rx="2" fill="${fill}"/>`;
}

export function line(x1, y1, x2, y2, stroke = colors.rule, dash) {
  return `<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" stroke="${stroke}"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`;
}

export function path(points, stroke, width = 2) {
  return `<polyline points="${points.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linejoin="round"/>`;
}

export const dot = (x, y, fill) => `<circle cx="${n(x)}" cy="${n(y)}" r="3" fill="${fill}"/>`;

const n = (value) => String(Number(value.toFixed(1)));
const escape = (content) => String(content).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
