// Draws icons of the iconify packages: node icons.mjs PLAN.json OUT.rgb
// PLAN.json is a list of [package, icon, stroke]: stroke 0 draws it in flat colours, any other its line drawing with
// lines of that share of its width: the same shapes in the same order, each filled with white and outlined in black.
// OUT.rgb gets 128 x 128 x 3 bytes per drawing on white, in the order of the plan.
import { Resvg } from '@resvg/resvg-js';
import fs from 'node:fs';
import { createRequire } from 'node:module';

const SIDE = 128;
const MARGIN = 0.06; // of the width, on each side: the outermost lines lie half outside
const PAINT = ['fill', 'fill-opacity', 'opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-linecap',
  'stroke-linejoin', 'stroke-miterlimit', 'style'];
const [planFile, outFile] = process.argv.slice(2);
const require = createRequire(import.meta.url);

function lineDrawing(body, width) {
  // Gradients go, clip paths stay: they say where a shape ends.
  let bare = body.replace(/<(linear|radial)Gradient[^>]*\/>|<((?:linear|radial)Gradient)[^>]*>.*?<\/\2>/gs, '');
  for (const name of PAINT) bare = bare.replace(new RegExp(`\\s${name}="(?!none")[^"]*"`, 'g'), '');
  return `<g fill="#fff" stroke="#000" stroke-width="${width.toFixed(3)}" stroke-linejoin="round" `
    + `stroke-linecap="round">${bare}</g>`;
}

// Flat colours: each gradient is its middle stop, and none where that is clear.
function flat(body) {
  let out = body;
  for (const [, id, inside] of body.matchAll(/<(?:linear|radial)Gradient id="([^"]*)"[^>]*>(.*?)<\/(?:linear|radial)Gradient>/gs)) {
    const stops = [...inside.matchAll(/<stop[^>]*>/g)].map((match) => match[0]);
    const middle = stops[Math.floor(stops.length / 2)] ?? '';
    const clear = Number(middle.match(/stop-opacity="([^"]*)"/)?.[1] ?? 1) < 0.5;
    const colour = clear ? 'none' : middle.match(/stop-color="([^"]*)"/)?.[1] ?? '#000';
    out = out.replaceAll(`url(#${id})`, colour);
  }
  return out;
}

const out = fs.openSync(outFile, 'w');
for (const [set, name, stroke] of JSON.parse(fs.readFileSync(planFile, 'utf8'))) {
  const all = require(`${set}/icons.json`);
  const icon = all.icons[name];
  const [w, h] = [icon.width ?? all.width ?? 16, icon.height ?? all.height ?? 16];
  const body = stroke ? lineDrawing(icon.body, stroke * w) : flat(icon.body);
  const box = [-MARGIN * w, -MARGIN * h, (1 + 2 * MARGIN) * w, (1 + 2 * MARGIN) * h].join(' ');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${box}" `
    + `width="${SIDE}" height="${SIDE}">${body}</svg>`;
  const rgba = new Resvg(svg, { fitTo: { mode: 'width', value: SIDE }, background: 'white' }).render().pixels;
  const rgb = Buffer.alloc(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) rgba.copy(rgb, 3 * i, 4 * i, 4 * i + 3);
  fs.writeSync(out, rgb);
}
fs.closeSync(out);
