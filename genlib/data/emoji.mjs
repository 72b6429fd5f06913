// Draws emoji pairs: node emoji.mjs PLAN.json OUT.rgb
// PLAN.json is a list of [kind, hexcode], kind "color" or "black" (a line drawing), from the package openmoji.
// OUT.rgb gets 128 x 128 x 3 bytes per drawing on white, in the order of the plan.
import { Resvg } from '@resvg/resvg-js';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const SIDE = 128;
const [planFile, outFile] = process.argv.slice(2);
const openmoji = path.dirname(createRequire(import.meta.url).resolve('openmoji/package.json'));
const out = fs.openSync(outFile, 'w');
for (const [kind, hexcode] of JSON.parse(fs.readFileSync(planFile, 'utf8'))) {
  const svg = fs.readFileSync(path.join(openmoji, kind, 'svg', `${hexcode}.svg`), 'utf8');
  const rgba = new Resvg(svg, { fitTo: { mode: 'width', value: SIDE }, background: 'white' }).render().pixels;
  const rgb = Buffer.alloc(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) rgba.copy(rgb, 3 * i, 4 * i, 4 * i + 3);
  fs.writeSync(out, rgb);
}
fs.closeSync(out);
