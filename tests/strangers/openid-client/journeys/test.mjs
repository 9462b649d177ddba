// What only the test can do: register clients, and be the person with the browser. It is asked by a
// JSON line and answers by one.
import { createInterface } from 'node:readline'

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

export function tell(object) {
  process.stdout.write(`${JSON.stringify(object)}\n`)
}

async function ask(object) {
  tell(object)
  const { value, done } = await answers.next()
  if (done) throw new Error('the test is gone')
  return JSON.parse(value)
}

/** Registers a client by these options of `idp client add`; its `client_id` and `client_secret`. */
export const added = (options) => ask({ add: options })

/**
 * Opens an address in the person's browser, who signs in and agrees wherever that is asked. Where
 * the browser left the provider: an address, or what a page posts to one.
 */
export async function browse(address) {
  const { url, form } = await ask({ open: address.toString() })
  return form === null ? new URL(url) : new Request(url, { method: 'POST', body: new URLSearchParams(form) })
}
