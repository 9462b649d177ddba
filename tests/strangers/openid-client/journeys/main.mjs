// Walks the journeys of one file and prints a JSON object for each:
//
//   run fapi | answers | artefacts | grants | registered [ARGUMENT...]
//
// `journey` is its name; `failed` tells why it broke off, everything else is what it found. Between
// them stand what it asks of the test: see test.mjs.
import { inspect } from 'node:util'
import { tell } from './test.mjs'

/** Rejects when a journey takes longer than any should. */
function late() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('it does not end')), 60_000).unref()
  })
}

const [file, ...rest] = process.argv.slice(2)
const { journeys } = await import(`./${file}.mjs`)
for (const [name, walk] of journeys(...rest)) {
  try {
    tell({ journey: name, ...(await Promise.race([walk(), late()])) })
  } catch (error) {
    tell({ journey: name, failed: inspect(error, { depth: 5 }) })
  }
}
process.exit(0)
