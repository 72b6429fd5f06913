// Draws faces: node faces.mjs PLAN.json OUT.rgb
// PLAN.json is a list of {option: value} for the DiceBear avataaars style, every option spelled out, so that a
// face depends on the plan alone. OUT.rgb gets 64 x 64 x 3 bytes per face, in the order of the plan.
import { createAvatar } from '@dicebear/core';
import * as avataaars from '@dicebear/avataaars';
import { Resvg } from '@resvg/resvg-js';
import fs from 'node:fs';

const SIDE = 64;
const [planFile, outFile] = process.argv.slice(2);
const out = fs.openSync(outFile, 'w');
for (const look of JSON.parse(fs.readFileSync(planFile, 'utf8'))) {
  const options = { seed: 'face', size: SIDE, backgroundColor: ['ffffff'] };
  for (const [option, value] of Object.entries(look)) {
    options[option] = typeof value === 'number' ? value : [value];
  }
  const svg = createAvatar(avataaars, options).toString();
  const rgba = new Resvg(svg, { fitTo: { mode: 'width', value: SIDE } }).render().pixels;
  const rgb = Buffer.alloc(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) rgba.copy(rgb, 3 * i, 4 * i, 4 * i + 3);
  fs.writeSync(out, rgb);
}
fs.closeSync(out);
