// The key pairs of all clients, new in each run, and their public halves for the registration.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'

async function pair(kid, algorithm, members) {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  return { kid, key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, ...members } }
}

const made = await Promise.all([
  ...['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'].map((alg) => pair(alg, alg, { use: 'sig' })),
  ...['ECDH-ES', 'RSA-OAEP-256'].map((alg) => pair(alg, alg, { use: 'enc' })),
])

/** The private key for an algorithm, with its kid; those of ECDH-ES serve its key wrapping, too. */
export function keyFor(algorithm) {
  return made.find(({ kid }) => kid === algorithm.split('+')[0])
}

/** The file with the public halves. */
export const jwksFile = join(process.env.FOLDER, 'jwks.json')

await writeFile(jwksFile, JSON.stringify({ keys: made.map(({ jwk }) => jwk) }))
