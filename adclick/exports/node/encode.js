/* What an exported encoder makes of many requests: `node encode.js ENCODER REQUESTS`, both files.
 *
 * Prints a list: [slots, numbers, creative] for each request, null for one that it refuses.
 */
"use strict";

const fs = require("fs");
const path = require("path");

const encoder = require(path.resolve(process.argv[2]));
const requests = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
const encodings = requests.map((request) => {
  try {
    const encoded = encoder.encode([request]);
    return [[...encoded.slots], [...encoded.numbers], encoded.creatives[0]];
  } catch (error) {
    if (error instanceof encoder.RequestError) return null;
    throw error;
  }
});
process.stdout.write(JSON.stringify(encodings));
