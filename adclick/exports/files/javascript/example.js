/* Scores the golden requests in Node and shows them beside the scores that they must get.
 *
 * `node example.js [--json]`; exits with 1 where one differs. Needs nothing but this folder.
 */
"use strict";

const tf = require("./tf.min.js");
const encoder = require("./encoder.js");
const { ClickModel } = require("./click_model.js");
const golden = require("./golden.json");

async function main() {
  const model = await ClickModel.load(tf, encoder, require("./model.js"));
  const found = model.predict(golden.requests.map((request) => request.features));
  if (process.argv.includes("--json")) {
    console.log(JSON.stringify(found));
    return 0;
  }
  let worst = 0;
  golden.requests.forEach((request, number) => {
    worst = Math.max(worst, Math.abs(found[number] - request.score));
    const [score, expected] = [found[number], request.score].map((value) => value.toFixed(6));
    console.log(`${score}  must be ${expected}  ${JSON.stringify(request.features)}`);
  });
  console.log(`largest difference ${worst.toExponential(1)}, at most ${golden.tolerance} is allowed`);
  return worst <= golden.tolerance ? 0 : 1;
}

main().then((code) => {
  process.exitCode = code;
});
