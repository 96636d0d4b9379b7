// Plots as SVG: lines over two logarithmic axes, each with its name at its end.

const WIDTH = 760;
const HEIGHT = 440;
const MARGIN = { left: 70, right: 150, top: 46, bottom: 52 };
const COLORS = ['#0b63ce', '#c2410c', '#15803d', '#7e22ce', '#a16207', '#0f766e'];
/** The minimum distance between two names, in pixels. */
const LINE = 15;

const text = (x, y, words, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
const powers = (from, to) => Array.from({ length: Math.log10(to / from) + 1.5 }, (_, at) => from * 10 ** at);
const below = (value) => 10 ** Math.floor(Math.log10(value));
const above = (value) => 10 ** Math.ceil(Math.log10(value));

/**
 * Returns a plot. `lines` are `{ name, points: [[x, y], …] }` with positive numbers; `unit` formats a y for
 * the axis.
 */
export function plot({ title, x, y, unit, lines }) {
  const all = lines.flatMap((line) => line.points);
  const [xs, ys] = [0, 1].map((at) => all.map((point) => point[at]));
  const [left, right] = [below(Math.min(...xs)), above(Math.max(...xs))];
  const [low, high] = [below(Math.min(...ys)), above(Math.max(...ys))];
  const share = (value, from, to) => Math.log(value / from) / Math.log(to / from);
  const atX = (value) => MARGIN.left + share(value, left, right) * (WIDTH - MARGIN.left - MARGIN.right);
  const atY = (value) => HEIGHT - MARGIN.bottom - share(value, low, high) * (HEIGHT - MARGIN.top - MARGIN.bottom);

  const grid = [
    ...powers(left, right).map(
      (value) =>
        `<path class="grid" d="M${atX(value).toFixed(1)} ${atY(high)}V${atY(low)}"/>${text(atX(value), atY(low) + 18, value.toLocaleString('en'), 'text-anchor="middle"')}`,
    ),
    ...powers(low, high).map(
      (value) =>
        `<path class="grid" d="M${atX(left)} ${atY(value).toFixed(1)}H${atX(right)}"/>${text(atX(left) - 8, atY(value) + 4, unit(value), 'text-anchor="end"')}`,
    ),
  ];
  const curves = lines.map(({ points }, at) => {
    const path = points
      .map(([px, py], index) => `${index ? 'L' : 'M'}${atX(px).toFixed(1)} ${atY(py).toFixed(1)}`)
      .join('');
    const dots = points
      .map(([px, py]) => `<circle cx="${atX(px).toFixed(1)}" cy="${atY(py).toFixed(1)}" r="3"/>`)
      .join('');
    const color = COLORS[at % COLORS.length];
    return `<g fill="${color}" stroke="${color}"><path fill="none" stroke-width="${at ? 1.6 : 2.8}" d="${path}"/>${dots}</g>`;
  });

  // Names are beside the last points, moved down where they would overlap.
  const names = lines.map(({ name, points }, at) => ({ name, at, y: atY(points.at(-1)[1]) })).sort((a, b) => a.y - b.y);
  names.forEach((one, index) => (one.y = Math.max(one.y, (names[index - 1]?.y ?? 0) + LINE)));
  const labels = names.map((one) =>
    text(atX(right) + 10, one.y + 4, one.name, `fill="${COLORS[one.at % COLORS.length]}"`),
  );

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${title}">
<style>.grid { stroke: #ddd; fill: none } text:not([fill]) { fill: #333 }</style>
<rect width="100%" height="100%" fill="#fff"/>
${text(MARGIN.left, 24, title, 'font-size="15" font-weight="600"')}
${grid.join('\n')}
${curves.join('\n')}
${labels.join('\n')}
${text((atX(left) + atX(right)) / 2, HEIGHT - 12, x, 'text-anchor="middle"')}
${text(0, 0, y, `transform="translate(16 ${(atY(low) + atY(high)) / 2}) rotate(-90)" text-anchor="middle"`)}
</svg>
`;
}
